// Clients reach servers through an HTTP proxy.
#include "integration/connect_proxy.h"

#include <cstdlib>

#include "integration/harness.h"

namespace connectrpc::probe_test {
namespace {

using namespace std::chrono_literals;
using ::probe::v1::ProbeServiceClientSync;

// Gone with it.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) { ::setenv(name, value.c_str(), 1); }
  Variable(const Variable&) = delete;
  ~Variable() { ::unsetenv(name_); }

 private:
  const char* name_;
};

class ThroughProxy : public ::testing::TestWithParam<std::pair<HttpVersion, bool>> {};
INSTANTIATE_TEST_SUITE_P(All, ThroughProxy,
                         ::testing::Values(std::pair(HttpVersion::http1_1, false), std::pair(HttpVersion::http2, false),
                                           std::pair(HttpVersion::http1_1, true), std::pair(HttpVersion::http2, true)),
                         [](const auto& parameter) {
                           return std::string(parameter.param.first == HttpVersion::http2 ? "Http2" : "Http1") +
                                  (parameter.param.second ? "Tls" : "");
                         });

TEST_P(ThroughProxy, ByOption) {
  const auto [version, tls] = GetParam();
  TestServer server(Style::coroutine, ServerOptions(), tls);
  ConnectProxy proxy(server.port());
  ChannelOptions options = server.channel_options();
  options.http_version = version;
  options.proxy = "http://us%65r:p%40ss@127.0.0.1:" + std::to_string(proxy.port());
  const ProbeServiceClientSync client(server.url(), options);
  EXPECT_EQ((*client.probe(ProbeRequest())).text(), "hello ");
  EXPECT_EQ((*client.probe(ProbeRequest())).text(), "hello ");
  const std::string target = "127.0.0.1:" + std::to_string(server.port());
  ASSERT_EQ(proxy.heads().size(), 1u);
  // user:p@ss
  EXPECT_EQ(proxy.heads()[0], "CONNECT " + target + " HTTP/1.1\r\nhost: " + target +
                                  "\r\nproxy-authorization: Basic dXNlcjpwQHNz\r\n\r\n");
}

TEST_P(ThroughProxy, ByEnvironment) {
  const auto [version, tls] = GetParam();
  TestServer server(Style::coroutine, ServerOptions(), tls);
  ConnectProxy proxy(server.port());
  ChannelOptions options = server.channel_options();
  options.http_version = version;
  options.tls.server_name("localhost");
  const Variable variable(tls ? "https_proxy" : "http_proxy", proxy.url());
  const std::string url = tls ? "https://server.invalid" : "http://server.invalid";
  EXPECT_EQ((*ProbeServiceClientSync(url, options).probe(ProbeRequest())).text(), "hello ");
  ASSERT_EQ(proxy.heads().size(), 1u);
  EXPECT_TRUE(proxy.heads()[0].starts_with(tls ? "CONNECT server.invalid:443 " : "CONNECT server.invalid:80 "));
  // This machine, what no_proxy names, and who wants none go without.
  EXPECT_EQ((*ProbeServiceClientSync(server.url(), options).probe(ProbeRequest())).text(), "hello ");
  options.connect_timeout = 5s;
  {
    const Variable none("no_proxy", "example.com, .invalid");
    EXPECT_FALSE(as_result([&] { return ProbeServiceClientSync(url, options).probe(ProbeRequest()); }).has_value());
  }
  options.proxy = "";
  EXPECT_FALSE(as_result([&] { return ProbeServiceClientSync(url, options).probe(ProbeRequest()); }).has_value());
  EXPECT_EQ(proxy.heads().size(), 1u);
}

std::string failure_through(const std::string& proxy_url, const std::string& url = "http://server.invalid:8080") {
  ChannelOptions options;
  options.proxy = proxy_url;
  options.connect_timeout = 2s;
  const auto result = as_result([&] { return ProbeServiceClientSync(url, options).probe(ProbeRequest()); });
  if (result.has_value()) return "";
  EXPECT_EQ(result.error().code(), Code::unavailable);
  return std::string(result.error().message());
}

TEST(ProxyFailure, WhatItSaysIsTold) {
  ConnectProxy proxy(1, "HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\n\r\n");
  EXPECT_EQ(failure_through("http://user:secret@127.0.0.1:" + std::to_string(proxy.port())),
            "cannot connect to http://server.invalid:8080: the proxy " + proxy.url() +
                " did not connect: it answered \"HTTP/1.1 407 Proxy Authentication Required\" (user and password are "
                "part of the proxy's URL)");
}

TEST(ProxyFailure, OddAnswers) {
  const std::string before = "cannot connect to http://server.invalid:8080: the proxy ";
  for (const auto& [answer, why] : std::initializer_list<std::pair<std::string, std::string>>{
           {"HTTP/1.1 503 No\r\n\r\n", "it answered \"HTTP/1.1 503 No\""},
           {"SSH-2.0-x\r\n\r\n", "it answered \"SSH-2.0-x\""},
           {"HTTP/1.1 20", "it closed the connection without an answer"},
           {std::string(20'000, 'x'), "the head of its answer is longer than 16384 bytes"}}) {
    ConnectProxy proxy(1, answer);
    EXPECT_EQ(failure_through(proxy.url()), before + proxy.url() + " did not connect: " + why);
  }
}

TEST(ProxyFailure, NobodyThereOrSilent) {
  std::string gone;
  {
    const ConnectProxy proxy(1);
    gone = proxy.url();
  }
  const std::string text = failure_through(gone);
  EXPECT_TRUE(text.starts_with("cannot connect to http://server.invalid:8080: the proxy " + gone + " is out of reach"))
      << text;
  ConnectProxy half(1, "H");
  EXPECT_NE(failure_through(half.url()).find(half.url()), std::string::npos);
}

TEST(ProxyFailure, OptionsThatAreNone) {
  const auto fault_of = [](const char* proxy, const char* url = "http://x") -> std::string {
    ChannelOptions options;
    options.proxy = proxy;
    try {
      Channel::make(url, options);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  };
  const std::string expected = "; expected http://[user:password@]host[:port]";
  EXPECT_EQ(fault_of("socks5://u:secret@p:1080"),
            "ChannelOptions::proxy: \"p:1080\" is no HTTP proxy: its scheme is not http" + expected);
  EXPECT_EQ(
      fault_of("http://p:99999"),
      "ChannelOptions::proxy: \"http://p:99999\" is no HTTP proxy: its port is not between 1 and 65535" + expected);
  EXPECT_EQ(fault_of("http://p/path"),
            "ChannelOptions::proxy: \"http://p/path\" is no HTTP proxy: it has more than a host and a port" + expected);
  EXPECT_EQ(fault_of("http://p:1", "unix:/x"),
            "ChannelOptions::proxy: \"http://p:1\" leads to no unix socket (unix:/x)");
  const Variable variable("https_proxy", "ftp://p");
  ChannelOptions options;
  EXPECT_THROW(Channel::make("https://x.invalid", options), std::invalid_argument);
}

}  // namespace
}  // namespace connectrpc::probe_test
