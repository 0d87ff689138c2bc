// ASCII case, blanks and comma-separated lists, as HTTP fields need them; no locale anywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/chunk.h"

namespace connectrpc::base {

constexpr char to_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

/// to_lower of the eight characters of a word at once.
constexpr std::uint64_t to_lower(std::uint64_t characters) noexcept {
  constexpr std::uint64_t each = 0x0101010101010101U;
  constexpr std::uint64_t highest = 0x80 * each;
  // Without its highest bit a character cannot carry into its neighbour: the sums' highest bits say "from 'A' on" and
  // "after 'Z'".
  const std::uint64_t low = characters & ~highest;
  const std::uint64_t from_a = low + (0x80 - 'A') * each;
  const std::uint64_t after_z = low + (0x7f - 'Z') * each;
  const std::uint64_t capital = (from_a ^ after_z) & ~characters & highest;
  return characters | capital >> 2;
}

inline std::string to_lower(std::string_view text) {
  std::string lower(text.size(), '\0');
  copy_lower(lower.data(), text);
  return lower;
}

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Whether `text`, lower-cased, is `lower`, which is lower-case already.
constexpr bool equals_lower(std::string_view text, std::string_view lower) noexcept {
  if (text.size() != lower.size()) return false;
  constexpr std::size_t word = sizeof(std::uint64_t);
  if (!std::is_constant_evaluated() && text.size() >= word) {
    constexpr std::uint64_t case_bits = 0x2020202020202020U;
    const auto differ = [&](std::size_t at) {
      std::uint64_t a;
      std::uint64_t b;
      std::memcpy(&a, text.data() + at, word);
      std::memcpy(&b, lower.data() + at, word);
      // Most differ in more than case.
      return ((a ^ b) & ~case_bits) != 0 || to_lower(a) != b;
    };
    // The last word first: names of one length tend to begin alike.
    if (differ(text.size() - word)) return false;
    for (std::size_t at = 0; at + word < text.size(); at += word)
      if (differ(at)) return false;
    return true;
  }
  for (std::size_t i = 0; i < text.size(); ++i)
    if (to_lower(text[i]) != lower[i]) return false;
  return true;
}

/// Whether `text` begins with `lower` but for case; `lower` is lower-case already.
constexpr bool starts_with_lower(std::string_view text, std::string_view lower) noexcept {
  return text.size() >= lower.size() && equals_lower(text.substr(0, lower.size()), lower);
}

/// Whether `text` ends in `lower` but for case; `lower` is lower-case already.
constexpr bool ends_with_lower(std::string_view text, std::string_view lower) noexcept {
  return text.size() >= lower.size() && equals_lower(text.substr(text.size() - lower.size()), lower);
}

/// Whether two texts differ in ASCII case at most.
constexpr bool iequals(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  return true;
}

/// `text` without the spaces and tabs at its ends.
constexpr std::string_view trim(std::string_view text) noexcept {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Calls `part` with each trimmed piece between commas, empty ones included (an empty text is one empty piece). A
/// `part` that returns bool ends the walk with false; the result is whether the walk reached the end.
template <class Part>
constexpr bool for_each_comma_part(std::string_view text, Part&& part) {
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view piece = trim(text.substr(0, comma));
    if constexpr (std::is_same_v<std::invoke_result_t<Part&, std::string_view>, bool>) {
      if (!part(piece)) return false;
    } else {
      part(piece);
    }
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

/// The trimmed pieces between commas without the empty ones, as HTTP reads a list ("gzip, br").
inline std::vector<std::string_view> split_commas(std::string_view text) {
  std::vector<std::string_view> pieces;
  for_each_comma_part(text, [&pieces](std::string_view piece) {
    if (!piece.empty()) pieces.push_back(piece);
  });
  return pieces;
}

}  // namespace connectrpc::base
