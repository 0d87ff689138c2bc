// Where nghttp2 keeps a session.
#include "http2/session_memory.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/block_cache.h"

namespace connectrpc::http2 {
namespace {

constexpr std::size_t alignment = alignof(std::max_align_t);

}  // namespace

SessionMemory::SessionMemory() noexcept {
  if (span_.data() == nullptr) return;
  next_ = span_.data();
  end_ = next_ + io::PageSpan::size;
}

nghttp2_mem SessionMemory::hooks() noexcept {
  return {
      .mem_user_data = this,
      .malloc = [](std::size_t size, void* self) noexcept { return static_cast<SessionMemory*>(self)->allocate(size); },
      .free = [](void* block, void*) noexcept { base::free_block(block); },
      .calloc = [](std::size_t count, std::size_t size,
                   void* self) noexcept { return static_cast<SessionMemory*>(self)->allocate_zeros(count * size); },
      .realloc = [](void* block, std::size_t size,
                    void* self) noexcept { return static_cast<SessionMemory*>(self)->reallocate(block, size); },
  };
}

// The head of a block in the span stays as it is: free_block() shall leave the block alone.
void* SessionMemory::take(std::size_t size) noexcept {
  const std::size_t whole = base::block_head + (size + alignment - 1) / alignment * alignment;
  if (whole > static_cast<std::size_t>(end_ - next_)) return nullptr;
  return std::exchange(next_, next_ + whole) + base::block_head;
}

// The table of streams, which is only read before the first one: whole pages at the end, since what lay beside it would
// be written.
void* SessionMemory::take_pages(std::size_t size) noexcept {
  if (size == 0 || size % io::PageSpan::page != 0) return nullptr;
  if (size + base::block_head > static_cast<std::size_t>(end_ - next_)) return nullptr;
  std::byte* const block = end_ - size;
  end_ = block - base::block_head;
  // Those of a further block do not follow.
  if (zeros_ == 0) zeros_ = size;
  return block;
}

void SessionMemory::drop_zeros() noexcept {
  if (zeros_ == 0) return;
  const std::byte* const begin = span_.data() + io::PageSpan::size - zeros_;
  if (std::all_of(begin, begin + zeros_, [](std::byte byte) { return byte == std::byte{0}; })) span_.drop_end(zeros_);
}

inline void* SessionMemory::allocate(std::size_t size) noexcept {
  if (end_ != nullptr)
    if (void* const block = take(size)) return block;
  return base::allocate_block(size);
}

void* SessionMemory::allocate_zeros(std::size_t size) noexcept {
  if (void* const block = take_pages(size)) return block;
  if (void* const block = take(size)) return block;
  void* const block = base::allocate_block(size);
  return block == nullptr ? nullptr : std::memset(block, 0, size);
}

void* SessionMemory::reallocate(void* block, std::size_t size) noexcept {
  if (block == nullptr) return allocate(size);
  const std::size_t offset = reinterpret_cast<std::uintptr_t>(block) - reinterpret_cast<std::uintptr_t>(span_.data());
  if (offset >= io::PageSpan::size) return base::reallocate_block(block, size);
  void* const larger = base::allocate_block(size);
  // How long the block was is not known; what lies behind it in the span does no harm.
  if (larger != nullptr) std::memcpy(larger, block, std::min(size, io::PageSpan::size - offset));
  return larger;
}

}  // namespace connectrpc::http2
