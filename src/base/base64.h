// Base64 (RFC 4648), both alphabets.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace connectrpc::base {

/// Standard alphabet, padded.
std::string base64_encode(std::string_view bytes);
/// Standard alphabet, without padding.
std::string base64_encode_unpadded(std::string_view bytes);
/// URL-safe alphabet, without padding.
std::string base64url_encode_unpadded(std::string_view bytes);

/// How many characters `base64_encode_unpadded` makes of `size` bytes.
constexpr std::size_t base64_unpadded_size(std::size_t size) noexcept {
  return size / 3 * 4 + (size % 3 == 0 ? 0 : size % 3 + 1);
}

/// Decodes the standard alphabet, padded or not. False, with `out` empty, for any other character, wrong padding, or a
/// length that base64 never has. Leftover bits of the last character are not looked at.
bool base64_decode(std::string_view text, std::string& out);
/// The same for the URL-safe alphabet, and only that one: in a query the standard alphabet's '+' means a space.
bool base64url_decode(std::string_view text, std::string& out);

/// Whether base64_decode would succeed; allocates nothing.
bool base64_valid(std::string_view text) noexcept;

}  // namespace connectrpc::base
