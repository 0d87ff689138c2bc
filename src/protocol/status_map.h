// Codes, HTTP statuses and resets: what each becomes in terms of the others.
#pragma once

#include <string>

#include "connectrpc/code.h"
#include "http/exchange.h"

namespace connectrpc::protocol {

/// The HTTP status of a Connect unary error (Connect protocol, "Error codes").
int http_status(Code code) noexcept;

/// The code of an HTTP answer that does not say one itself (gRPC's http-grpc-status-mapping.md, which Connect shares).
Code code_of_http_status(int status) noexcept;

/// The code of a reset (gRPC over HTTP/2, "Errors").
Code code_of_reset(http::ResetReason reason) noexcept;

/// "HTTP 503 Service Unavailable".
std::string describe_http_status(int status);

}  // namespace connectrpc::protocol
