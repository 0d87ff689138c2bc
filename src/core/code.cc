// The sixteen status codes and their words on the wire.
#include "connectrpc/code.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace connectrpc {
namespace {

// In the order of their numbers, from 1.
constexpr std::array<std::string_view, 16> words = {
    "canceled",       "unknown",           "invalid_argument",   "deadline_exceeded",   "not_found",
    "already_exists", "permission_denied", "resource_exhausted", "failed_precondition", "aborted",
    "out_of_range",   "unimplemented",     "internal",           "unavailable",         "data_loss",
    "unauthenticated"};

}  // namespace

std::string_view to_string(Code code) noexcept {
  return words[static_cast<std::size_t>(code_from_number(static_cast<int>(code)).value_or(Code::unknown)) - 1];
}

std::optional<Code> code_from_string(std::string_view word) noexcept {
  const auto found = std::find(words.begin(), words.end(), word);
  if (found == words.end()) return std::nullopt;
  return static_cast<Code>(std::distance(words.begin(), found) + 1);
}

std::optional<Code> code_from_number(int number) noexcept {
  if (number < 1 || number > static_cast<int>(words.size())) return std::nullopt;
  return static_cast<Code>(number);
}

}  // namespace connectrpc
