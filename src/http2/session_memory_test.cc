// Tests of where nghttp2 keeps a session.
#include "http2/session_memory.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace connectrpc::http2 {
namespace {

class Memory {
 public:
  void* allocate(std::size_t size) { return hooks_.malloc(size, hooks_.mem_user_data); }
  void* zeros(std::size_t count, std::size_t size) { return hooks_.calloc(count, size, hooks_.mem_user_data); }
  void* reallocate(void* block, std::size_t size) { return hooks_.realloc(block, size, hooks_.mem_user_data); }
  void free(void* block) { hooks_.free(block, hooks_.mem_user_data); }
  void close_span() { memory_.close_span(); }
  void drop_zeros() { memory_.drop_zeros(); }

 private:
  SessionMemory memory_;
  nghttp2_mem hooks_ = memory_.hooks();
};

bool is_filled(const void* block, std::size_t size, char with) {
  return std::string(static_cast<const char*>(block), size) == std::string(size, with);
}

TEST(SessionMemory, KeepsBlocksApart) {
  Memory memory;
  struct Block {
    void* at;
    std::size_t size;
    char with;
  };
  std::vector<Block> blocks;
  // What a session asks for, and then more than a span has.
  constexpr std::size_t sizes[] = {2928, 1024, 1024, 4096, 48, 16'394, 1, 0, 3000, 4096, 16'394, 100'000};
  char with = 'a';
  for (const std::size_t size : sizes) {
    void* const block = size % 4096 == 0 ? memory.zeros(size / 16, 16) : memory.allocate(size);
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % alignof(std::max_align_t), 0U);
    EXPECT_TRUE(size % 4096 != 0 || is_filled(block, size, '\0'));
    std::memset(block, with, size);
    blocks.push_back({block, size, with++});
    if (size == 3000) memory.close_span();
  }
  for (const Block& block : blocks) EXPECT_TRUE(is_filled(block.at, block.size, block.with)) << block.size;
  for (const Block& block : blocks) memory.free(block.at);
  memory.free(nullptr);
}

TEST(SessionMemory, KeepsWhatIsInABlockThatGrows) {
  Memory memory;
  void* block = memory.allocate(100);
  std::memset(block, 'a', 100);
  void* const neighbour = memory.allocate(100);
  std::memset(neighbour, 'b', 100);
  block = memory.reallocate(block, 3000);
  ASSERT_NE(block, nullptr);
  EXPECT_TRUE(is_filled(block, 100, 'a'));
  std::memset(block, 'c', 3000);
  block = memory.reallocate(block, 50'000);
  ASSERT_NE(block, nullptr);
  EXPECT_TRUE(is_filled(block, 3000, 'c'));
  EXPECT_TRUE(is_filled(neighbour, 100, 'b'));
  memory.free(block);
  memory.free(neighbour);
  memory.free(memory.reallocate(nullptr, 10));
}

TEST(SessionMemory, DropsNothingButZeros) {
  Memory memory;
  auto* const table = static_cast<char*>(memory.zeros(256, 16));
  auto* const other = static_cast<char*>(memory.allocate(100));
  std::memset(other, 'a', 100);
  table[4000] = 'b';
  memory.drop_zeros();
  EXPECT_EQ(table[4000], 'b');
  table[4000] = 0;
  memory.drop_zeros();
  EXPECT_TRUE(is_filled(table, 4096, '\0'));
  EXPECT_TRUE(is_filled(other, 100, 'a'));
  table[0] = 'c';
  EXPECT_EQ(table[0], 'c');
  memory.free(table);
  memory.free(other);
}

}  // namespace
}  // namespace connectrpc::http2
