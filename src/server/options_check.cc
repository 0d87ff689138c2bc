// ServerOptions that cannot be meant.
#include "server/options_check.h"

#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace connectrpc::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// HTTP/2 ends where windows would (RFC 9113 section 6.9.1).
constexpr std::uint32_t largest_window = 0x7fffffff;

[[noreturn]] void refuse(std::string_view option, const std::string& value, std::string_view why) {
  throw std::invalid_argument("ServerOptions::" + std::string(option) + ": " + value + " " + std::string(why));
}

std::string text_of(milliseconds time) { return std::to_string(time.count()) + " ms"; }

}  // namespace

void check(const ServerOptions& options) {
  for (const auto& [name, time] : std::initializer_list<std::pair<std::string_view, milliseconds>>{
           {"handshake_timeout", options.handshake_timeout},
           {"header_timeout", options.header_timeout},
           {"keepalive_interval", options.keepalive_interval},
           {"keepalive_timeout", options.keepalive_timeout},
           {"keepalive_min_interval", options.keepalive_min_interval},
           {"max_connection_age", options.max_connection_age},
           {"max_connection_idle", options.max_connection_idle},
           {"max_connection_grace", options.max_connection_grace},
           {"tls_check_interval", options.tls_check_interval},
           {"drain_timeout", options.drain_timeout},
           {"drain_quiet", options.drain_quiet},
           {"cancel_timeout", options.cancel_timeout}}) {
    if (time.count() < 0) refuse(name, text_of(time), "is negative");
  }
  for (const auto& [name, time] : std::initializer_list<std::pair<std::string_view, nanoseconds>>{
           {"message_timeout", options.message_timeout}, {"call_idle_timeout", options.call_idle_timeout}}) {
    if (time.count() < 0) refuse(name, std::to_string(time.count()) + " ns", "is negative");
  }
  for (const auto& [name, size] : std::initializer_list<std::pair<std::string_view, std::uint32_t>>{
           {"stream_window", options.stream_window}, {"connection_window", options.connection_window}}) {
    if (size == 0) refuse(name, "0", "lets no request's body come");
    if (size > largest_window) refuse(name, std::to_string(size), "is more than HTTP/2's 2147483647");
  }
  if (options.concurrent_streams == 0) refuse("concurrent_streams", "0", "lets no call come over HTTP/2");
  if (options.keepalive_interval.count() > 0 && options.keepalive_timeout.count() == 0) {
    refuse("keepalive_timeout", "0 ms",
           "leaves no time for an answer, and keepalive_interval is " + text_of(options.keepalive_interval));
  }
  const bool ends = options.max_connection_age.count() > 0 || options.max_connection_idle.count() > 0 ||
                    options.max_connection_requests > 0;
  if (options.max_connection_grace.count() > 0 && !ends) {
    refuse("max_connection_grace", text_of(options.max_connection_grace),
           "is given, but none of max_connection_age, max_connection_idle and max_connection_requests");
  }
}

}  // namespace connectrpc::server
