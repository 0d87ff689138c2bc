// Buffers of messages that arrive in pieces.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace connectrpc::protocol {

/// Appends to a buffer that will hold `expected` bytes in the end, or fewer. Capacity doubles with what has arrived,
/// and never exceeds `expected`: announcing a large message costs its sender as much as us.
inline void append_growing(std::string& buffer, std::string_view bytes, std::size_t expected) {
  const std::size_t needed = buffer.size() + bytes.size();
  if (needed > buffer.capacity()) {
    std::string larger;
    larger.reserve(std::max(needed, std::min(expected, 2 * needed)));
    larger.append(buffer);
    buffer = std::move(larger);
  }
  buffer.append(bytes);
}

/// Empties a buffer for the next message of the same call; gives its memory back if that is more than messages usually
/// take.
inline void recycle(std::string& buffer) {
  constexpr std::size_t most_kept = 64 * 1024;
  if (buffer.capacity() > most_kept) {
    std::string().swap(buffer);  // assigning an empty string would keep the capacity
  } else {
    buffer.clear();
  }
}

}  // namespace connectrpc::protocol
