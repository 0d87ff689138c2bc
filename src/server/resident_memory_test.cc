// The figure follows what the process uses.
#include "server/resident_memory.h"

#include <gtest/gtest.h>

#include <vector>

namespace connectrpc::server {
namespace {

TEST(ResidentMemory, GrowsWithWhatIsUsed) {
  constexpr std::size_t size = 64UL * 1024 * 1024;
  const std::size_t before = resident_memory();
  const std::vector<char> used(size, 'x');
  const std::size_t after = resident_memory();
  EXPECT_GT(before, 500'000U);
  EXPECT_GE(after, before + size / 2);
  EXPECT_LE(after, before + 8 * size);  // with what a sanitizer notes of each byte
  EXPECT_EQ(used.back(), 'x');
}

}  // namespace
}  // namespace connectrpc::server
