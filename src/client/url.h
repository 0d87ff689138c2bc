// Where a channel's URL points.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace connectrpc::client {

struct Url {
  bool tls = false;
  /// Name or address, without brackets. Empty for a unix socket.
  std::string host;
  /// A unix socket's path, or "@name" for an abstract one. Else empty.
  std::string unix_path;
  std::uint16_t port = 0;
  /// What requests name: host, with brackets where it is IPv6, and the port unless it is the scheme's own.
  std::string authority;
  /// "" or "/prefix".
  std::string prefix;

  std::string_view scheme() const noexcept { return tls ? "https" : "http"; }
};

/// A port's digits as a number; 0 if it is not between 1 and 65535.
std::uint16_t port_from(std::string_view digits) noexcept;

/// "http(s)://host[:port][/prefix]" or "unix:/path", "unix:@name". std::invalid_argument says what is wrong.
Url parse_url(std::string_view text);

}  // namespace connectrpc::client
