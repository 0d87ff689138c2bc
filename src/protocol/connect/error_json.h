// Connect's errors as JSON (Connect protocol, "Error end-stream" and "Unary error responses").
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectrpc/error.h"
#include "protocol/json_reader.h"

namespace connectrpc::protocol {

/// Appends the error object, without metadata.
void print_error(const Error& error, std::string& out);

/// What an error object says. Lenient: members that are missing, unknown or of the wrong kind do not count, nor do
/// details that cannot be decoded.
struct WireError {
  /// Empty where the object names no code that exists.
  std::optional<Code> code;
  std::string message;
  std::vector<ErrorDetail> details;

  /// A remote error; `otherwise` where there is no code.
  Error to_error(Code otherwise) &&;
};

/// Reads the object that comes next; false where it is no JSON.
bool read_error(JsonReader& reader, WireError& error);

/// A whole error object; empty for anything else.
std::optional<WireError> parse_error(std::string_view json);

}  // namespace connectrpc::protocol
