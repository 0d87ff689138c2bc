// Windows: they open as handlers consume, and one stream does not hold up another.
#include <gtest/gtest.h>

#include "http2/test_support.h"

namespace connectrpc::http2 {
namespace {

using test::Joined;
using test::response;
using test::Watch;

constexpr std::size_t window = 256 * 1024;

TEST(FlowControl, AWindowOpensOnlyAsTheHandlerConsumes) {
  Joined joined;
  auto call = joined.start();
  call->send_body(std::string(3 * window, 'x'));
  ASSERT_TRUE(joined.run());
  http::ServerExchange& served = joined.requests.last();
  EXPECT_EQ(served.body().size(), window);
  EXPECT_EQ(call->unsent(), 2 * window);
  served.consume(window / 2 - 1);
  ASSERT_TRUE(joined.run());
  EXPECT_EQ(call->unsent(), 2 * window);  // half a window is worth a frame, less is not
  served.consume(1);
  ASSERT_TRUE(joined.run());
  EXPECT_EQ(call->unsent(), 2 * window - window / 2);
  EXPECT_EQ(served.body().size(), window);
  EXPECT_EQ(served.take_body().size(), window);
  ASSERT_TRUE(joined.run());
  EXPECT_EQ(call->unsent(), window / 2);
}

TEST(FlowControl, ConsumingWakesForTheWindowUpdate) {
  Joined joined;
  test::Waker waker;
  auto call = joined.start();
  call->send_body(std::string(2 * window, 'x'));
  ASSERT_TRUE(joined.run());
  joined.server->set_wakeup(&waker);
  joined.requests.last().consume(10);
  EXPECT_EQ(waker.count, 0);
  joined.requests.last().consume(window / 2);
  EXPECT_EQ(waker.count, 1);
  const auto down = test::frames(test::output(*joined.server));
  ASSERT_EQ(down.size(), 1u);
  EXPECT_EQ(down[0].type, test::window_update);
  EXPECT_EQ(down[0].number(0), window / 2 + 10);
}

TEST(FlowControl, StalledStreamsDoNotBlockOthers) {
  Joined joined({.connection_window = window});
  // Twenty streams that nobody reads hold far more than the connection's window.
  std::vector<std::unique_ptr<http::ClientExchange>> stalled;
  for (int i = 0; i < 20; ++i) {
    stalled.push_back(joined.start());
    stalled.back()->send_body(std::string(2 * window, 'x'));
  }
  ASSERT_TRUE(joined.run());
  for (const auto& exchange : joined.requests.kept) EXPECT_EQ(exchange->body().size(), window);
  auto call = joined.start();
  call->send_body(std::string(window, 'y'));
  call->finish();
  ASSERT_TRUE(joined.run());
  EXPECT_EQ(joined.requests.last().body().size(), window);
  EXPECT_TRUE(joined.requests.last().inbound_ended());
}

TEST(FlowControl, StalledAnswersDoNotBlockOthers) {
  Joined joined({.connection_window = window});
  std::vector<std::unique_ptr<http::ClientExchange>> calls;
  for (int i = 0; i < 5; ++i) calls.push_back(joined.start(true));
  ASSERT_TRUE(joined.run());
  for (const auto& served : joined.requests.kept) {
    served->send_head(response(), false);
    served->send_body(std::string(2 * window, 'x'));
    served->finish();
  }
  ASSERT_TRUE(joined.run());
  for (const auto& call : calls) EXPECT_EQ(call->body().size(), window);
  while (!calls[3]->inbound_ended()) {
    calls[3]->take_body();
    ASSERT_TRUE(joined.run());
  }
  EXPECT_EQ(calls[3]->take_body().size(), window);
  EXPECT_EQ(calls[2]->body().size(), window);
}

TEST(FlowControl, StreamsShareTheConnection) {
  // Two writers with endless data: neither waits until the other is through.
  Joined joined({.stream_window = 8 << 20, .connection_window = 64 << 20});
  ASSERT_TRUE(joined.run());
  auto a = joined.start(true);
  auto b = joined.start(true);
  ASSERT_TRUE(joined.run());
  for (const auto& served : joined.requests.kept) {
    served->send_head(response(), false);
    served->send_body(std::string(4 << 20, 'x'));
  }
  joined.client->receive(test::output(*joined.server, 1 << 20));
  EXPECT_GT(a->body().size(), 400'000u);
  EXPECT_GT(b->body().size(), 400'000u);
}

TEST(FlowControl, LowWaterIsToldOnce) {
  Joined joined({.stream_window = 1 << 20, .low_water = 32 * 1024});
  auto call = joined.start(true);
  ASSERT_TRUE(joined.run());
  http::ServerExchange& served = joined.requests.last();
  Watch watch;
  served.observe(&watch);
  served.send_head(response(), false);
  served.send_body(std::string(32 * 1024, 'x'));
  ASSERT_TRUE(joined.run());
  EXPECT_EQ(watch.outbound, 0);  // it was never above
  served.send_body(std::string(500'000, 'x'));
  EXPECT_EQ(served.unsent(), 500'000u);
  ASSERT_TRUE(joined.run());
  EXPECT_EQ(watch.outbound, 1);
  EXPECT_EQ(served.unsent(), 0u);
  EXPECT_EQ(watch.inbound, 0);
}

TEST(FlowControl, WhatIsSentOnLowWaterLeavesInTheSameTurn) {
  Joined joined({.stream_window = 1 << 20, .low_water = 1000});
  auto call = joined.start(true);
  ASSERT_TRUE(joined.run());
  http::ServerExchange& served = joined.requests.last();
  Watch watch;
  int left = 3;
  watch.at_outbound = [&] {
    if (left-- > 0) served.send_body(std::string(5000, 'x'));
    if (left == 0) served.finish();
  };
  served.observe(&watch);
  served.send_head(response(), false);
  served.send_body(std::string(5000, 'x'));
  test::Waker waker;
  joined.server->set_wakeup(&waker);
  joined.client->receive(test::output(*joined.server));
  EXPECT_EQ(call->body().size(), 20'000u);
  EXPECT_TRUE(call->inbound_ended());
  EXPECT_EQ(waker.count, 0);
}

TEST(FlowControl, PeersWithTinyWindows) {
  Joined joined({.stream_window = 1, .connection_window = 65535}, {});
  auto call = joined.start(true);
  ASSERT_TRUE(joined.run());
  std::string got;
  Watch watch;
  watch.at_inbound = [&] { got += call->take_body(); };
  call->observe(&watch);
  joined.requests.last().send_head(response(), false);
  joined.requests.last().send_body("one byte at a time");
  joined.requests.last().finish({{"t", "1"}});
  ASSERT_TRUE(joined.run());
  EXPECT_EQ(got, "one byte at a time");
  EXPECT_EQ(call->trailers()["t"], "1");
}

TEST(FlowControl, MoreThanTheWindowIsAnError) {
  test::Requests requests;
  auto server = make_server_session(requests, {.stream_window = 1000}, {}, "http");
  server->receive(test::client_preface());
  server->receive(test::frame(test::headers, test::end_headers, 1, test::request_fields()));
  Watch watch;
  requests.last().observe(&watch);
  test::all_output(*server);
  server->receive(test::frame(test::data, 0, 1, std::string(1001, 'x')));
  const auto resets = test::frames(test::output(*server), test::rst_stream);
  ASSERT_EQ(resets.size(), 1u);
  EXPECT_EQ(resets[0].code(), 3u);
  ASSERT_TRUE(requests.last().reset());
  EXPECT_EQ(requests.last().reset()->reason, http::ResetReason::flow_control_error);
  EXPECT_FALSE(server->wants_close());
}

TEST(FlowControl, WindowOverflowAndZeroUpdates) {
  for (const std::uint32_t increment : {0u, 0x7fffffffu}) {
    test::Requests requests;
    auto server = make_server_session(requests, {}, {}, "http");
    server->receive(test::client_preface());
    server->receive(test::frame(test::headers, test::end_headers, 1, test::request_fields()));
    test::all_output(*server);
    server->receive(test::frame(test::window_update, 0, 1, test::big_endian(increment)));
    test::all_output(*server);
    ASSERT_TRUE(requests.last().reset()) << increment;
  }
}

}  // namespace
}  // namespace connectrpc::http2
