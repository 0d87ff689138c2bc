// Buffers that unpacked bytes grow into.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>

#include "connectrpc/compression.h"

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

/// Where decoders that give their output piece by piece put it: behind what a string had, up to a limit.
class OutputWindow {
 public:
  /// `room`: how much is likely to come.
  OutputWindow(std::string& out, std::size_t limit, std::size_t room)
      : out_(out), before_(out.size()), end_(before_), most_(largest_output(before_, limit)) {
    compression::grow(out_, before_ + std::min(std::max(room, least_room), most_ - before_), most_);
  }

  char* data() noexcept { return full_ ? &spare_ : out_.data() + end_; }
  std::size_t room() const noexcept { return full_ ? (overflown_ ? 0 : 1) : out_.size() - end_; }
  /// `size` bytes were put at data().
  void filled(std::size_t size) noexcept {
    if (full_) {
      overflown_ = overflown_ || size != 0;
    } else {
      end_ += size;
    }
  }
  /// Makes more room; false beyond the limit. At the limit there is room for one byte more, since decoders want room
  /// while they read what follows the last byte.
  bool grow() {
    if (out_.size() == most_) {
      full_ = true;
      return !overflown_;
    }
    const std::size_t made = end_ - before_;
    compression::grow(out_, out_.size() + std::min(std::max(made, least_room), most_ - out_.size()), most_);
    return true;
  }
  Compression::Outcome succeed() {
    if (overflown_) return fail(Compression::Outcome::too_large);
    out_.resize(end_);
    return Compression::Outcome::ok;
  }
  Compression::Outcome fail(Compression::Outcome outcome) {
    out_.resize(before_);
    return outcome;
  }

 private:
  static constexpr std::size_t least_room = 256;

  std::string& out_;
  std::size_t before_;
  std::size_t end_;
  std::size_t most_;
  bool full_ = false;
  bool overflown_ = false;
  char spare_ = 0;
};

}  // namespace connectrpc::compression
