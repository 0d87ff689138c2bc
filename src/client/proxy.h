// Which HTTP proxy a channel's connections go through.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "client/url.h"

namespace connectrpc::client {

struct Proxy {
  /// Name or address, without brackets.
  std::string host;
  std::uint16_t port = 80;
  /// The value of Proxy-Authorization; "" for none.
  std::string authorization;
  /// As errors call it: without user name and password.
  std::string name;
};

/// "http://[user:password@]host[:port]", the scheme may be missing; "": none. std::invalid_argument names `source`, an
/// option or a variable, and says what is wrong; it does not show a password.
std::optional<Proxy> parse_proxy(std::string_view text, std::string_view source);

/// What the environment says for `url`: https_proxy or HTTPS_PROXY for https, http_proxy for http, unless it leads to
/// this machine or no_proxy (NO_PROXY) has it. std::invalid_argument names the variable.
std::optional<Proxy> proxy_from_environment(const Url& url);

/// Whether `no_proxy`, the variable's value, exempts a host and port.
bool exempts(std::string_view no_proxy, std::string_view host, std::uint16_t port);

}  // namespace connectrpc::client
