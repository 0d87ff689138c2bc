// Tests of buffers that a thread lends.
#include "io/lent_buffer.h"

#include <gtest/gtest.h>

#include <string>

namespace connectrpc::io {
namespace {

std::size_t capacity_of_next() {
  std::string string = borrow_string();
  EXPECT_TRUE(string.empty());
  const std::size_t capacity = string.capacity();
  give_back(string);
  return capacity;
}

TEST(LentBuffer, MemoryIsLentAgainUntilItIsDropped) {
  std::string string(100'000, 'a');
  give_back(string);
  EXPECT_LT(string.capacity(), 100U);
  EXPECT_GE(capacity_of_next(), 100'000U);
  EXPECT_GE(capacity_of_next(), 100'000U);
  drop_lent_buffers();
  EXPECT_LT(capacity_of_next(), 100U);
}

TEST(LentBuffer, NoMoreIsKeptThanABound) {
  drop_lent_buffers();
  std::string string(1024 * 1024, 'a');
  give_back(string);
  EXPECT_LT(capacity_of_next(), 100U);
}

TEST(LentBuffer, MayBeDroppedWhileOneIsLent) {
  ReadBuffer buffer;
  drop_lent_buffers();
  buffer.span().back() = 'a';
}

}  // namespace
}  // namespace connectrpc::io
