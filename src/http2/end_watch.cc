// Frames on streams that a client has ended, or passed over.
#include "http2/end_watch.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>

namespace connectrpc::http2 {

std::uint32_t EndWatch::look(std::string_view bytes) noexcept {
  std::uint32_t error = NGHTTP2_NO_ERROR;
  const auto take = [&](const char* head) {
    const std::uint32_t found = on_frame_head(head);
    if (error == NGHTTP2_NO_ERROR) error = found;
  };
  while (!bytes.empty()) {
    if (skip_ != 0) {
      const std::size_t skipped = std::min(skip_, bytes.size());
      skip_ -= skipped;
      bytes.remove_prefix(skipped);
      continue;
    }
    if (head_filled_ == 0 && bytes.size() >= frame_head_size) {
      take(bytes.data());
      bytes.remove_prefix(frame_head_size);
      continue;
    }
    head_[head_filled_++] = bytes.front();
    bytes.remove_prefix(1);
    if (head_filled_ == frame_head_size) {
      head_filled_ = 0;
      take(head_.data());
    }
  }
  return error;
}

bool EndWatch::was_passed_over(std::uint32_t id) const noexcept {
  return std::any_of(gaps_.begin(), gaps_.end(), [id](const Gap& gap) { return gap.first <= id && id <= gap.last; });
}

std::uint32_t EndWatch::on_frame_head(const char* head) noexcept {
  const auto byte = [head](std::size_t at) -> std::uint32_t { return static_cast<unsigned char>(head[at]); };
  skip_ = byte(0) << 16 | byte(1) << 8 | byte(2);
  const std::uint32_t type = byte(3);
  const std::uint32_t flags = byte(4);
  const std::uint32_t id = (byte(5) & 0x7f) << 24 | byte(6) << 16 | byte(7) << 8 | byte(8);
  const bool carries = type == NGHTTP2_DATA || type == NGHTTP2_HEADERS;
  if (id == 0 || (!carries && type != NGHTTP2_RST_STREAM)) return NGHTTP2_NO_ERROR;
  if (type == NGHTTP2_HEADERS) {
    if (id < next_id_) {
      if (was_passed_over(id)) return NGHTTP2_PROTOCOL_ERROR;
    } else {
      if (id > next_id_) {
        gaps_[next_gap_] = {next_id_, id - 1};
        next_gap_ = (next_gap_ + 1) % gaps_.size();
      }
      next_id_ = id + 2;
    }
  }
  if (id <= largest_ended_ && std::find(ended_.begin(), ended_.end(), id) != ended_.end())
    return carries ? NGHTTP2_STREAM_CLOSED : NGHTTP2_NO_ERROR;
  if (!carries || (flags & NGHTTP2_FLAG_END_STREAM) != 0) {
    ended_[next_] = id;
    next_ = (next_ + 1) % ended_.size();
    largest_ended_ = std::max(largest_ended_, id);
  }
  return NGHTTP2_NO_ERROR;
}

}  // namespace connectrpc::http2
