// Buffers that unpacked bytes grow into.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>

namespace connectrpc::compression {

/// Half of the address space: far above every limit that works, far below what overflows.
inline constexpr std::size_t out_max = std::numeric_limits<std::ptrdiff_t>::max();

/// How large an `out` of `before` bytes may become by `limit` more.
inline std::size_t largest_output(std::size_t before, std::size_t limit) {
  return before + std::min(limit, out_max - before);
}

/// Resizes `out` to `size` bytes, at most `most`. Allocates no more than `most`, where std::string would round up to
/// twice its capacity, beyond the caller's limit.
inline void grow(std::string& out, std::size_t size, std::size_t most) {
  if (size > out.capacity()) {
    std::string larger;
    larger.reserve(std::max(size, std::min(2 * out.capacity(), most)));
    larger.append(out);
    out = std::move(larger);
  }
  out.resize(size);
}

/// Gives unused memory back where it is much: compressed messages wait in queues.
inline void give_back(std::string& out) {
  constexpr std::size_t most_unused = 64 * 1024;
  if (out.capacity() - out.size() > most_unused) out.shrink_to_fit();
}

}  // namespace connectrpc::compression
