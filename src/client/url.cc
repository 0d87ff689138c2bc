// Where a channel's URL points.
#include "client/url.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <stdexcept>
#include <system_error>

#include "base/decimal.h"
#include "io/socket_address.h"

namespace connectrpc::client {

// Not Boost's port_number(), which takes 99999 for another.
std::uint16_t port_from(std::string_view digits) noexcept {
  return base::parse_decimal<std::uint16_t>(digits).value_or(0);
}

Url parse_url(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    throw std::invalid_argument("\"" + std::string(text) + "\" is no URL of a server: " + std::string(why) +
                                "; expected http(s)://host[:port][/prefix], unix:/path or unix:@name");
  };
  constexpr std::string_view unix_scheme = "unix:";
  if (text.starts_with(unix_scheme)) {
    Url url;
    url.unix_path = text.substr(unix_scheme.size());
    if (io::unix_address(url.unix_path).size == 0) refuse(io::unix_address_rule());
    // What requests name where there is no host; curl sends the same for http://localhost/.
    url.authority = "localhost";
    return url;
  }
  const auto parsed = boost::urls::parse_uri(boost::urls::string_view(text.data(), text.size()));
  if (!parsed) refuse("it is not a URL");
  const boost::urls::url_view& view = *parsed;
  Url url;
  if (view.scheme() == "https") {
    url.tls = true;
  } else if (view.scheme() != "http") {
    refuse("its scheme is neither http nor https");
  }
  if (view.has_userinfo()) refuse("it holds a user name; set an authorization header instead");
  if (view.has_query() || view.has_fragment()) refuse("it has a query or a fragment");
  const std::string host = view.host_address();
  if (host.empty()) refuse("it has no host");
  url.host = host;
  const std::uint16_t own_port = url.tls ? 443 : 80;
  url.port = own_port;
  if (view.has_port() && !view.port().empty()) {
    url.port = port_from(std::string_view(view.port().data(), view.port().size()));
    if (url.port == 0) refuse("its port is not between 1 and 65535");
  }
  url.authority = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (url.port != own_port) url.authority += ":" + std::to_string(url.port);
  url.prefix = std::string(view.encoded_path());
  while (!url.prefix.empty() && url.prefix.back() == '/') url.prefix.pop_back();
  return url;
}

}  // namespace connectrpc::client
