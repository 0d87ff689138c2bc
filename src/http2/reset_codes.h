// Error codes of HTTP/2 (RFC 9113 section 7) and the reasons of a reset.
#pragma once

#include <cstdint>

#include "http/exchange.h"

namespace connectrpc::http2 {

/// What to write into RST_STREAM for a reason.
std::uint32_t to_error_code(http::ResetReason reason) noexcept;
/// What a received code means for the exchange.
http::ResetReason to_reason(std::uint32_t error_code) noexcept;

}  // namespace connectrpc::http2
