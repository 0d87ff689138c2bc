// Address space that costs memory only where it is written.
#include "io/page_span.h"

#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <cstdint>
#include <mutex>
#include <new>

#include "base/sanitized.h"

namespace connectrpc::io {
namespace {

#if defined(__linux__)
constexpr bool available = !base::sanitized;
#else
constexpr bool available = false;
#endif

// As many as a word has bits.
constexpr unsigned spans_of_chunk = 64;
constexpr std::size_t chunk_size = spans_of_chunk * PageSpan::size;

bool small_pages() noexcept {
  static const bool small = ::sysconf(_SC_PAGESIZE) == static_cast<long>(PageSpan::page);
  return small;
}

}  // namespace

// What is mapped at once: a mapping for each span would soon use up those that a process may have.
struct PageSpan::Chunk {
  std::byte* begin = nullptr;
  std::uint64_t free = ~std::uint64_t{0};
  // In the list of those with a free span.
  Chunk* previous = nullptr;
  Chunk* next = nullptr;
};

class PageSpan::Pool {
 public:
  void take(PageSpan& span) noexcept {
    const std::lock_guard lock(mutex_);
    if (first_ == nullptr && !grow()) return;
    Chunk& chunk = *first_;
    const int index = std::countr_zero(chunk.free);
    chunk.free &= chunk.free - 1;
    if (chunk.free == 0) unlink(chunk);
    span.chunk_ = &chunk;
    span.data_ = chunk.begin + static_cast<std::size_t>(index) * size;
  }

  void give_back(const PageSpan& span) noexcept {
    Chunk& chunk = *span.chunk_;
    // Before anyone else may have it.
    ::madvise(span.data_, size, MADV_DONTNEED);
    const std::lock_guard lock(mutex_);
    if (chunk.free == 0) link(chunk);
    chunk.free |= std::uint64_t{1} << static_cast<std::size_t>(span.data_ - chunk.begin) / size;
    if (chunk.free != ~std::uint64_t{0}) return;
    unlink(chunk);
    ::munmap(chunk.begin, chunk_size);
    delete &chunk;
  }

 private:
  bool grow() noexcept {
    void* const begin = ::mmap(nullptr, chunk_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (begin == MAP_FAILED) return false;
    auto* const chunk = new (std::nothrow) Chunk;
    if (chunk == nullptr) {
      ::munmap(begin, chunk_size);
      return false;
    }
    // A huge page would be there whole as soon as one byte is.
    ::madvise(begin, chunk_size, MADV_NOHUGEPAGE);
    chunk->begin = static_cast<std::byte*>(begin);
    link(*chunk);
    return true;
  }

  void link(Chunk& chunk) noexcept {
    chunk.previous = nullptr;
    chunk.next = first_;
    if (first_ != nullptr) first_->previous = &chunk;
    first_ = &chunk;
  }

  void unlink(Chunk& chunk) noexcept {
    (chunk.previous != nullptr ? chunk.previous->next : first_) = chunk.next;
    if (chunk.next != nullptr) chunk.next->previous = chunk.previous;
  }

  std::mutex mutex_;
  Chunk* first_ = nullptr;
};

PageSpan::Pool& PageSpan::pool() noexcept {
  // Trivially destructible: spans of static objects end after it.
  static constinit Pool pool;
  return pool;
}

PageSpan::PageSpan() noexcept {
  if (available && small_pages()) pool().take(*this);
}

void PageSpan::drop_end(std::size_t count) noexcept { ::madvise(data_ + size - count, count, MADV_DONTNEED); }

PageSpan::~PageSpan() {
  if (chunk_ != nullptr) pool().give_back(*this);
}

}  // namespace connectrpc::io
