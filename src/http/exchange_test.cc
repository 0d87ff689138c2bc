// How a body is taken and the peer's window is opened.
#include "http/exchange.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace connectrpc::http {
namespace {

class TestExchange final : public Exchange {
 public:
  void arrive(std::size_t size) { inbound_.append(std::string(size, 'x')); }
  std::size_t memory() const { return inbound_.capacity(); }
  std::size_t opened() { return std::exchange(opened_, 0); }

  void send_body(std::string) override {}
  void finish() override {}
  void finish(Headers) override {}
  void abort(ResetReason) override {}
  std::size_t unsent() const override { return 0; }

 private:
  void on_consumed(std::size_t size) override { opened_ += size; }
  std::size_t opened_ = 0;
};

TEST(Exchange, ConsumingOpensTheWindow) {
  TestExchange exchange;
  exchange.arrive(100);
  EXPECT_EQ(exchange.unread(), 100U);
  exchange.consume(30);
  EXPECT_EQ(exchange.opened(), 30U);
  EXPECT_EQ(exchange.unread(), 70U);
  EXPECT_EQ(exchange.take_body().size(), 70U);
  EXPECT_EQ(exchange.opened(), 70U);
}

TEST(Exchange, ExpectingOpensTheWindowForWhatHasCome) {
  TestExchange exchange;
  exchange.arrive(100);
  exchange.expect(1000);
  EXPECT_EQ(exchange.opened(), 100U);
  exchange.expect(1000);
  EXPECT_EQ(exchange.opened(), 0U);
  exchange.arrive(950);
  EXPECT_EQ(exchange.unread(), 950U);
  exchange.expect(1000);
  EXPECT_EQ(exchange.opened(), 900U);
  EXPECT_EQ(exchange.unread(), 50U);
  EXPECT_EQ(exchange.body().size(), 1050U);
}

TEST(Exchange, WhatWasExpectedOpensNothingWhenItIsConsumed) {
  TestExchange exchange;
  exchange.arrive(100);
  exchange.expect(60);
  EXPECT_EQ(exchange.opened(), 60U);
  exchange.consume(50);
  EXPECT_EQ(exchange.opened(), 0U);
  exchange.consume(20);
  EXPECT_EQ(exchange.opened(), 10U);
  exchange.expect(10);
  exchange.take_body();
  EXPECT_EQ(exchange.opened(), 30U);
}

TEST(Exchange, MemoryGrowsWithWhatArrivesNotWithWhatIsAnnounced) {
  TestExchange exchange;
  constexpr std::size_t announced = 1 << 22;
  exchange.arrive(1000);
  exchange.expect(announced);
  EXPECT_LE(exchange.memory(), 8 * 1024U);
  while (exchange.body().size() < announced) {
    exchange.arrive(std::min<std::size_t>(50'000, announced - exchange.body().size()));
    exchange.expect(announced);
    // Memory comes in sizes of which each is at most half as large again as the one before.
    EXPECT_LE(exchange.memory(), std::min(announced, (4 * exchange.body().size() + 4096) * 3 / 2));
  }
  EXPECT_EQ(exchange.memory(), announced);
  exchange.consume(announced);
  EXPECT_LT(exchange.memory(), 100U);
}

}  // namespace
}  // namespace connectrpc::http
