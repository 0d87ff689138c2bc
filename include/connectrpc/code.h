// The sixteen status codes that Connect and gRPC share.
#pragma once

#include <optional>
#include <string_view>

namespace connectrpc {

/// Why a call failed. Numbers are gRPC's, names are the words of the Connect protocol ("Error codes").
enum class Code {
  canceled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};

/// The word on the wire, "not_found"; "unknown" for a number that is no code. The view is static.
std::string_view to_string(Code code) noexcept;

/// The code of a word on the wire, exactly spelled; empty for any other word.
std::optional<Code> code_from_string(std::string_view word) noexcept;

/// The code of a gRPC status number; empty for 0 (which is success) and for numbers that are no code.
std::optional<Code> code_from_number(int number) noexcept;

}  // namespace connectrpc
