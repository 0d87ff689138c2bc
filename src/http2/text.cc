// Pieces of error texts.
#include "http2/text.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>

namespace connectrpc::http2 {

std::string printable(std::string_view bytes) {
  std::string text(bytes);
  std::replace_if(text.begin(), text.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return text;
}

std::string quoted(std::string_view bytes) {
  constexpr std::size_t most = 100;
  std::string text = "\"" + printable(bytes.substr(0, most));
  return text + (bytes.size() > most ? "...\"" : "\"");
}

std::string excerpt(std::string_view bytes) { return bytes.empty() ? std::string() : ": " + quoted(bytes); }

std::string error_name(std::uint32_t error_code) {
  if (error_code > NGHTTP2_HTTP_1_1_REQUIRED) return "unknown error code " + std::to_string(error_code);
  return nghttp2_http2_strerror(error_code);
}

}  // namespace connectrpc::http2
