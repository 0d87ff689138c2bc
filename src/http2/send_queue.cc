// Body bytes that wait for the peer's window.
#include "http2/send_queue.h"

#include <algorithm>

namespace connectrpc::http2 {
namespace {

// What an empty queue keeps room for: a unary call has one chunk, a busy stream some dozens a turn.
constexpr std::size_t most_kept = 64;
// Room for a few messages at first: most often nothing follows the one that is sent.
constexpr std::size_t least_room = 512;
constexpr std::size_t most_room = 16 * 1024;
// What a stream keeps that sends one message at a time.
constexpr std::size_t most_room_kept = 2 * least_room;

}  // namespace

void SendQueue::push(std::string chunk) {
  // A stream's small messages, each in memory of its own, would cost more to free than to copy.
  constexpr std::size_t small = 1024;
  if (chunk.size() <= small && first_ < chunks_.size()) return append(chunk);
  size_ += chunk.size();
  chunks_.emplace_back(std::move(chunk));
}

void SendQueue::add_room(std::size_t size) {
  const std::size_t last = first_ < chunks_.size() ? chunks_.back().own().capacity() : 0;
  chunks_.emplace_back().own().reserve(std::max(size, std::clamp(2 * last, least_room, most_room)));
}

void SendQueue::move_to(io::Output& out, std::size_t count) {
  count = std::min(count, size_);
  size_ -= count;
  while (count != 0) {
    io::BodyBytes& chunk = chunks_[first_];
    const std::size_t part = std::min(count, chunk.size() - offset_);
    out.append(chunk, offset_, part);
    count -= part;
    offset_ += part;
    if (offset_ == chunk.size()) {
      offset_ = 0;
      if (count == 0 && size_ == 0 && !chunk.shared() && chunk.own().capacity() <= most_room_kept &&
          chunks_.capacity() <= most_kept)
        return keep_room();
      chunk.drop();
      ++first_;
    }
  }
  if (size_ == 0) {
    clear();
  } else if (first_ >= most_kept && 2 * first_ >= chunks_.size()) {
    // A writer that keeps ahead of the window would otherwise let the vector grow with all it ever sent.
    chunks_.erase(chunks_.begin(), chunks_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
}

void SendQueue::keep_room() {
  std::string& last = chunks_[first_].own();
  last.clear();
  if (first_ != 0) {
    chunks_.front().own().swap(last);
    chunks_.resize(1);
    first_ = 0;
  }
}

void SendQueue::clear() noexcept {
  if (chunks_.capacity() > most_kept) {
    chunks_ = {};
  } else {
    chunks_.clear();
  }
  first_ = 0;
  offset_ = 0;
  size_ = 0;
}

}  // namespace connectrpc::http2
