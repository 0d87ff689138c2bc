// Which HTTP proxy a channel's connections go through.
#include "client/proxy.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <cstdlib>
#include <initializer_list>
#include <stdexcept>

#include "base/ascii.h"
#include "base/base64.h"
#include "base/decimal.h"
#include "io/socket_address.h"

namespace connectrpc::client {
namespace {

namespace ip = boost::asio::ip;

std::string lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lowered;
}

std::optional<ip::address> address_of(std::string_view host) {
  boost::system::error_code error;
  ip::address address = ip::make_address(std::string(host), error);
  if (error) return std::nullopt;
  if (address.is_v6() && address.to_v6().is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  return address;
}

// Whether "10.0.0.0/8" or "fd00::/8" holds an address; nothing if the text is no such range.
std::optional<bool> range_holds(std::string_view range, const std::optional<ip::address>& address) {
  if (range.find('/') == std::string_view::npos) return std::nullopt;
  boost::system::error_code error;
  const ip::network_v4 four = ip::make_network_v4(std::string(range), error);
  if (!error) {
    if (!address || !address->is_v4()) return false;
    return ip::network_v4(address->to_v4(), four.prefix_length()).canonical() == four.canonical();
  }
  const ip::network_v6 six = ip::make_network_v6(std::string(range), error);
  if (error) return std::nullopt;
  if (!address || !address->is_v6()) return false;
  return ip::network_v6(address->to_v6(), six.prefix_length()).canonical() == six.canonical();
}

// Takes ":port" off an entry; empty if there is none.
std::optional<std::uint16_t> take_port(std::string_view& entry) {
  const std::size_t colon = entry.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  // An IPv6 address without brackets has colons of its own.
  const bool bracketed = colon > 0 && entry[colon - 1] == ']';
  if (!bracketed && entry.find(':') != colon) return std::nullopt;
  const auto port = base::parse_decimal<std::uint16_t>(entry.substr(colon + 1));
  if (!port) return std::nullopt;
  entry = entry.substr(0, colon);
  return port;
}

bool entry_exempts(std::string_view entry, const std::string& host, const std::optional<ip::address>& address,
                   std::uint16_t port) {
  if (entry == "*") return true;
  if (const auto held = range_holds(entry, address)) return *held;
  if (const auto only = take_port(entry); only && *only != port) return false;
  if (entry.size() > 2 && entry.front() == '[' && entry.back() == ']') entry = entry.substr(1, entry.size() - 2);
  if (const auto other = address_of(entry)) return address == other;
  // ".example.com" and "*.example.com" have the names below it, "example.com" itself as well.
  if (entry.starts_with("*.")) entry.remove_prefix(1);
  const std::string name = lower(entry);
  if (name.empty() || address) return false;
  if (name.front() == '.') return host.size() > name.size() && host.ends_with(name);
  return host == name || host.ends_with("." + name);
}

const char* variable(std::initializer_list<const char*> names, const char** found) {
  for (const char* name : names) {
    const char* const value = std::getenv(name);
    if (value != nullptr && *value != '\0') {
      if (found != nullptr) *found = name;
      return value;
    }
  }
  return nullptr;
}

}  // namespace

std::optional<Proxy> parse_proxy(std::string_view text, std::string_view source) {
  if (text.empty()) return std::nullopt;
  const bool has_scheme = text.find("://") != std::string_view::npos;
  const std::string full = has_scheme ? std::string(text) : "http://" + std::string(text);
  const std::size_t at = text.rfind('@');
  const std::string shown(at == std::string_view::npos ? text : text.substr(at + 1));
  const auto refuse = [&](std::string_view why) {
    throw std::invalid_argument(std::string(source) + ": \"" + shown + "\" is no HTTP proxy: " + std::string(why) +
                                "; expected http://[user:password@]host[:port]");
  };
  const auto parsed = boost::urls::parse_uri(boost::urls::string_view(full.data(), full.size()));
  if (!parsed) refuse("it is not a URL");
  const boost::urls::url_view& view = *parsed;
  if (view.scheme() != "http") refuse("its scheme is not http");
  Proxy proxy;
  proxy.host = view.host_address();
  if (proxy.host.empty()) refuse("it has no host");
  if (view.has_query() || view.has_fragment() || (!view.encoded_path().empty() && view.encoded_path() != "/")) {
    refuse("it has more than a host and a port");
  }
  if (view.has_port() && !view.port().empty()) {
    proxy.port = port_from(std::string_view(view.port().data(), view.port().size()));
    if (proxy.port == 0) refuse("its port is not between 1 and 65535");
  }
  if (view.has_userinfo()) {
    const std::string credentials = std::string(view.user()) + ":" + std::string(view.password());
    proxy.authorization = "Basic " + base::base64_encode(credentials);
  }
  proxy.name = "http://" + io::host_and_port(proxy.host, proxy.port);
  return proxy;
}

bool exempts(std::string_view no_proxy, std::string_view host, std::uint16_t port) {
  std::string name = lower(host);
  if (name.ends_with('.')) name.pop_back();
  const auto address = address_of(name);
  while (!no_proxy.empty()) {
    const std::size_t end = std::min(no_proxy.find(','), no_proxy.size());
    const std::string_view entry = base::trim(no_proxy.substr(0, end));
    if (!entry.empty() && entry_exempts(entry, name, address, port)) return true;
    no_proxy.remove_prefix(std::min(end + 1, no_proxy.size()));
  }
  return false;
}

std::optional<Proxy> proxy_from_environment(const Url& url) {
  if (!url.unix_path.empty()) return std::nullopt;
  const char* name = nullptr;
  // Not HTTP_PROXY: in a CGI program a request's header "Proxy" would set it.
  const char* const value = url.tls ? variable({"https_proxy", "HTTPS_PROXY"}, &name) : variable({"http_proxy"}, &name);
  if (value == nullptr) return std::nullopt;
  const auto address = address_of(url.host);
  if (lower(url.host) == "localhost" || (address && address->is_loopback())) return std::nullopt;
  const char* const no_proxy = variable({"no_proxy", "NO_PROXY"}, nullptr);
  if (no_proxy != nullptr && exempts(no_proxy, url.host, url.port)) return std::nullopt;
  return parse_proxy(value, name);
}

}  // namespace connectrpc::client
