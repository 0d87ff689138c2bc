// Sets of characters, and those that HTTP's texts consist of.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace connectrpc::base {

class CharacterSet {
 public:
  /// Of these characters.
  constexpr explicit CharacterSet(std::string_view characters) noexcept {
    for (const char c : characters) has_[static_cast<unsigned char>(c)] = true;
  }

  constexpr bool has(char c) const noexcept { return has_[static_cast<unsigned char>(c)]; }
  /// Whether all of `text` is in it.
  constexpr bool has_all(std::string_view text) const noexcept {
    return std::ranges::all_of(text, [this](char c) { return has(c); });
  }
  constexpr CharacterSet with(std::string_view others) const noexcept {
    CharacterSet all = *this;
    for (const char c : others) all.has_[static_cast<unsigned char>(c)] = true;
    return all;
  }

 private:
  std::array<bool, 256> has_{};
};

inline constexpr CharacterSet digits("0123456789");
inline constexpr CharacterSet lower_letters("abcdefghijklmnopqrstuvwxyz");
inline constexpr CharacterSet letters = lower_letters.with("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
inline constexpr CharacterSet letters_and_digits = letters.with("0123456789");
/// Of tokens (RFC 9110 section 5.6.2) but letters and digits.
inline constexpr std::string_view token_marks = "!#$%&'*+-.^_`|~";
inline constexpr CharacterSet token_characters = letters_and_digits.with(token_marks);
/// Of "host" and "host:port" (RFC 3986 section 3.2.2).
inline constexpr CharacterSet host_characters = letters_and_digits.with("-._~%!$&'()*+,;=:[]");

/// Whether `text` may be a method or the name of a field (RFC 9110 section 5.6.2).
constexpr bool is_token(std::string_view text) noexcept { return !text.empty() && token_characters.has_all(text); }

/// Whether `text` may stand in the value of a field (RFC 9110 section 5.5): no control characters but tabs.
constexpr bool is_field_value(std::string_view text) noexcept {
  return std::ranges::none_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

}  // namespace connectrpc::base
