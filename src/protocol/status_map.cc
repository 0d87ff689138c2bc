// Codes, HTTP statuses and resets: what each becomes in terms of the others.
#include "protocol/status_map.h"

#include <string_view>

namespace connectrpc::protocol {

int http_status(Code code) noexcept {
  switch (code) {
    case Code::canceled: return 499;
    case Code::unknown: return 500;
    case Code::invalid_argument: return 400;
    case Code::deadline_exceeded: return 504;
    case Code::not_found: return 404;
    case Code::already_exists: return 409;
    case Code::permission_denied: return 403;
    case Code::resource_exhausted: return 429;
    case Code::failed_precondition: return 400;
    case Code::aborted: return 409;
    case Code::out_of_range: return 400;
    case Code::unimplemented: return 501;
    case Code::internal: return 500;
    case Code::unavailable: return 503;
    case Code::data_loss: return 500;
    case Code::unauthenticated: return 401;
  }
  return 500;
}

Code code_of_http_status(int status) noexcept {
  switch (status) {
    case 400: return Code::internal;
    case 401: return Code::unauthenticated;
    case 403: return Code::permission_denied;
    case 404: return Code::unimplemented;
    case 429:
    case 502:
    case 503:
    case 504: return Code::unavailable;
    default: return Code::unknown;
  }
}

Code code_of_reset(http::ResetReason reason) noexcept {
  switch (reason) {
    case http::ResetReason::canceled: return Code::canceled;
    case http::ResetReason::refused:
    case http::ResetReason::connection_lost: return Code::unavailable;
    case http::ResetReason::too_busy:
    case http::ResetReason::too_large: return Code::resource_exhausted;
    case http::ResetReason::inadequate_security: return Code::permission_denied;
    case http::ResetReason::protocol_error:
    case http::ResetReason::flow_control_error:
    case http::ResetReason::internal_error:
    case http::ResetReason::no_error: break;
  }
  return Code::internal;
}

std::string describe_http_status(int status) {
  std::string_view phrase;
  switch (status) {
    case 301: phrase = " Moved Permanently"; break;
    case 302: phrase = " Found"; break;
    case 304: phrase = " Not Modified"; break;
    case 307: phrase = " Temporary Redirect"; break;
    case 308: phrase = " Permanent Redirect"; break;
    case 400: phrase = " Bad Request"; break;
    case 401: phrase = " Unauthorized"; break;
    case 403: phrase = " Forbidden"; break;
    case 404: phrase = " Not Found"; break;
    case 405: phrase = " Method Not Allowed"; break;
    case 408: phrase = " Request Timeout"; break;
    case 413: phrase = " Content Too Large"; break;
    case 415: phrase = " Unsupported Media Type"; break;
    case 429: phrase = " Too Many Requests"; break;
    case 431: phrase = " Request Header Fields Too Large"; break;
    case 500: phrase = " Internal Server Error"; break;
    case 502: phrase = " Bad Gateway"; break;
    case 503: phrase = " Service Unavailable"; break;
    case 504: phrase = " Gateway Timeout"; break;
    case 505: phrase = " HTTP Version Not Supported"; break;
    default: break;
  }
  return "HTTP " + std::to_string(status).append(phrase);
}

}  // namespace connectrpc::protocol
