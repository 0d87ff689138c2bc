// Requests and answers through both sessions, with bytes cut in every way.
#include <gtest/gtest.h>

#include <set>

#include "connectrpc/detail/headers_access.h"
#include "http2/test_support.h"

namespace connectrpc::http2 {
namespace {

using test::Cut;
using test::Joined;
using test::response;
using test::Watch;

class Cuts : public testing::TestWithParam<Cut> {};
INSTANTIATE_TEST_SUITE_P(Exchange, Cuts, testing::Values(Cut::whole, Cut::bytes, Cut::random));

TEST_P(Cuts, UnaryWithTrailers) {
  Joined joined({}, GetParam());
  http::RequestHead head = Joined::head("/a/B?x=y");
  head.headers.add("acme-tenant-id", "1234");
  head.headers.add("a", "1");
  head.headers.add("b", "2");
  head.headers.add("a", "3");
  auto call = joined.client->start(head, false);
  Watch watch;
  call->observe(&watch);
  call->send_body("hello");
  call->finish();
  EXPECT_TRUE(call->outbound_ended());
  ASSERT_TRUE(joined.run());

  ASSERT_EQ(joined.requests.count, 1);
  http::ServerExchange& served = joined.requests.last();
  EXPECT_EQ(served.request().method, "POST");
  EXPECT_EQ(served.request().target, "/a/B?x=y");
  EXPECT_EQ(served.request().path(), "/a/B");
  EXPECT_EQ(served.request().scheme, "http");
  EXPECT_EQ(served.request().authority, "example.com:8080");
  EXPECT_EQ(served.request().version, HttpVersion::http2);
  EXPECT_EQ(served.request().headers, head.headers);
  EXPECT_EQ(served.peer().to_string(), "10.0.0.1:1234");
  EXPECT_EQ(call->peer().to_string(), "10.0.0.2:80");
  EXPECT_TRUE(served.inbound_ended());
  EXPECT_EQ(served.take_body(), "hello");
  EXPECT_EQ(watch.inbound, 0);

  served.send_head(response(200, {{"greet-version", "v1"}}), false);
  EXPECT_TRUE(served.head_sent());
  served.send_body("wor");
  served.send_body("ld");
  EXPECT_EQ(served.unsent(), 5u);
  served.finish({{"greet-cost", "3ms"}});
  EXPECT_TRUE(served.finished());
  ASSERT_TRUE(joined.run());

  EXPECT_TRUE(call->head_received());
  EXPECT_EQ(call->response().status, 200);
  EXPECT_EQ(call->response().headers["greet-version"], "v1");
  EXPECT_EQ(call->body(), "world");
  EXPECT_TRUE(call->inbound_ended());
  EXPECT_EQ(call->trailers()["greet-cost"], "3ms");
  EXPECT_TRUE(call->finished());
  EXPECT_FALSE(call->reset());
  EXPECT_FALSE(served.reset());
  EXPECT_EQ(joined.client->active(), 0u);
  EXPECT_EQ(joined.server->active(), 0u);
  if (GetParam() == Cut::whole) {
    EXPECT_EQ(watch.inbound, 1);
  }
}

TEST_P(Cuts, ManyStreamsEcho) {
  Joined joined({.concurrent_streams = 1000}, GetParam());
  std::vector<std::unique_ptr<http::ServerExchange>> served;
  std::vector<std::unique_ptr<Watch>> watches;
  joined.requests.at_request = [&](std::unique_ptr<http::ServerExchange> exchange) {
    http::ServerExchange* const it = exchange.get();
    served.push_back(std::move(exchange));
    watches.push_back(std::make_unique<Watch>());
    const auto answer = [it] {
      if (!it->inbound_ended()) return;
      it->send_head(response(200, {{"echo", "yes"}}), false);
      it->send_body(it->take_body());
      it->finish({{"status", "0"}});
    };
    watches.back()->at_inbound = answer;
    it->observe(watches.back().get());
    answer();
  };
  ASSERT_TRUE(joined.run());
  ASSERT_EQ(joined.client->capacity(), 1000u);
  std::vector<std::unique_ptr<http::ClientExchange>> calls;
  for (int i = 0; i < 1000; ++i) {
    calls.push_back(joined.start());
    calls.back()->send_body("body " + std::to_string(i));
    calls.back()->finish();
  }
  EXPECT_EQ(joined.client->capacity(), 0u);
  ASSERT_TRUE(joined.run());
  EXPECT_EQ(joined.requests.count, 1000);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(calls[static_cast<std::size_t>(i)]->take_body(), "body " + std::to_string(i));
    EXPECT_EQ(calls[static_cast<std::size_t>(i)]->trailers()["status"], "0");
    EXPECT_TRUE(calls[static_cast<std::size_t>(i)]->finished());
  }
  EXPECT_EQ(joined.client->capacity(), 1000u);
}

TEST_P(Cuts, LargeBodiesBothWays) {
  Joined joined({}, GetParam());
  const std::size_t size = GetParam() == Cut::bytes ? 300'000 : 3'000'000;
  std::string sent(size, '\0');
  for (std::size_t i = 0; i < size; ++i) sent[i] = static_cast<char>(i * 2654435761U >> 13);
  std::string echoed;
  std::unique_ptr<http::ServerExchange> served;
  Watch server_watch;
  server_watch.at_inbound = [&] {
    served->send_body(served->take_body());
    if (served->inbound_ended()) served->finish();
  };
  joined.requests.at_request = [&](std::unique_ptr<http::ServerExchange> exchange) {
    served = std::move(exchange);
    served->observe(&server_watch);
    served->send_head(response(), false);
    server_watch.at_inbound();
  };
  auto call = joined.start();
  Watch watch;
  watch.at_inbound = [&] { echoed += call->take_body(); };
  call->observe(&watch);
  for (std::size_t at = 0; at < size; at += 50'000) call->send_body(sent.substr(at, 50'000));
  call->finish();
  ASSERT_TRUE(joined.run());
  EXPECT_TRUE(call->finished());
  EXPECT_FALSE(call->reset());
  EXPECT_TRUE(echoed == sent);
}

TEST(Exchange, OneProduceForAWholeAnswer) {
  Joined joined;
  joined.requests.at_request = [](std::unique_ptr<http::ServerExchange> exchange) {
    exchange->send_head(response(), false);
    exchange->send_body("a");
    exchange->send_body("b");
    exchange->finish({{"t", "1"}});
  };
  ASSERT_TRUE(joined.run());
  auto call = joined.start();
  call->send_body("x");
  call->finish();
  const std::string up = test::output(*joined.client);
  const auto up_frames = test::frames(up);
  ASSERT_EQ(up_frames.size(), 2u);
  EXPECT_EQ(up_frames[0].type, test::headers);
  EXPECT_EQ(up_frames[1].type, test::data);
  EXPECT_EQ(up_frames[1].flags, test::end_stream);
  joined.server->receive(up);
  const auto down = test::frames(test::output(*joined.server));
  ASSERT_EQ(down.size(), 3u);
  EXPECT_EQ(down[0].type, test::headers);
  EXPECT_EQ(down[1].type, test::data);
  EXPECT_EQ(down[1].payload, "ab");
  EXPECT_EQ(down[1].flags, test::none);
  EXPECT_EQ(down[2].type, test::headers);
  EXPECT_EQ(down[2].flags, test::end_stream | test::end_headers);
}

TEST(Exchange, HeadsThatEnd) {
  Joined joined;
  auto call = joined.start(true);
  EXPECT_TRUE(call->outbound_ended());
  ASSERT_TRUE(joined.run());
  http::ServerExchange& served = joined.requests.last();
  EXPECT_TRUE(served.inbound_ended());
  EXPECT_EQ(served.body(), "");
  served.send_head(response(200, {{"status-like", "0"}}), true);
  EXPECT_TRUE(served.outbound_ended());
  const auto down = test::frames(test::output(*joined.server), test::headers);
  ASSERT_EQ(down.size(), 1u);
  EXPECT_EQ(down[0].flags, test::end_stream | test::end_headers);
}

TEST(Exchange, HeadAndTrailersWithoutBody) {
  Joined joined;
  auto call = joined.start();
  call->finish({{"request-trailer", "r"}});
  ASSERT_TRUE(joined.run());
  http::ServerExchange& served = joined.requests.last();
  EXPECT_TRUE(served.inbound_ended());
  EXPECT_EQ(served.trailers()["request-trailer"], "r");
  served.send_head(response(), false);
  served.finish({{"t", "1"}});
  ASSERT_TRUE(joined.run());
  EXPECT_EQ(call->trailers()["t"], "1");
  EXPECT_TRUE(call->finished());
}

TEST(Exchange, PartsInTheirOwnTurns) {
  Joined joined;
  auto call = joined.start();
  ASSERT_TRUE(joined.run());
  http::ServerExchange& served = joined.requests.last();
  Watch server_watch;
  served.observe(&server_watch);
  Watch watch;
  call->observe(&watch);
  served.send_head(response(), false);  // before anything of the request was read
  ASSERT_TRUE(joined.run());
  EXPECT_TRUE(call->head_received());
  EXPECT_EQ(watch.inbound, 1);
  for (const char* part : {"a", "b", "c"}) {
    call->send_body(part);
    ASSERT_TRUE(joined.run());
    EXPECT_EQ(served.body(), part);
    served.send_body(served.take_body());
    ASSERT_TRUE(joined.run());
    EXPECT_EQ(call->take_body(), part);
  }
  EXPECT_EQ(server_watch.inbound, 3);
  EXPECT_EQ(watch.inbound, 4);
  call->finish();
  ASSERT_TRUE(joined.run());
  EXPECT_TRUE(served.inbound_ended());
  served.finish();
  ASSERT_TRUE(joined.run());
  EXPECT_TRUE(call->finished());
  EXPECT_TRUE(served.finished());
  EXPECT_FALSE(call->reset());
}

TEST(Exchange, EmptyBodiesAndLateCallsDoNothing) {
  Joined joined;
  auto call = joined.start();
  call->send_body("");
  call->finish();
  call->send_body("late");
  call->finish({{"late", "1"}});
  ASSERT_TRUE(joined.run());
  http::ServerExchange& served = joined.requests.last();
  EXPECT_EQ(served.body(), "");
  EXPECT_TRUE(served.inbound_ended());
  EXPECT_TRUE(served.trailers().empty());
  served.send_body("before the head");
  served.finish();
  EXPECT_FALSE(served.outbound_ended());
  served.send_head(response(), false);
  served.send_head(response(500), false);
  served.finish();
  ASSERT_TRUE(joined.run());
  EXPECT_EQ(call->response().status, 200);
  EXPECT_EQ(call->body(), "");
  EXPECT_TRUE(call->finished());
  call->abort(http::ResetReason::canceled);
  EXPECT_FALSE(call->reset());
}

TEST(Exchange, ContentLengthIsNoHeader) {
  Joined joined;
  http::RequestHead head = Joined::head();
  detail::HeadersAccess::append(head.headers, "content-length", "2");
  auto call = joined.client->start(head, false);
  call->send_body("ab");
  call->finish();
  ASSERT_TRUE(joined.run());
  http::ServerExchange& served = joined.requests.last();
  EXPECT_EQ(served.announced_length(), 2u);
  EXPECT_FALSE(served.request().headers.contains("content-length"));
  http::ResponseHead answer;
  detail::HeadersAccess::append(answer.headers, "content-length", "3");
  served.send_head(answer, false);
  served.send_body("xyz");
  served.finish();
  ASSERT_TRUE(joined.run());
  EXPECT_EQ(call->announced_length(), 3u);
  EXPECT_FALSE(call->response().headers.contains("content-length"));
  EXPECT_EQ(call->body(), "xyz");
  EXPECT_FALSE(call->reset());
}

TEST(Exchange, ForbiddenFieldsOfOursStayHere) {
  Joined joined;
  http::RequestHead head = Joined::head();
  for (const char* name : {"connection", "keep-alive", "upgrade", "proxy-connection", "transfer-encoding", "host"})
    detail::HeadersAccess::append(head.headers, name, "x");
  detail::HeadersAccess::append(head.headers, "te", "trailers");
  auto call = joined.client->start(head, true);
  ASSERT_TRUE(joined.run());
  ASSERT_EQ(joined.requests.count, 1);
  EXPECT_EQ(joined.requests.last().request().headers.size(), 1u);
  EXPECT_EQ(joined.requests.last().request().headers["te"], "trailers");
}

TEST(Exchange, ValuesByteForByte) {
  Joined joined;
  std::string high;
  for (int c = 0x80; c <= 0xff; ++c) high += static_cast<char>(c);
  http::RequestHead head = Joined::head();
  detail::HeadersAccess::append(head.headers, "high", high);
  detail::HeadersAccess::append(head.headers, "blanks", " \t a\tb c \t");
  detail::HeadersAccess::append(head.headers, "empty", "");
  detail::HeadersAccess::append(head.headers, "only-blanks", "  ");
  auto call = joined.client->start(head, true);
  ASSERT_TRUE(joined.run());
  ASSERT_EQ(joined.requests.count, 1);
  const Headers& got = joined.requests.last().request().headers;
  EXPECT_EQ(got["high"], high);
  EXPECT_EQ(got["blanks"], "a\tb c");
  EXPECT_EQ(got.get("empty"), "");
  EXPECT_EQ(got.get("only-blanks"), "");
  http::ResponseHead answer = response();
  detail::HeadersAccess::append(answer.headers, "high", high + " ");
  joined.requests.last().send_head(answer, false);
  Headers trailers;
  detail::HeadersAccess::append(trailers, "high", " " + high);
  joined.requests.last().finish(trailers);
  ASSERT_TRUE(joined.run());
  EXPECT_EQ(call->response().headers["high"], high);
  EXPECT_EQ(call->trailers()["high"], high);
}

TEST(Exchange, ManyFieldsAndLargeValues) {
  Joined joined({.header_list = 512 * 1024});
  http::RequestHead head = Joined::head();
  for (int i = 0; i < 1000; ++i) head.headers.add("name-" + std::to_string(i), "value " + std::to_string(i));
  head.headers.add("large", std::string(60'000, 'v'));
  auto call = joined.client->start(head, true);
  ASSERT_TRUE(joined.run());
  ASSERT_EQ(joined.requests.count, 1);
  EXPECT_EQ(joined.requests.last().request().headers, head.headers);
}

TEST(Exchange, AnyMethodAndTargetReachesTheHandler) {
  for (const char* method : {"GET", "OPTIONS", "PUT", "BREW"}) {
    Joined joined;
    http::RequestHead head = Joined::head(method == std::string_view("OPTIONS") ? "*" : "/x");
    head.method = method;
    auto call = joined.client->start(head, true);
    ASSERT_TRUE(joined.run());
    ASSERT_EQ(joined.requests.count, 1) << method;
    EXPECT_EQ(joined.requests.last().request().method, method);
    EXPECT_EQ(joined.requests.last().request().target, head.target);
  }
}

TEST(Exchange, AStatusThatHttpDoesNotHave) {
  for (const int status : {-1, 0, 100, 1000}) {
    Joined joined;
    auto call = joined.start(true);
    ASSERT_TRUE(joined.run());
    joined.requests.last().send_head(response(status), true);
    ASSERT_TRUE(joined.run());
    EXPECT_EQ(call->response().status, 500);
  }
}

TEST(Exchange, WakesOnlyFromOutside) {
  Joined joined;
  test::Waker waker;
  joined.server->set_wakeup(&waker);
  joined.requests.at_request = [&](std::unique_ptr<http::ServerExchange> exchange) {
    exchange->send_head(response(), false);
    joined.requests.kept.push_back(std::move(exchange));
  };
  auto call = joined.start(true);
  ASSERT_TRUE(joined.run());
  EXPECT_EQ(waker.count, 0);
  joined.requests.last().send_body("x");
  EXPECT_EQ(waker.count, 1);
  ASSERT_TRUE(joined.run());
  EXPECT_EQ(call->body(), "x");
  joined.requests.kept.clear();
  EXPECT_EQ(waker.count, 2);
}

TEST(Exchange, ProducesUpToTheLimit) {
  Joined joined({.stream_window = 8 << 20, .connection_window = 16 << 20});
  ASSERT_TRUE(joined.run());
  auto call = joined.start();
  call->send_body(std::string(4 << 20, 'x'));
  call->finish();
  std::size_t turns = 0;
  std::size_t total = 0;
  for (std::string part = test::output(*joined.client, 100'000); !part.empty();
       part = test::output(*joined.client, 100'000)) {
    EXPECT_LT(part.size(), 100'000u + 20'000u);
    total += part.size();
    ++turns;
    joined.server->receive(part);
  }
  EXPECT_GT(total, 4u << 20);
  EXPECT_GT(turns, 35u);
  EXPECT_EQ(joined.requests.last().body().size(), 4u << 20);
}

}  // namespace
}  // namespace connectrpc::http2
