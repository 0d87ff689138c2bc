// Percent-encoding: gRPC's status message and URL queries.
#pragma once

#include <string>
#include <string_view>

namespace connectrpc::base {

/// The text of a `grpc-message` (gRPC over HTTP/2, "Status-Message"): '%' and all but printable ASCII as %XX.
std::string percent_encode_message(std::string_view message);
/// Its way back. Escapes that are none are kept as they stand: the text of an error must never hide the error.
std::string percent_decode_message(std::string_view text);

/// One name or value of a URL query; all but RFC 3986's unreserved characters become %XX.
std::string url_query_escape(std::string_view text);
/// The way back, '+' being a space. False, with `out` empty, for a broken escape.
bool url_query_unescape(std::string_view text, std::string& out);

}  // namespace connectrpc::base
