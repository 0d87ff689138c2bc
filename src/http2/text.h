// Texts: what nghttp2 hands over, and pieces of error texts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace connectrpc::http2 {

/// Bytes as nghttp2 gives them.
inline std::string_view as_text(const std::uint8_t* bytes, std::size_t size) noexcept {
  return {reinterpret_cast<const char*>(bytes), size};
}

/// Bytes of a peer as one line of ASCII: what cannot be printed becomes '?'.
std::string printable(std::string_view bytes);
/// printable() in quotation marks, cut after 100 bytes.
std::string quoted(std::string_view bytes);
/// `: "bytes"`, or nothing if there are none.
std::string excerpt(std::string_view bytes);
/// "CANCEL", "unknown error code 77".
std::string error_name(std::uint32_t error_code);

}  // namespace connectrpc::http2
