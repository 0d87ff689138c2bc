// Memory for small things that come and go with every call.
#pragma once

#include <cstddef>
#include <new>

namespace connectrpc::base {

/// Blocks that were freed are kept by the thread that freed them, up to a bound, and given out again. The C library
/// keeps seven of a size; a turn of a loop ends dozens of calls. Blocks may be freed by any thread, also after its own
/// store has gone. Under sanitizers nothing is kept, so that they see every use of what was freed.
///
/// Null: out of memory. Aligned as std::max_align_t. `free_block` takes null.
void* allocate_block(std::size_t size) noexcept;
void* reallocate_block(void* block, std::size_t size) noexcept;
void free_block(void* block) noexcept;

/// What lies in front of a block. Memory of others behind as many zero bytes may be given to free_block, which leaves
/// it alone; to reallocate_block it may not.
inline constexpr std::size_t block_head = 16;

/// Bytes that the calling thread keeps.
std::size_t kept_block_bytes() noexcept;
/// Gives them back.
void drop_kept_blocks() noexcept;

/// Objects of classes that derive from this live in such blocks.
class Block {
 public:
  static void* operator new(std::size_t size) {
    void* const block = allocate_block(size);
    if (block == nullptr) throw std::bad_alloc();
    return block;
  }
  static void operator delete(void* block) noexcept { free_block(block); }

 protected:
  Block() = default;
  ~Block() = default;
};

}  // namespace connectrpc::base
