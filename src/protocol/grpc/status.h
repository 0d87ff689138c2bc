// How gRPC and gRPC-Web say how a call ended.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "connectrpc/error.h"
#include "connectrpc/headers.h"

namespace connectrpc::protocol {

/// Makes `grpc-status` and what belongs to it of `error` (null: success), followed by the error's own metadata and then
/// `trailers` (metadata.md S4).
Headers make_status_trailers(const Error* error, Headers trailers);

/// How a call ended.
struct Status {
  /// Whether there was a grpc-status at all.
  bool present = false;
  /// Empty: success. Otherwise with message and details, remote.
  std::optional<Error> error;
};

/// Reads it from trailers, or from the headers of an answer that is nothing but trailers.
Status read_status(const Headers& fields);

/// google.rpc.Status by hand: a generated class in this library would collide with the user's own.
std::string encode_status(int code, std::string_view message, std::span<const ErrorDetail> details);

struct DecodedStatus {
  int code = 0;
  std::string message;
  std::vector<ErrorDetail> details;
};
/// Empty if it is broken.
std::optional<DecodedStatus> decode_status(std::string_view bytes);

}  // namespace connectrpc::protocol
