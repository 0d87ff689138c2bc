// Tests of the memory that is kept.
#include "base/block_cache.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

namespace connectrpc::base {
namespace {

TEST(BlockCache, GivesAlignedMemoryOfEverySize) {
  std::vector<void*> blocks;
  constexpr std::size_t sizes[] = {0, 1, 63, 64, 65, 512, 2047, 2048, 2049, 100'000};
  for (const std::size_t size : sizes) {
    void* const block = allocate_block(size);
    ASSERT_NE(block, nullptr) << size;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % alignof(std::max_align_t), 0U) << size;
    std::memset(block, 0x5a, size);
    blocks.push_back(block);
  }
  for (void* const block : blocks) free_block(block);
  free_block(nullptr);
}

TEST(BlockCache, GrowsAndKeepsWhatIsInABlock) {
  auto* block = static_cast<unsigned char*>(reallocate_block(nullptr, 10));
  for (unsigned char i = 0; i < 10; ++i) block[i] = i;
  constexpr std::size_t sizes[] = {20, 64, 65, 3000, 5, 100'000};
  for (const std::size_t size : sizes) {
    block = static_cast<unsigned char*>(reallocate_block(block, size));
    ASSERT_NE(block, nullptr);
    for (unsigned char i = 0; i < 5; ++i) ASSERT_EQ(block[i], i) << size;
  }
  free_block(block);
}

TEST(BlockCache, KeepsNoMoreThanItsBound) {
  std::vector<void*> blocks;
  for (int i = 0; i < 2000; ++i) blocks.push_back(allocate_block(1024));
  for (void* const block : blocks) free_block(block);
  EXPECT_LE(kept_block_bytes(), std::size_t{512 * 1024});
}

TEST(BlockCache, ABlockMayEndOnAnotherThread) {
  void* const block = allocate_block(100);
  std::thread([block] { free_block(block); }).join();
  struct Object : Block {
    int value = 7;
  };
  std::unique_ptr<Object> object;
  std::thread([&] { object = std::make_unique<Object>(); }).join();
  EXPECT_EQ(object->value, 7);
}

TEST(BlockCache, LeavesMemoryOfOthersAlone) {
  alignas(std::max_align_t) unsigned char memory[block_head + 100] = {};
  memory[block_head] = 7;
  const std::size_t kept = kept_block_bytes();
  free_block(memory + block_head);
  EXPECT_EQ(memory[block_head], 7);
  EXPECT_EQ(kept_block_bytes(), kept);
}

// Freed when the store of the thread has gone.
struct Late {
  ~Late() { free_block(block); }
  void* block = nullptr;
};

TEST(BlockCache, ABlockMayEndAfterItsThreadsStore) {
  std::thread([] {
    static thread_local Late late;
    late.block = allocate_block(100);
    free_block(allocate_block(100));
  }).join();
}

}  // namespace
}  // namespace connectrpc::base
