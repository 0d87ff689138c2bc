// The heads of HTTP messages as values; no version's framing, no RPC.
#pragma once

#include <string>

#include "connectrpc/headers.h"
#include "connectrpc/protocol.h"

namespace connectrpc::http {

/// What a request says before its body. `headers` holds all fields as they were received or will be sent, lower case,
/// without pseudo-headers and `host`; hop-by-hop fields of HTTP/1.1 are the session's business and never in here.
struct RequestHead {
  std::string method = "POST";
  /// Path and query as on the wire, "/greet.v1.GreetService/Greet?x=y".
  std::string target;
  /// "http" or "https".
  std::string scheme = "http";
  /// Host and port as on the wire.
  std::string authority;
  Headers headers;
  HttpVersion version = HttpVersion::http2;

  /// The target without its query.
  std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
  /// What follows the first '?', or "".
  std::string_view query() const {
    const auto mark = target.find('?');
    return mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
  }
};

/// What a response says before its body.
struct ResponseHead {
  int status = 200;
  Headers headers;
  HttpVersion version = HttpVersion::http2;
};

}  // namespace connectrpc::http
