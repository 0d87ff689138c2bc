// Decimal numbers in texts.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>
#include <system_error>

namespace connectrpc::base {

/// The number that all of `text` is; empty if it is none or none that fits. No sign but '-' before a signed one, no
/// blanks.
template <std::integral Number>
std::optional<Number> parse_decimal(std::string_view text) noexcept {
  Number number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

}  // namespace connectrpc::base
