// UTF-8 checking: eight ASCII bytes a step, one code point a step elsewhere.
#include "base/utf8.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace connectrpc::base {
namespace {

bool eight_ascii(const char* at) noexcept {
  std::uint64_t eight;
  std::memcpy(&eight, at, sizeof eight);
  return (eight & 0x8080808080808080U) == 0;
}

// The length of the code point that begins `text`, whose first byte is not ASCII; 0 if there is none.
std::size_t code_point_size(std::string_view text) noexcept {
  const auto at = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  const std::size_t size = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (size == 0 || text.size() < size) return 0;
  // The second byte's bounds rule out overlong forms, surrogates and what lies above U+10FFFF.
  const unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (at(1) < low || at(1) > high) return 0;
  for (std::size_t i = 2; i < size; ++i)
    if ((at(i) & 0xc0) != 0x80) return 0;
  return size;
}

}  // namespace

bool is_valid_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    if (text.size() >= 8 && eight_ascii(text.data())) {
      text.remove_prefix(8);
    } else if (static_cast<unsigned char>(text.front()) < 0x80) {
      text.remove_prefix(1);
    } else {
      const std::size_t size = code_point_size(text);
      if (size == 0) return false;
      text.remove_prefix(size);
    }
  }
  return true;
}

}  // namespace connectrpc::base
