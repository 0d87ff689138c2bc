// How connections begin and end: prefaces, GOAWAY, lost transports, limits on streams.
#include <gtest/gtest.h>

#include "http2/test_support.h"

namespace connectrpc::http2 {
namespace {

using http::ResetReason;
using test::Joined;
using test::response;
using test::Watch;

TEST(Connection, SettingsSayTheLimits) {
  test::Requests requests;
  auto server = make_server_session(requests, {.header_list = 1234, .concurrent_streams = 17, .stream_window = 300'000},
                                    {}, "http");
  const auto sent = test::frames(test::all_output(*server));
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[0].type, test::settings);
  EXPECT_EQ(sent[0].payload, test::setting(3, 17) + test::setting(4, 300'000) + test::setting(6, 1234));
  EXPECT_EQ(sent[1].type, test::window_update);
  EXPECT_EQ(sent[1].number(0), 4u * 1024 * 1024 - 65535);

  auto client = make_client_session({}, {});
  const std::string preface = test::all_output(*client);
  EXPECT_TRUE(preface.starts_with(test::client_magic));
  EXPECT_EQ(test::frames(preface)[0].payload,
            test::setting(2, 0) + test::setting(3, 0) + test::setting(4, 256 * 1024) + test::setting(6, 64 * 1024));
}

TEST(Connection, CapacityFollowsTheServer) {
  Joined joined({.concurrent_streams = 3});
  EXPECT_EQ(joined.client->capacity(), 100u);  // before the server has spoken
  ASSERT_TRUE(joined.run());
  EXPECT_EQ(joined.client->capacity(), 3u);
  std::vector<std::unique_ptr<http::ClientExchange>> calls;
  for (std::size_t left = 3; left-- > 0;) {
    calls.push_back(joined.start());
    EXPECT_EQ(joined.client->capacity(), left);
  }
  auto more = joined.start();
  ASSERT_TRUE(more->reset());
  EXPECT_EQ(more->reset()->reason, ResetReason::refused);
  ASSERT_TRUE(joined.run());
  EXPECT_EQ(joined.requests.count, 3);
  EXPECT_EQ(joined.client->active(), 3u);
  calls.pop_back();
  EXPECT_EQ(joined.client->capacity(), 0u);  // until its RST_STREAM has left
  ASSERT_TRUE(joined.run());
  EXPECT_EQ(joined.client->capacity(), 1u);
  EXPECT_FALSE(joined.client->retired());
}

TEST(Connection, WhatWasSentBeforeTheServersLimitWasKnownIsRefused) {
  Joined joined({.concurrent_streams = 3});
  std::vector<std::unique_ptr<http::ClientExchange>> calls;
  for (int i = 0; i < 10; ++i) calls.push_back(joined.start(true));
  ASSERT_TRUE(joined.run());
  EXPECT_EQ(joined.requests.count, 3);
  int refused = 0;
  for (const auto& call : calls) refused += call->reset() && call->reset()->reason == ResetReason::refused;
  EXPECT_EQ(refused, 7);
  EXPECT_FALSE(joined.client->retired());
}

TEST(Connection, GracefulShutdownServesWhatWasSent) {
  Joined joined;
  auto early = joined.start();
  ASSERT_TRUE(joined.run());
  test::Waker waker;
  joined.server->set_wakeup(&waker);
  joined.server->begin_shutdown();
  joined.server->begin_shutdown();
  EXPECT_EQ(waker.count, 1);
  auto late = joined.start(true);  // crosses with the first GOAWAY
  const std::string crossing = test::output(*joined.client);
  const std::string notice = test::output(*joined.server);
  ASSERT_EQ(test::frames(notice, test::goaway).size(), 1u);
  EXPECT_EQ(test::frames(notice, test::goaway)[0].number(0), 0x7fffffffu);
  joined.client->receive(notice);
  EXPECT_TRUE(joined.client->retired());
  EXPECT_EQ(joined.client->capacity(), 0u);
  joined.server->receive(crossing);
  ASSERT_TRUE(joined.run());
  EXPECT_EQ(joined.requests.count, 2);
  EXPECT_FALSE(joined.server->wants_close());
  for (const auto& served : joined.requests.kept) served->send_head(response(), true);
  early->finish();
  ASSERT_TRUE(joined.run());
  EXPECT_TRUE(early->finished());
  EXPECT_TRUE(late->finished());
  EXPECT_FALSE(early->reset());
  EXPECT_FALSE(late->reset());
  EXPECT_TRUE(joined.server->wants_close());
  EXPECT_FALSE(joined.server->wants_read());
  EXPECT_TRUE(joined.client->wants_close());
}

TEST(Connection, ShutdownOfAnIdleConnection) {
  Joined joined;
  ASSERT_TRUE(joined.run());
  joined.server->begin_shutdown();
  ASSERT_TRUE(joined.run());
  EXPECT_TRUE(joined.client->retired());
  // It has heard that the server goes and has nothing to wait for; the server waits for its word or its end.
  EXPECT_TRUE(joined.client->wants_close());
  joined.server->receive_end();
  EXPECT_TRUE(joined.server->wants_close());
}

TEST(Connection, GoawayRefusesWhatIsAboveIt) {
  auto client = make_client_session({}, {});
  client->receive(test::server_preface());
  auto first = client->start(Joined::head(), true);
  auto second = client->start(Joined::head(), true);
  test::all_output(*client);
  auto unsent = client->start(Joined::head(), true);
  Watch first_watch;
  Watch second_watch;
  Watch unsent_watch;
  first->observe(&first_watch);
  second->observe(&second_watch);
  unsent->observe(&unsent_watch);
  client->receive(test::frame(test::goaway, 0, 0, test::big_endian(1) + test::big_endian(0)));
  EXPECT_TRUE(client->retired());
  EXPECT_FALSE(first->reset());
  ASSERT_TRUE(second->reset());
  EXPECT_EQ(second->reset()->reason, ResetReason::refused);
  EXPECT_EQ(second->reset()->text, "the server is going away and did not process the request");
  EXPECT_EQ(test::frames(test::all_output(*client), test::headers).size(), 0u);
  ASSERT_TRUE(unsent->reset());
  EXPECT_EQ(unsent->reset()->reason, ResetReason::refused);
  EXPECT_EQ(first_watch.inbound, 0);
  EXPECT_EQ(second_watch.inbound, 1);
  EXPECT_EQ(unsent_watch.inbound, 1);
  EXPECT_FALSE(client->wants_close());
  client->receive(test::frame(test::headers, test::end_headers | test::end_stream, 1, test::field(":status", "200")));
  EXPECT_TRUE(first->finished());
  EXPECT_FALSE(first->reset());
  test::all_output(*client);
  EXPECT_TRUE(client->wants_close());
}

TEST(Connection, GoawayForAnErrorSaysWhy) {
  auto client = make_client_session({}, {});
  client->receive(test::server_preface());
  auto call = client->start(Joined::head(), true);
  test::all_output(*client);
  client->receive(test::frame(test::goaway, 0, 0, test::big_endian(0) + test::big_endian(11) + "too_many_pings\x01"));
  ASSERT_TRUE(call->reset());
  EXPECT_EQ(call->reset()->reason, ResetReason::refused);
  EXPECT_EQ(call->reset()->text,
            "the server is going away and did not process the request; the server gave the connection up: "
            "ENHANCE_YOUR_CALM: \"too_many_pings?\"");
}

TEST(Connection, RequestsThatWaitForAPlaceAreRefusedByGoaway) {
  auto client = make_client_session({}, {});
  auto first = client->start(Joined::head(), true);
  test::all_output(*client);
  auto second = client->start(Joined::head(), true);
  client->receive(test::server_preface(test::setting(3, 1)));  // one at a time
  EXPECT_EQ(test::frames(test::all_output(*client), test::headers).size(), 0u);
  client->receive(test::frame(test::goaway, 0, 0, test::big_endian(1) + test::big_endian(0)));
  ASSERT_TRUE(second->reset());
  EXPECT_EQ(second->reset()->reason, ResetReason::refused);
  EXPECT_FALSE(first->reset());
  client->receive(test::frame(test::headers, test::end_headers | test::end_stream, 1, test::field(":status", "200")));
  test::all_output(*client);
  EXPECT_TRUE(first->finished());
  EXPECT_EQ(client->active(), 0u);
  EXPECT_TRUE(client->wants_close());
}

TEST(Connection, RequestsThatWaitForAPlaceGetIt) {
  auto client = make_client_session({}, {});
  auto first = client->start(Joined::head(), true);
  test::all_output(*client);
  auto second = client->start(Joined::head(), true);
  client->receive(test::server_preface(test::setting(3, 1)));
  test::all_output(*client);
  client->receive(test::frame(test::headers, test::end_headers | test::end_stream, 1, test::field(":status", "200")));
  EXPECT_EQ(test::frames(test::all_output(*client), test::headers, 3).size(), 1u);
  EXPECT_FALSE(second->reset());
}

TEST(Connection, ClientShutdown) {
  Joined joined;
  auto call = joined.start(true);
  ASSERT_TRUE(joined.run());
  auto unsent = joined.start(true);
  joined.client->begin_shutdown();
  EXPECT_TRUE(joined.client->retired());
  ASSERT_TRUE(joined.run());
  EXPECT_FALSE(joined.client->wants_close());
  ASSERT_EQ(joined.requests.count, 2);
  for (const auto& served : joined.requests.kept) served->send_head(response(), true);
  ASSERT_TRUE(joined.run());
  EXPECT_TRUE(unsent->finished());
  EXPECT_TRUE(call->finished());
  EXPECT_TRUE(joined.client->wants_close());
  EXPECT_TRUE(joined.server->wants_close());
}

TEST(Connection, LostTransport) {
  Joined joined;
  auto call = joined.start();
  auto done = joined.start(true);
  ASSERT_TRUE(joined.run());
  joined.requests.last().send_head(response(), true);
  ASSERT_TRUE(joined.run());
  auto unsent = joined.start(true);
  Watch watch;
  Watch done_watch;
  Watch server_watch;
  call->observe(&watch);
  done->observe(&done_watch);
  joined.requests.kept.front()->observe(&server_watch);
  joined.client->connection_lost("connection reset by peer");
  ASSERT_TRUE(call->reset());
  EXPECT_EQ(call->reset()->reason, ResetReason::connection_lost);
  EXPECT_EQ(call->reset()->text, "connection reset by peer");
  EXPECT_EQ(unsent->reset()->reason, ResetReason::refused);  // safe to send elsewhere
  EXPECT_FALSE(done->reset());
  EXPECT_EQ(watch.inbound, 1);
  EXPECT_EQ(done_watch.inbound, 0);
  EXPECT_TRUE(joined.client->retired());
  EXPECT_TRUE(joined.client->wants_close());
  EXPECT_EQ(test::output(*joined.client), "");
  EXPECT_TRUE(joined.client->start(Joined::head(), true)->reset());

  joined.server->connection_lost("timed out");
  EXPECT_EQ(joined.requests.kept.front()->reset()->text, "timed out");
  EXPECT_EQ(server_watch.inbound, 1);
}

TEST(Connection, SessionsDieBeforeTheirExchanges) {
  Joined joined;
  auto call = joined.start();
  ASSERT_TRUE(joined.run());
  Watch watch;
  call->observe(&watch);
  Watch server_watch;
  joined.requests.last().observe(&server_watch);
  joined.client.reset();
  joined.server.reset();
  EXPECT_EQ(call->reset()->reason, ResetReason::connection_lost);
  EXPECT_EQ(joined.requests.last().reset()->reason, ResetReason::connection_lost);
  EXPECT_EQ(watch.inbound, 1);
  EXPECT_EQ(server_watch.inbound, 1);
  call->send_body("x");
  call->finish();
  call->abort(ResetReason::canceled);
  EXPECT_EQ(call->take_body(), "");
  EXPECT_EQ(call->unsent(), 0u);
  EXPECT_EQ(call->peer().port(), 80);
}

TEST(Connection, PeerClosesItsSide) {
  Joined joined;
  auto whole = joined.start(true);
  auto half = joined.start();
  ASSERT_TRUE(joined.run());
  http::ServerExchange& answered = *joined.requests.kept[0];
  http::ServerExchange& open = *joined.requests.kept[1];
  answered.send_head(response(), false);
  answered.send_body("all of it");
  answered.finish();
  joined.server->receive_end();
  EXPECT_FALSE(answered.reset());
  ASSERT_TRUE(open.reset());
  EXPECT_EQ(open.reset()->reason, ResetReason::connection_lost);
  EXPECT_EQ(open.reset()->text, "the client closed the connection");
  EXPECT_FALSE(joined.server->wants_read());
  EXPECT_FALSE(joined.server->wants_close());
  joined.client->receive(test::output(*joined.server));
  EXPECT_EQ(whole->body(), "all of it");
  EXPECT_TRUE(whole->finished());
  EXPECT_TRUE(joined.server->wants_close());

  joined.client->receive_end();
  EXPECT_EQ(half->reset()->text, "the server closed the connection");
  EXPECT_TRUE(joined.client->retired());
  test::all_output(*joined.client);
  EXPECT_TRUE(joined.client->wants_close());
}

TEST(Connection, AHalfSentRequestIsNotEndedByTheServersClose) {
  Joined joined;
  auto call = joined.start();
  call->send_body(std::string(1 << 20, 'x'));
  call->finish();
  ASSERT_TRUE(joined.run());
  joined.client->receive_end();
  EXPECT_TRUE(call->reset());
  for (const auto& sent : test::frames(test::all_output(*joined.client))) EXPECT_EQ(sent.flags & test::end_stream, 0);
}

TEST(Connection, ServerThatSpeaksHttp1) {
  const std::string answer = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
  for (const test::Cut cut : {test::Cut::whole, test::Cut::bytes}) {
    auto client = make_client_session({}, {});
    auto call = client->start(Joined::head(), true);
    Watch watch;
    call->observe(&watch);
    test::all_output(*client);
    test::feed(*client, answer, cut);
    ASSERT_TRUE(call->reset());
    EXPECT_EQ(call->reset()->reason, ResetReason::protocol_error);
    EXPECT_EQ(call->reset()->text, "the server answered HTTP/1.1 to an HTTP/2 preface: \"HTTP/1.1 400 Bad Request\"");
    EXPECT_EQ(watch.inbound, 1);
    EXPECT_TRUE(client->wants_close());
    EXPECT_TRUE(client->retired());
  }
  auto client = make_client_session({}, {});
  auto call = client->start(Joined::head(), true);
  client->receive("HTTP/1.0 5");
  EXPECT_FALSE(call->reset());
  client->receive_end();
  EXPECT_EQ(call->reset()->text, "the server answered HTTP/1.1 to an HTTP/2 preface: \"HTTP/1.0 5\"");
}

TEST(Connection, ServerThatSpeaksTls) {
  auto client = make_client_session({}, {});
  auto call = client->start(Joined::head(), true);
  test::feed(*client, std::string_view("\x15\x03\x01\x00\x02\x02\x46", 7), test::Cut::bytes);
  ASSERT_TRUE(call->reset());
  EXPECT_EQ(call->reset()->text, "the server answered TLS to HTTP/2 in clear text: alert 70");
}

TEST(Connection, ServerThatSpeaksSomethingElse) {
  for (const std::string_view garbage : {"220 smtp.example.com ESMTP\r\n", "Hello, this is not HTTP/2 at all",
                                         "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"}) {
    auto client = make_client_session({}, {});
    auto call = client->start(Joined::head(), true);
    test::feed(*client, garbage, test::Cut::bytes);
    test::all_output(*client);
    ASSERT_TRUE(call->reset()) << garbage;
    EXPECT_EQ(call->reset()->reason, ResetReason::protocol_error);
    EXPECT_EQ(call->reset()->text, "the server broke HTTP/2: PROTOCOL_ERROR: \"SETTINGS expected\"");
    EXPECT_TRUE(client->wants_close());
  }
}

TEST(Connection, ClientThatSpeaksSomethingElse) {
  test::Requests requests;
  auto server = make_server_session(requests, {}, {}, "http");
  test::feed(*server, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", test::Cut::bytes);
  const auto sent = test::frames(test::all_output(*server), test::goaway);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].code(), 1u);
  EXPECT_TRUE(server->wants_close());
  EXPECT_FALSE(server->wants_read());
}

TEST(Connection, ABrokenConnectionResetsItsExchanges) {
  Joined joined;
  auto call = joined.start();
  ASSERT_TRUE(joined.run());
  Watch watch;
  joined.requests.last().observe(&watch);
  joined.server->receive(test::frame(test::data, 0, 0, "on stream zero"));
  test::all_output(*joined.server);
  ASSERT_TRUE(joined.requests.last().reset());
  EXPECT_EQ(joined.requests.last().reset()->reason, ResetReason::protocol_error);
  EXPECT_EQ(joined.requests.last().reset()->text, "the client broke HTTP/2: PROTOCOL_ERROR: \"DATA: stream_id == 0\"");
  EXPECT_EQ(watch.inbound, 1);
  EXPECT_TRUE(joined.server->wants_close());
}

TEST(Connection, FramesAfterTheEndOfAStream) {
  const std::string end_by[] = {test::frame(test::data, test::end_stream, 1),
                                test::frame(test::rst_stream, 0, 1, test::big_endian(8))};
  for (const std::string& end : end_by) {
    const std::string more[] = {
        test::frame(test::data, test::end_stream, 1, "x"),
        test::frame(test::headers, test::end_headers | test::end_stream, 1, test::field("late", "1"))};
    for (const std::string& late : more) {
      test::Requests requests;
      auto server = make_server_session(requests, {}, {}, "http");
      server->receive(test::client_preface() +
                      test::frame(test::headers, test::end_headers, 1, test::request_fields()));
      requests.last().send_head(response(), true);
      test::all_output(*server);
      server->receive(end);
      test::all_output(*server);
      EXPECT_FALSE(server->wants_close());
      server->receive(late);
      const auto sent = test::frames(test::all_output(*server), test::goaway);
      ASSERT_EQ(sent.size(), 1u);
      EXPECT_EQ(sent[0].code(), 5u);
      EXPECT_TRUE(server->wants_close());
    }
  }
}

TEST(Connection, FramesAfterTheEndInOneBatchAndInBytes) {
  for (const test::Cut cut : {test::Cut::whole, test::Cut::bytes}) {
    for (const bool late : {false, true}) {
      test::Requests requests;
      auto server = make_server_session(requests, {}, {}, "http");
      std::string bytes = test::client_preface();
      if (cut == test::Cut::whole) {  // nghttp2 counts a CONTINUATION for each piece that it comes in, and takes few
        bytes += test::frame(test::headers, test::end_stream, 1);
        bytes += test::frame(test::continuation, test::end_headers, 1, test::request_fields());
      } else {
        bytes += test::frame(test::headers, test::end_stream | test::end_headers, 1, test::request_fields());
      }
      bytes += test::frame(test::window_update, 0, 1, test::big_endian(1));
      bytes += test::frame(test::headers, test::end_headers, 3, test::request_fields());
      bytes += test::frame(test::rst_stream, 0, 1, test::big_endian(8));
      if (late) bytes += test::frame(test::data, 0, 1, "x");
      test::feed(*server, bytes, cut);
      const auto sent = test::frames(test::all_output(*server), test::goaway);
      EXPECT_EQ(server->wants_close(), late) << (sent.empty() ? "" : sent[0].payload);
    }
  }
}

TEST(Connection, FramesAfterOurOwnResetAreOnTheirWay) {
  test::Requests requests;
  auto server = make_server_session(requests, {}, {}, "http");
  server->receive(test::client_preface() + test::frame(test::headers, test::end_headers, 1, test::request_fields()));
  requests.kept.clear();
  test::all_output(*server);
  server->receive(test::frame(test::data, test::none, 1, std::string(10'000, 'x')) +
                  test::frame(test::headers, test::end_headers | test::end_stream, 1, test::field("late", "1")));
  EXPECT_EQ(test::all_output(*server), "");
  EXPECT_FALSE(server->wants_close());
}

TEST(Connection, StreamsBelowOneThatWasOpenedBefore) {
  for (const test::Cut cut : {test::Cut::whole, test::Cut::bytes}) {
    for (const std::uint32_t id : {1u, 3u, 7u, 9u}) {
      test::Requests requests;
      auto server = make_server_session(requests, {}, {}, "http");
      const auto open = [](std::uint32_t stream) {
        return test::frame(test::headers, test::end_headers | test::end_stream, stream, test::request_fields());
      };
      test::feed(*server, test::client_preface() + open(5) + open(11), cut);
      test::all_output(*server);
      EXPECT_FALSE(server->wants_close());
      test::feed(*server, open(id), cut);
      const auto sent = test::frames(test::all_output(*server), test::goaway);
      ASSERT_EQ(sent.size(), 1u) << id;
      EXPECT_EQ(sent[0].code(), 1u);
    }
  }
}

TEST(Connection, TrailersOfAnOlderStreamAreNoNewStream) {
  test::Requests requests;
  auto server = make_server_session(requests, {}, {}, "http");
  server->receive(test::client_preface() + test::frame(test::headers, test::end_headers, 3, test::request_fields()) +
                  test::frame(test::headers, test::end_headers, 9, test::request_fields()) +
                  test::frame(test::headers, test::end_headers | test::end_stream, 3, test::field("late", "1")));
  EXPECT_TRUE(test::frames(test::all_output(*server), test::goaway).empty());
  EXPECT_FALSE(server->wants_close());
}

TEST(Connection, Floods) {
  const std::pair<const char*, std::string> floods[] = {
      {"ping", test::frame(test::ping, 0, 0, "12345678")},
      {"settings", test::frame(test::settings, 0, 0)},
  };
  for (const auto& [name, bytes] : floods) {
    test::Requests requests;
    auto server = make_server_session(requests, {}, {}, "http");
    server->receive(test::client_preface());
    std::string all;
    for (int i = 0; i < 2000; ++i) all += bytes;
    server->receive(all);
    test::all_output(*server);
    EXPECT_TRUE(server->wants_close()) << name;
  }
  test::Requests requests;
  auto server = make_server_session(requests, {}, {}, "http");
  server->receive(test::client_preface() + test::frame(test::headers, 0, 1, test::request_fields()));
  for (int i = 0; i < 100; ++i) server->receive(test::frame(test::continuation, 0, 1));
  test::all_output(*server);
  EXPECT_TRUE(server->wants_close());
  EXPECT_EQ(requests.count, 0);
}

TEST(Connection, StreamIdentifiersEnd) {
  test::Requests requests;
  auto server = make_server_session(requests, {}, {}, "http");
  ClientSession client({}, {}, 0x7ffffffd);
  const auto run = [&] {
    for (int i = 0; i < 5; ++i) {
      test::feed(*server, test::output(client));
      test::feed(client, test::output(*server));
    }
  };
  auto first = client.start(Joined::head(), true);
  run();
  EXPECT_FALSE(client.retired());
  auto last = client.start(Joined::head(), true);
  auto one_too_many = client.start(Joined::head(), true);
  run();
  EXPECT_TRUE(client.retired());
  EXPECT_EQ(client.capacity(), 0u);
  EXPECT_EQ(requests.count, 2);
  ASSERT_TRUE(one_too_many->reset());
  EXPECT_EQ(one_too_many->reset()->reason, ResetReason::refused);
  for (const auto& served : requests.kept) served->send_head(response(), true);
  run();
  EXPECT_TRUE(first->finished());
  EXPECT_FALSE(last->reset());
  EXPECT_TRUE(last->finished());
}

}  // namespace
}  // namespace connectrpc::http2
