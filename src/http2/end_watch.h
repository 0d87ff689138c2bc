// Frames on streams that a client has ended, or passed over.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace connectrpc::http2 {

/// Reads along with what a client sends and finds what nghttp2 lets pass: DATA and HEADERS on streams that the client
/// has ended or reset (RFC 9113 section 5.1), which nghttp2 could find only by keeping closed streams, some 60 KiB a
/// connection, and HEADERS that open a stream below one that was opened before (section 5.1.1). Remembers the last few
/// of each; what it forgot passes, and nghttp2 ignores it.
class EndWatch {
 public:
  /// All bytes from the preface on, cut in any way. The error of the connection that a frame beginning in these is, or
  /// NGHTTP2_NO_ERROR.
  std::uint32_t look(std::string_view bytes) noexcept;

 private:
  static constexpr std::size_t preface_size = 24;
  static constexpr std::size_t frame_head_size = 9;

  /// Streams that are closed because a higher one was opened first.
  struct Gap {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
  };

  std::uint32_t on_frame_head(const char* head) noexcept;
  bool was_passed_over(std::uint32_t id) const noexcept;

  std::size_t skip_ = preface_size;  // bytes before the next frame's head
  std::array<char, frame_head_size> head_{};
  std::size_t head_filled_ = 0;
  std::array<std::uint32_t, 16> ended_{};
  std::size_t next_ = 0;
  std::uint32_t largest_ended_ = 0;
  std::uint32_t next_id_ = 1;  // what the client opens next if it leaves none out
  std::array<Gap, 4> gaps_{};
  std::size_t next_gap_ = 0;
};

}  // namespace connectrpc::http2
