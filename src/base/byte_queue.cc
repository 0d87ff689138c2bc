// Received bytes that wait to be understood.
#include "base/byte_queue.h"

#include <algorithm>
#include <utility>

namespace connectrpc::base {
void ByteQueue::append(std::string_view bytes) {
  reserve(bytes.size());
  buffer_.append(bytes);
}

void ByteQueue::reserve(std::size_t count) {
  if (count <= buffer_.capacity() - buffer_.size()) return;
  // Moving the live bytes forward pays only if at least as many were consumed.
  if (head_ >= size() && count <= buffer_.capacity() - size()) {
    buffer_.erase(0, head_);
  } else {
    // A first piece that is large is a frame of something larger.
    const bool first = empty() && count >= worth_lending;
    const std::size_t room = first ? ahead * count + least_room : std::max(size() + count, 2 * size());
    std::string larger;
    if (room >= worth_lending) larger = borrow_string(room);
    larger.reserve(room);
    larger.append(view());
    if (buffer_.capacity() >= worth_lending) give_back(buffer_);
    buffer_ = std::move(larger);
  }
  head_ = 0;
}

void ByteQueue::consume(std::size_t count) noexcept {
  if (count < size()) {
    head_ += count;
  } else {
    clear();
  }
}

std::string ByteQueue::take() {
  std::string all = head_ == 0 ? std::move(buffer_) : buffer_.substr(head_);
  clear();
  return all;
}

}  // namespace connectrpc::base
