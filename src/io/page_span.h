// Address space that costs memory only where it is written.
#pragma once

#include <cstddef>

namespace connectrpc::io {

/// 28 KiB, zero at first, of which pages of 4 KiB take memory when they are first written, so that buffers whose first
/// bytes alone are ever used may lie in it at full length. Spans come from the kernel some dozens at once, and their
/// memory goes back as they end. Any thread.
class PageSpan {
 public:
  static constexpr std::size_t page = 4096;
  static constexpr std::size_t size = 7 * page;

  /// Empty where there is no memory, where the system's pages are larger, and under sanitizers, which would not see
  /// what is used after its end.
  PageSpan() noexcept;
  PageSpan(const PageSpan&) = delete;
  PageSpan& operator=(const PageSpan&) = delete;
  ~PageSpan();

  /// Aligned as a page; null if it is empty.
  std::byte* data() const noexcept { return data_; }
  /// The last `count` bytes, whole pages, become zero and cost nothing again.
  void drop_end(std::size_t count) noexcept;

 private:
  struct Chunk;
  class Pool;
  static Pool& pool() noexcept;

  Chunk* chunk_ = nullptr;
  std::byte* data_ = nullptr;
};

}  // namespace connectrpc::io
