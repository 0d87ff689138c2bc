// Buckets of tokens: what a second brings, what a pause saves, and how many are kept.
#include "interceptors/token_buckets.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace connectrpc::interceptors {
namespace {

using namespace std::chrono_literals;
using Clock = TokenBuckets::Clock;

const Clock::time_point start = Clock::time_point(1000h);

int taken_at_once(TokenBuckets& buckets, std::string_view key, Clock::time_point now) {
  int taken = 0;
  while (!buckets.take(key, now)) ++taken;
  return taken;
}

TEST(TokenBucketsTest, ABurstAndThenWhatTimeBrings) {
  TokenBuckets buckets(10, 5, 100);
  EXPECT_EQ(taken_at_once(buckets, "a", start), 5);
  EXPECT_EQ(buckets.take("a", start), 100ms);
  EXPECT_EQ(buckets.take("a", start + 60ms), 40ms);
  EXPECT_EQ(taken_at_once(buckets, "a", start + 100ms), 1);
  EXPECT_EQ(taken_at_once(buckets, "a", start + 400ms), 3);
  // No pause saves more than the bucket holds.
  EXPECT_EQ(taken_at_once(buckets, "a", start + 1h), 5);
}

TEST(TokenBucketsTest, KeysDoNotShare) {
  TokenBuckets buckets(1, 1, 100);
  EXPECT_FALSE(buckets.take("a", start));
  EXPECT_FALSE(buckets.take("b", start));
  EXPECT_TRUE(buckets.take("a", start));
  EXPECT_EQ(buckets.size(), 2u);
}

TEST(TokenBucketsTest, ForgetsTheOneUsedLongestAgo) {
  TokenBuckets buckets(1, 1, 3);
  for (const char* key : {"a", "b", "c"}) EXPECT_FALSE(buckets.take(key, start));
  // Refused, and used.
  EXPECT_TRUE(buckets.take("a", start));
  EXPECT_FALSE(buckets.take("d", start));
  EXPECT_EQ(buckets.size(), 3u);
  EXPECT_TRUE(buckets.take("a", start));
  EXPECT_TRUE(buckets.take("c", start));
  EXPECT_FALSE(buckets.take("b", start));
}

TEST(TokenBucketsTest, NeverKeepsMoreThanAsked) {
  for (const std::size_t most : {1u, 2u, 63u, 64u, 1000u}) {
    TokenBuckets buckets(1, 1, most);
    for (int i = 0; i < 5000; ++i) static_cast<void>(buckets.take("key " + std::to_string(i), start));
    EXPECT_LE(buckets.size(), most);
    EXPECT_GE(buckets.size(), most * 9 / 10);
  }
}

TEST(TokenBucketsTest, ThreadsTakeNoTokenTwice) {
  TokenBuckets buckets(1, 1000, 100);
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { taken += taken_at_once(buckets, "a", start); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, 1000);
}

TEST(TokenBucketsTest, SlowAndFastRatesDoNotOverflow) {
  TokenBuckets slow(1e-6, 1000, 10);
  EXPECT_EQ(taken_at_once(slow, "a", start), 1000);
  EXPECT_EQ(slow.take("a", start), 1'000'000s);
  TokenBuckets fast(1e9, 1e9, 10);
  EXPECT_FALSE(fast.take("a", start));
}

}  // namespace
}  // namespace connectrpc::interceptors
