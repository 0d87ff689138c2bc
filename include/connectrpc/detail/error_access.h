// How the library itself fills an Error that came from a peer. Not API.
#pragma once

#include "connectrpc/error.h"

namespace connectrpc::detail {

class ErrorAccess {
 public:
  /// What the failed response carried; metadata() becomes headers followed by trailers.
  static void set_response(Error& error, Headers headers, Headers trailers);
  static void set_remote(Error& error, bool remote);
  static void set_message(Error& error, std::string message);
  static void set_code(Error& error, Code code);
  /// What with_metadata added here, never what a peer sent: the part that a handler's answer may carry (metadata.md
  /// S5).
  static const Headers& own_metadata(const Error& error) noexcept;
};

}  // namespace connectrpc::detail
