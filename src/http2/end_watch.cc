// Frames that come after the end of their stream.
#include "http2/end_watch.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>

namespace connectrpc::http2 {

bool EndWatch::passes_the_end(std::string_view bytes) noexcept {
  bool passed = false;
  while (!bytes.empty()) {
    if (skip_ != 0) {
      const std::size_t skipped = std::min(skip_, bytes.size());
      skip_ -= skipped;
      bytes.remove_prefix(skipped);
      continue;
    }
    if (head_filled_ == 0 && bytes.size() >= frame_head_size) {
      passed |= on_frame_head(bytes.data());
      bytes.remove_prefix(frame_head_size);
      continue;
    }
    head_[head_filled_++] = bytes.front();
    bytes.remove_prefix(1);
    if (head_filled_ == frame_head_size) {
      head_filled_ = 0;
      passed |= on_frame_head(head_.data());
    }
  }
  return passed;
}

bool EndWatch::on_frame_head(const char* head) noexcept {
  const auto byte = [head](std::size_t at) -> std::uint32_t { return static_cast<unsigned char>(head[at]); };
  skip_ = byte(0) << 16 | byte(1) << 8 | byte(2);
  const std::uint32_t type = byte(3);
  const std::uint32_t flags = byte(4);
  const std::uint32_t id = (byte(5) & 0x7f) << 24 | byte(6) << 16 | byte(7) << 8 | byte(8);
  const bool carries = type == NGHTTP2_DATA || type == NGHTTP2_HEADERS;
  if (id == 0 || (!carries && type != NGHTTP2_RST_STREAM)) return false;
  if (id <= largest_ended_ && std::find(ended_.begin(), ended_.end(), id) != ended_.end()) return carries;
  if (!carries || (flags & NGHTTP2_FLAG_END_STREAM) != 0) {
    ended_[next_] = id;
    next_ = (next_ + 1) % ended_.size();
    largest_ended_ = std::max(largest_ended_, id);
  }
  return false;
}

}  // namespace connectrpc::http2
