// Where nghttp2 keeps a session.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>

#include "io/page_span.h"

namespace connectrpc::http2 {

/// What nghttp2 makes with a session lies in a span of pages: its output buffer has room for a whole frame, and its
/// table of streams for hundreds of them, but a connection at rest has written two pages of seven. What comes and goes
/// with streams lives in cached blocks. Must outlive the session.
class SessionMemory {
 public:
  SessionMemory() noexcept;
  SessionMemory(const SessionMemory&) = delete;
  SessionMemory& operator=(const SessionMemory&) = delete;

  nghttp2_mem hooks() noexcept;
  /// The session is made.
  void close_span() noexcept { next_ = end_ = nullptr; }
  /// Gives back pages that hold nothing but zeros again, as those of the table of streams when all have ended.
  void drop_zeros() noexcept;

 private:
  void* allocate(std::size_t size) noexcept;
  void* allocate_zeros(std::size_t size) noexcept;
  void* reallocate(void* block, std::size_t size) noexcept;
  // From the span; null if there is no room.
  void* take(std::size_t size) noexcept;
  void* take_pages(std::size_t size) noexcept;

  io::PageSpan span_;
  std::byte* next_ = nullptr;
  std::byte* end_ = nullptr;
  // Pages at the end that began as zeros.
  std::size_t zeros_ = 0;
};

}  // namespace connectrpc::http2
