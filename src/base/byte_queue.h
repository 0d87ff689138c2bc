// Received bytes that wait to be understood.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/lent_string.h"

namespace connectrpc::base {

/// Bytes in one piece, appended at the back and consumed at the front; both amortised O(1). Bounds nothing: the owner
/// checks size() against its limit before it appends. One that was large gives its memory back when it empties.
class ByteQueue {
 public:
  /// How much room there may be for what has not come yet: this many times what has, and a little.
  static constexpr std::size_t ahead = 4;
  static constexpr std::size_t least_room = 4 * 1024;

  ByteQueue() = default;
  ByteQueue(const ByteQueue&) = delete;
  ByteQueue& operator=(const ByteQueue&) = delete;
  ~ByteQueue() { clear(); }

  void append(std::string_view bytes);
  /// All bytes; valid until the next change.
  std::string_view view() const& noexcept { return std::string_view(buffer_).substr(head_); }
  std::string_view view() const&& = delete;
  /// Drops the first `count` bytes, or all if there are fewer.
  void consume(std::size_t count) noexcept;
  std::size_t size() const noexcept { return buffer_.size() - head_; }
  bool empty() const noexcept { return size() == 0; }
  /// Makes room for `count` more bytes.
  void reserve(std::size_t count);
  /// All bytes out; without a copy if none had been consumed.
  std::string take();
  void clear() noexcept {
    head_ = 0;
    if (buffer_.capacity() >= worth_lending) {
      give_back(buffer_);
    } else {
      buffer_.clear();
    }
  }
  /// Bytes of memory held.
  std::size_t capacity() const noexcept { return buffer_.capacity(); }

 private:
  std::string buffer_;
  std::size_t head_ = 0;
};

}  // namespace connectrpc::base
