// Body bytes that wait for the peer's window.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/output.h"

namespace connectrpc::http2 {

/// Chunks in the order in which they were given, taken from the front in pieces of any size. The first and large ones
/// are moved in; small ones that follow, and what is appended, are gathered. Bounds nothing: whoever sends watches
/// size().
class SendQueue {
 public:
  void push(std::string chunk);
  void append(std::string_view bytes) {
    if (!has_room(bytes.size())) add_room(bytes.size());
    chunks_.back().own() += bytes;
    size_ += bytes.size();
  }
  /// Bytes that wait.
  std::size_t size() const noexcept { return size_; }
  /// Appends the first `count` bytes, at most size(), to `out` and drops them here.
  void move_to(io::Output& out, std::size_t count);
  /// Drops everything; keeps a little memory for the next use.
  void clear() noexcept;

 private:
  bool has_room(std::size_t size) noexcept {
    if (first_ >= chunks_.size() || chunks_.back().shared()) return false;
    const std::string& last = chunks_.back().own();
    return last.capacity() - last.size() >= size;
  }
  void add_room(std::size_t size);
  // Empty, but for the memory of the last chunk.
  void keep_room();

  std::vector<io::BodyBytes> chunks_;
  std::size_t first_ = 0;   // chunks before it were taken
  std::size_t offset_ = 0;  // bytes of chunks_[first_] that were taken
  std::size_t size_ = 0;
};

}  // namespace connectrpc::http2
