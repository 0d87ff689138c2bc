// Options that cannot be meant are named.
#include "server/options_check.h"

#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>

namespace connectrpc::server {
namespace {

using namespace std::chrono_literals;

std::string fault_of(const std::function<void(ServerOptions&)>& change) {
  ServerOptions options;
  change(options);
  try {
    check(options);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

TEST(OptionsCheck, TheDefaultsAreGood) {
  EXPECT_EQ(fault_of([](ServerOptions&) {}), "");
}

TEST(OptionsCheck, OptionAndValueAreNamed) {
  EXPECT_EQ(fault_of([](ServerOptions& o) { o.drain_timeout = -5ms; }),
            "ServerOptions::drain_timeout: -5 ms is negative");
  EXPECT_EQ(fault_of([](ServerOptions& o) { o.message_timeout = -1ns; }),
            "ServerOptions::message_timeout: -1 ns is negative");
  EXPECT_EQ(fault_of([](ServerOptions& o) { o.concurrent_streams = 0; }),
            "ServerOptions::concurrent_streams: 0 lets no call come over HTTP/2");
  EXPECT_EQ(fault_of([](ServerOptions& o) { o.stream_window = 0; }),
            "ServerOptions::stream_window: 0 lets no request's body come");
  EXPECT_EQ(fault_of([](ServerOptions& o) { o.connection_window = 0x80000000; }),
            "ServerOptions::connection_window: 2147483648 is more than HTTP/2's 2147483647");
}

TEST(OptionsCheck, Contradictions) {
  EXPECT_EQ(
      fault_of([](ServerOptions& o) { o.keepalive_timeout = 0ms; }),
      "ServerOptions::keepalive_timeout: 0 ms leaves no time for an answer, and keepalive_interval is 7200000 ms");
  EXPECT_EQ(fault_of([](ServerOptions& o) {
              o.keepalive_timeout = 0ms;
              o.keepalive_interval = 0ms;
            }),
            "");
  EXPECT_EQ(fault_of([](ServerOptions& o) { o.max_connection_grace = 1s; }),
            "ServerOptions::max_connection_grace: 1000 ms is given, but none of max_connection_age, "
            "max_connection_idle and max_connection_requests");
  EXPECT_EQ(fault_of([](ServerOptions& o) {
              o.max_connection_grace = 1s;
              o.max_connection_requests = 10;
            }),
            "");
}

}  // namespace
}  // namespace connectrpc::server
