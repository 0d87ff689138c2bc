// Memory of large strings, lent by a thread again and again.
#include "base/lent_string.h"

#include <gtest/gtest.h>

namespace connectrpc::base {
namespace {

class LentString : public testing::Test {
 protected:
  void SetUp() override { drop_lent_strings(); }

  static const char* leave(std::size_t size) {
    std::string string(size, 'a');
    const char* const at = string.data();
    give_back(string);
    EXPECT_LT(string.capacity(), 100U);
    return at;
  }
};

TEST_F(LentString, MemoryIsLentAgainUntilItIsDropped) {
  const char* const at = leave(100'000);
  for (int i = 0; i < 2; ++i) {
    std::string string = borrow_string();
    EXPECT_EQ(string.data(), at);
    EXPECT_TRUE(string.empty());
    give_back(string);
  }
  drop_lent_strings();
  EXPECT_LT(borrow_string().capacity(), 100U);
}

TEST_F(LentString, NoMoreIsKeptThanABound) {
  leave(1024 * 1024);
  EXPECT_LT(borrow_string().capacity(), 100U);
}

TEST_F(LentString, TheLargestIsLentWhereNoSizeIsAskedFor) {
  leave(20'000);
  const char* const at = leave(200'000);
  leave(30'000);
  EXPECT_EQ(borrow_string().data(), at);
}

TEST_F(LentString, TheSmallestThatFitsIsLentForASize) {
  leave(200'000);
  const char* const at = leave(70'000);
  leave(30'000);
  const std::string string = borrow_string(65'000);
  EXPECT_EQ(string.data(), at);
}

TEST_F(LentString, WhatIsFarTooLargeIsNotLent) {
  leave(500'000);
  const std::string string = borrow_string(20'000);
  EXPECT_GE(string.capacity(), 20'000U);
  EXPECT_LT(string.capacity(), 40'000U);
}

TEST_F(LentString, TheLargestAreKept) {
  for (const std::size_t size : {20'000U, 100'000U, 30'000U, 90'000U, 80'000U, 70'000U}) leave(size);
  for (const std::size_t size : {100'000U, 90'000U, 80'000U, 70'000U}) EXPECT_GE(borrow_string().capacity(), size);
  EXPECT_LT(borrow_string().capacity(), 100U);
}

}  // namespace
}  // namespace connectrpc::base
