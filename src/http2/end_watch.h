// Frames that come after the end of their stream.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace connectrpc::http2 {

/// Reads along with what a client sends and finds DATA and HEADERS on streams that it has ended or reset, which are
/// connection errors (RFC 9113 section 5.1). nghttp2 could find them only by keeping closed streams, some 60 KiB a
/// connection. Remembers the last few ends; what it forgot passes, and nghttp2 ignores it.
class EndWatch {
 public:
  /// All bytes from the preface on, cut in any way. True if a frame that begins in these comes after its stream's end.
  bool passes_the_end(std::string_view bytes) noexcept;

 private:
  static constexpr std::size_t preface_size = 24;
  static constexpr std::size_t frame_head_size = 9;

  bool on_frame_head(const char* head) noexcept;

  std::size_t skip_ = preface_size;  // bytes before the next frame's head
  std::array<char, frame_head_size> head_{};
  std::size_t head_filled_ = 0;
  std::array<std::uint32_t, 16> ended_{};
  std::size_t next_ = 0;
  std::uint32_t largest_ended_ = 0;
};

}  // namespace connectrpc::http2
