// Exchanges that are destroyed wherever they are told something, and what a call allocates.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <new>

#include "http2/test_support.h"

namespace {
std::size_t allocations = 0;
}  // namespace

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// Counts operator new of the whole test program; nghttp2 calls malloc and is not counted.
void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif

namespace connectrpc::http2 {
namespace {

using http::ResetReason;
using test::Joined;
using test::response;
using test::Watch;

TEST(Lifetime, ACallIsDestroyedInEveryCallback) {
  for (int at = 1; at <= 4; ++at) {
    SCOPED_TRACE(at);
    Joined joined;
    auto call = joined.start();
    auto other = joined.start();
    Watch watch;
    watch.at_inbound = [&] {
      if (watch.inbound == at) call.reset();
    };
    call->observe(&watch);
    call->send_body("x");
    other->send_body("x");
    ASSERT_TRUE(joined.run());
    http::ServerExchange& served = *joined.requests.kept[0];
    served.send_head(response(), false);
    ASSERT_TRUE(joined.run());
    served.send_body("a");
    ASSERT_TRUE(joined.run());
    served.send_body("b");
    ASSERT_TRUE(joined.run());
    served.finish({{"t", "1"}});
    ASSERT_TRUE(joined.run());
    EXPECT_EQ(call, nullptr);
    joined.requests.kept[1]->send_head(response(), true);
    ASSERT_TRUE(joined.run());
    EXPECT_TRUE(other->inbound_ended());
  }
}

TEST(Lifetime, OneObserverDestroysTheOthers) {
  Joined joined;
  std::vector<std::unique_ptr<http::ClientExchange>> calls;
  std::vector<std::unique_ptr<Watch>> watches;
  for (int i = 0; i < 10; ++i) {
    calls.push_back(joined.start(true));
    watches.push_back(std::make_unique<Watch>());
    calls.back()->observe(watches.back().get());
  }
  int told = 0;
  for (const auto& watch : watches) {
    watch->at_inbound = [&] {
      ++told;
      calls.clear();
    };
  }
  ASSERT_TRUE(joined.run());
  for (const auto& served : joined.requests.kept) served->send_head(response(), false);
  ASSERT_TRUE(joined.run());
  EXPECT_EQ(told, 1);
  for (const auto& served : joined.requests.kept) EXPECT_TRUE(served->reset());
}

TEST(Lifetime, ResetsThatDestroy) {
  Joined joined;
  std::vector<std::unique_ptr<http::ClientExchange>> calls;
  Watch watch;
  watch.at_inbound = [&] { calls.clear(); };
  for (int i = 0; i < 5; ++i) {
    calls.push_back(joined.start());
    calls.back()->observe(&watch);
  }
  ASSERT_TRUE(joined.run());
  joined.client->connection_lost("gone");
  EXPECT_EQ(watch.inbound, 1);
  EXPECT_TRUE(calls.empty());
}

TEST(Lifetime, DyingSessionsTellExchangesThatDestroyEachOther) {
  Joined joined;
  std::vector<std::unique_ptr<http::ClientExchange>> calls;
  Watch watch;
  watch.at_inbound = [&] {
    calls.clear();
    EXPECT_TRUE(joined.client->start(Joined::head(), true)->reset());
  };
  for (int i = 0; i < 5; ++i) {
    calls.push_back(joined.start());
    calls.back()->observe(&watch);
  }
  ASSERT_TRUE(joined.run());
  auto* const session = joined.client.get();
  EXPECT_NE(session, nullptr);
  joined.client->connection_lost("gone");
  joined.client.reset();
  joined.server.reset();
  for (const auto& served : joined.requests.kept) EXPECT_TRUE(served->reset());
}

TEST(Lifetime, RestingLosesNothing) {
  Joined joined;
  for (std::size_t i = 0; i < 3; ++i) {
    auto call = joined.start(true);
    ASSERT_TRUE(joined.run());
    ASSERT_EQ(joined.requests.kept.size(), i + 1);
    joined.server->rest();  // a stream is open
    http::ServerExchange& served = *joined.requests.kept[i];
    served.send_head(response(200, {{"a", std::to_string(i)}}), false);
    served.send_body("body");
    joined.server->rest();  // there is something to say
    served.finish({{"t", "1"}});
    ASSERT_TRUE(joined.run());
    EXPECT_EQ(call->response().headers["a"], std::to_string(i));
    EXPECT_TRUE(call->inbound_ended());
    joined.server->rest();
    joined.server->rest();
  }
}

TEST(Lifetime, RequestsThatWereNeverHandedOver) {
  test::Requests requests;
  auto server = make_server_session(requests, {}, {}, "http");
  server->receive(test::client_preface() + test::frame(test::headers, 0, 1, test::request_fields()));
  server.reset();  // in the middle of a head
  EXPECT_EQ(requests.count, 0);
}

TEST(Lifetime, HandlersThatDestroyEarlierRequests) {
  Joined joined;
  std::vector<std::unique_ptr<http::ServerExchange>> kept;
  joined.requests.at_request = [&](std::unique_ptr<http::ServerExchange> exchange) {
    kept.clear();
    kept.push_back(std::move(exchange));
  };
  std::vector<std::unique_ptr<http::ClientExchange>> calls;
  for (int i = 0; i < 10; ++i) calls.push_back(joined.start(true));
  ASSERT_TRUE(joined.run());
  EXPECT_EQ(joined.requests.count, 10);
  for (int i = 0; i < 9; ++i) EXPECT_TRUE(calls[static_cast<std::size_t>(i)]->reset());
  EXPECT_FALSE(calls[9]->reset());
}

TEST(Lifetime, EveryMemberInsideCallbacks) {
  Joined joined;
  auto call = joined.start();
  Watch watch;
  watch.at_inbound = [&] {
    call->send_body("more");
    call->consume(1);
    call->take_body();
    if (watch.inbound == 3) call->abort(ResetReason::canceled);
  };
  call->observe(&watch);
  Watch server_watch;
  joined.requests.at_request = [&](std::unique_ptr<http::ServerExchange> exchange) {
    exchange->observe(&server_watch);
    exchange->send_head(response(), false);
    exchange->send_body("first");
    joined.requests.kept.push_back(std::move(exchange));
  };
  server_watch.at_inbound = [&] {
    http::ServerExchange& served = joined.requests.last();
    served.take_body();
    served.send_body("again");
    if (served.reset()) joined.requests.kept.clear();
  };
  ASSERT_TRUE(joined.run());
  EXPECT_TRUE(call->reset());
  EXPECT_TRUE(joined.requests.kept.empty());
}

TEST(Lifetime, OutboundCallbacksMayDestroy) {
  Joined joined({.stream_window = 1 << 20, .low_water = 1000});
  auto call = joined.start(true);
  ASSERT_TRUE(joined.run());
  Watch watch;
  watch.at_outbound = [&] { joined.requests.kept.clear(); };
  joined.requests.last().observe(&watch);
  joined.requests.last().send_head(response(), false);
  joined.requests.last().send_body(std::string(100'000, 'x'));
  ASSERT_TRUE(joined.run());
  EXPECT_EQ(watch.outbound, 1);
  ASSERT_TRUE(call->reset());
  EXPECT_EQ(call->body().size(), 100'000u);
}

TEST(Lifetime, AllocationsOfAWarmCall) {
  Joined joined;
  joined.requests.at_request = [](std::unique_ptr<http::ServerExchange> exchange) {
    exchange->send_head(response(), false);
    exchange->send_body(exchange->take_body());
    exchange->finish({{"status", "0"}});
  };
  io::Output up;
  io::Output down;
  const auto only_piece = [](const io::Output& out) {
    std::array<std::string_view, 2> pieces;
    EXPECT_EQ(out.pieces(pieces), 1u);
    return pieces[0];
  };
  std::size_t server_side = 0;
  const auto call_once = [&] {
    http::RequestHead head = Joined::head("/bench.v1.EchoService/Echo");
    const std::size_t before = allocations;
    auto call = joined.client->start(std::move(head), false);
    call->send_body(std::string(100, 'x'));
    call->finish();
    up.prepare();
    joined.client->produce(up, test::output_limit);
    const std::size_t client_done = allocations;
    joined.server->receive(only_piece(up));
    up.clear();
    down.prepare();
    joined.server->produce(down, test::output_limit);
    server_side = allocations - client_done;
    joined.client->receive(only_piece(down));
    down.clear();
    EXPECT_EQ(call->take_body().size(), 100u);
    EXPECT_TRUE(call->finished());
    return allocations - before;
  };
  for (int i = 0; i < 100; ++i) call_once();
  const std::size_t count = call_once();
  RecordProperty("allocations", static_cast<int>(count));
  std::printf("operator new in a warm unary exchange: %zu, of which on the server %zu\n", count, server_side);
  EXPECT_LE(count, 14u);
  EXPECT_LE(server_side, 8u);
}

}  // namespace
}  // namespace connectrpc::http2
