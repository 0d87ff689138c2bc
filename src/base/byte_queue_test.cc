// Tests of the queue of received bytes.
#include "base/byte_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace connectrpc::base {
namespace {

TEST(ByteQueue, AppendsAndConsumes) {
  ByteQueue queue;
  EXPECT_TRUE(queue.empty());
  queue.append("hello ");
  queue.append("world");
  EXPECT_EQ(queue.view(), "hello world");
  queue.consume(6);
  EXPECT_EQ(queue.view(), "world");
  EXPECT_EQ(queue.size(), 5U);
  queue.consume(100);
  EXPECT_TRUE(queue.empty());
  queue.append("again");
  queue.clear();
  EXPECT_EQ(queue.view(), "");
}

TEST(ByteQueue, TakesWithoutACopyIfNothingWasConsumed) {
  ByteQueue queue;
  queue.append(std::string(1000, 'x'));
  const char* const where = queue.view().data();
  const std::string all = queue.take();
  EXPECT_EQ(all.data(), where);
  EXPECT_EQ(all, std::string(1000, 'x'));
  EXPECT_TRUE(queue.empty());
  queue.append("abc");
  queue.consume(1);
  EXPECT_EQ(queue.take(), "bc");
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.take(), "");
}

TEST(ByteQueue, GivesMemoryBackWhenItWasLarge) {
  ByteQueue queue;
  queue.append(std::string(1 << 20, 'x'));
  queue.consume((1 << 20) - 1);
  EXPECT_EQ(queue.view(), "x");
  queue.consume(1);
  EXPECT_LT(queue.capacity(), 16U * 1024);
  queue.append(std::string(1 << 20, 'x'));
  queue.clear();
  EXPECT_LT(queue.capacity(), 16U * 1024);
}

TEST(ByteQueue, KeepsOrdinaryMemory) {
  ByteQueue queue;
  queue.reserve(12 * 1024);
  const std::size_t capacity = queue.capacity();
  EXPECT_GE(capacity, 12U * 1024);
  for (int i = 0; i < 100; ++i) {
    queue.append(std::string(10'000, 'x'));
    queue.consume(10'000);
  }
  EXPECT_EQ(queue.capacity(), capacity);
}

TEST(ByteQueue, LargeMemoryIsUsedByTheNext) {
  drop_lent_strings();
  const char* at = nullptr;
  {
    ByteQueue queue;
    queue.append(std::string(20'000, 'x'));
    at = queue.view().data();
  }
  ByteQueue queue;
  queue.append(std::string(20'000, 'x'));
  EXPECT_EQ(queue.view().data(), at);
  queue.clear();
  drop_lent_strings();
}

TEST(ByteQueue, AfterALargePieceThereIsRoomForMore) {
  ByteQueue queue;
  queue.append(std::string(16 * 1024, 'x'));
  const char* const at = queue.view().data();
  queue.append(std::string(8 * 1024, 'x'));
  EXPECT_EQ(queue.view().data(), at);
}

TEST(ByteQueue, StaysSmallAsASlidingWindow) {
  ByteQueue queue;
  for (int i = 0; i < 100'000; ++i) {
    queue.append("0123456789");
    if (i > 10) queue.consume(10);
  }
  EXPECT_LE(queue.capacity(), 1024U);
}

TEST(ByteQueue, BehavesLikeAString) {
  std::mt19937 random(3);
  ByteQueue queue;
  std::string model;
  for (int i = 0; i < 20'000; ++i) {
    switch (random() % 8) {
      case 0: queue.reserve(random() % 5000); break;
      case 1: {
        if (random() % 10 == 0) {
          ASSERT_EQ(queue.take(), model);
          model.clear();
        }
        break;
      }
      case 2:
      case 3:
      case 4: {
        const std::size_t count = random() % 2000;
        queue.consume(count);
        model.erase(0, std::min(count, model.size()));
        break;
      }
      default: {
        const std::string bytes(random() % 1500, static_cast<char>('a' + random() % 26));
        queue.append(bytes);
        model += bytes;
      }
    }
    ASSERT_EQ(queue.view(), model);
    ASSERT_EQ(queue.size(), model.size());
  }
}

}  // namespace
}  // namespace connectrpc::base
