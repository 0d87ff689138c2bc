// The last envelope of a Connect stream (Connect protocol, "EndStreamResponse").
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "connectrpc/headers.h"
#include "protocol/connect/error_json.h"

namespace connectrpc::protocol {

/// Appends the message; `error` null for success.
void print_end_stream(const Error* error, const Headers& metadata, std::string& out);

struct EndStream {
  /// Set if the message has an error, whatever that may be, but null.
  std::optional<WireError> error;
  /// As received, lower case.
  Headers metadata;
};

/// Empty if it is no JSON object.
std::optional<EndStream> parse_end_stream(std::string_view json);

}  // namespace connectrpc::protocol
