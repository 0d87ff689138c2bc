// Memory of large strings, lent by a thread again and again.
#include "base/lent_string.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

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

TEST_F(LentString, AsManyOfASizeAreKeptAsAConnectionUses) {
  std::vector<std::string> many(40, std::string(20'000, 'a'));
  for (std::string& string : many) give_back(string);
  for (int i = 0; i < 32; ++i) many.push_back(borrow_string());
  for (int i = 40; i < 72; ++i) EXPECT_GE(many[static_cast<std::size_t>(i)].capacity(), 20'000U);
  EXPECT_LT(borrow_string().capacity(), 100U);
}

TEST_F(LentString, OfLargeOnesFewAreKept) {
  for (int i = 0; i < 20; ++i) leave(300'000);
  std::vector<std::string> kept;
  for (int i = 0; i < 12; ++i) EXPECT_GE(kept.emplace_back(borrow_string()).capacity(), 300'000U);
  EXPECT_LT(borrow_string().capacity(), 100U);
}

TEST_F(LentString, OfAllSizesTogetherNoMoreIsKeptThanABound) {
  for (int i = 0; i < 40; ++i)
    for (const std::size_t size : {20'000U, 50'000U, 100'000U, 200'000U, 400'000U}) leave(size);
  std::size_t kept = 0;
  std::vector<std::string> all;
  while (all.empty() || all.back().capacity() >= 16'384U) kept += all.emplace_back(borrow_string()).capacity();
  EXPECT_GT(kept, 6'000'000U);
  EXPECT_LT(kept, 9'000'000U);
  // And as much again.
  for (std::string& string : all) give_back(string);
  std::size_t again = 0;
  for (std::size_t last = 16'384; last >= 16'384;) again += last = all.emplace_back(borrow_string()).capacity();
  EXPECT_GT(again, 6'000'000U);
}

TEST_F(LentString, WhatIsLentFitsWhatIsAskedFor) {
  for (std::size_t size = 1; size < 2'000'000; size += size / 7 + 1) {
    std::string string = borrow_string(size);
    EXPECT_GE(string.capacity(), size);
    EXPECT_LE(string.capacity(), std::max<std::size_t>(16 * 1024, size + size / 2 + 1));
    string.assign(size, 'a');
    give_back(string);
    string = borrow_string(size);
    EXPECT_GE(string.capacity(), size);
    EXPECT_LE(string.capacity(), std::max<std::size_t>(16 * 1024, size + size / 2 + 1));
    drop_lent_strings();
  }
}

TEST_F(LentString, FilledOnesHaveTheirSizeAndOthersAreEmpty) {
  const char* const at = leave(20'000);
  std::string string = borrow_filled_string(16'000);
  EXPECT_EQ(string.data(), at);
  EXPECT_EQ(string.size(), 16'000U);
  give_back(string);
  string = borrow_string(16'000);
  EXPECT_EQ(string.data(), at);
  EXPECT_TRUE(string.empty());
  EXPECT_EQ(borrow_filled_string(30'000).size(), 30'000U);
  give_back(string);
  EXPECT_TRUE(borrow_string().empty());
}

TEST_F(LentString, SmallOnesAreKeptToo) {
  const char* const at = leave(5'000);
  EXPECT_EQ(borrow_string().data(), at);
}

}  // namespace
}  // namespace connectrpc::base
