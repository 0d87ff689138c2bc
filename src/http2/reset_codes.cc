// Error codes of HTTP/2 (RFC 9113 section 7) and the reasons of a reset.
#include "http2/reset_codes.h"

#include <nghttp2/nghttp2.h>

namespace connectrpc::http2 {

std::uint32_t to_error_code(http::ResetReason reason) noexcept {
  switch (reason) {
    case http::ResetReason::canceled:
    case http::ResetReason::connection_lost: return NGHTTP2_CANCEL;
    case http::ResetReason::refused: return NGHTTP2_REFUSED_STREAM;
    case http::ResetReason::protocol_error: return NGHTTP2_PROTOCOL_ERROR;
    case http::ResetReason::flow_control_error: return NGHTTP2_FLOW_CONTROL_ERROR;
    case http::ResetReason::too_busy:
    case http::ResetReason::too_large: return NGHTTP2_ENHANCE_YOUR_CALM;
    case http::ResetReason::inadequate_security: return NGHTTP2_INADEQUATE_SECURITY;
    case http::ResetReason::internal_error: return NGHTTP2_INTERNAL_ERROR;
    case http::ResetReason::no_error: return NGHTTP2_NO_ERROR;
  }
  return NGHTTP2_INTERNAL_ERROR;
}

http::ResetReason to_reason(std::uint32_t error_code) noexcept {
  switch (error_code) {
    case NGHTTP2_NO_ERROR: return http::ResetReason::no_error;
    case NGHTTP2_PROTOCOL_ERROR:
    case NGHTTP2_STREAM_CLOSED:
    case NGHTTP2_FRAME_SIZE_ERROR:
    case NGHTTP2_COMPRESSION_ERROR:
    case NGHTTP2_HTTP_1_1_REQUIRED: return http::ResetReason::protocol_error;
    case NGHTTP2_FLOW_CONTROL_ERROR: return http::ResetReason::flow_control_error;
    case NGHTTP2_REFUSED_STREAM: return http::ResetReason::refused;
    case NGHTTP2_CANCEL: return http::ResetReason::canceled;
    case NGHTTP2_ENHANCE_YOUR_CALM: return http::ResetReason::too_busy;
    case NGHTTP2_INADEQUATE_SECURITY: return http::ResetReason::inadequate_security;
    default:  // RFC 9113 section 7: unknown codes may be taken for INTERNAL_ERROR
      return http::ResetReason::internal_error;
  }
}

}  // namespace connectrpc::http2
