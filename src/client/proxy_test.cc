// Which proxy a URL and the environment lead to.
#include "client/proxy.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace connectrpc::client {
namespace {

TEST(Proxy, Parts) {
  const auto proxy = parse_proxy("http://us%3aer:p%20w@Proxy.example:3128/", "x");
  ASSERT_TRUE(proxy);
  EXPECT_EQ(proxy->host, "Proxy.example");
  EXPECT_EQ(proxy->port, 3128);
  EXPECT_EQ(proxy->authorization, "Basic dXM6ZXI6cCB3");
  EXPECT_EQ(proxy->name, "http://Proxy.example:3128");
}

TEST(Proxy, WithoutASchemeOrPort) {
  EXPECT_EQ(parse_proxy("proxy.example", "x")->port, 80);
  EXPECT_EQ(parse_proxy("proxy.example:81", "x")->port, 81);
  EXPECT_EQ(parse_proxy("[::1]:81", "x")->host, "::1");
  EXPECT_EQ(parse_proxy("http://[::1]:81", "x")->name, "http://[::1]:81");
  EXPECT_FALSE(parse_proxy("", "x"));
}

TEST(Proxy, AnErrorShowsNoPassword) {
  try {
    parse_proxy("https://user:secret@p:1", "https_proxy");
    ADD_FAILURE();
  } catch (const std::invalid_argument& error) {
    EXPECT_EQ(std::string_view(error.what()),
              "https_proxy: \"p:1\" is no HTTP proxy: its scheme is not http; expected "
              "http://[user:password@]host[:port]");
  }
}

// The rules of Go's x/net/http/httpproxy.
TEST(NoProxy, Names) {
  EXPECT_TRUE(exempts("example.com", "example.com", 443));
  EXPECT_TRUE(exempts("example.com", "API.Example.COM", 443));
  EXPECT_TRUE(exempts("example.com", "example.com.", 443));
  EXPECT_FALSE(exempts("example.com", "notexample.com", 443));
  EXPECT_FALSE(exempts(".example.com", "example.com", 443));
  EXPECT_TRUE(exempts(".example.com", "a.example.com", 443));
  EXPECT_TRUE(exempts("*.example.com", "a.example.com", 443));
  EXPECT_TRUE(exempts("a.example , b.example", "b.example", 443));
  EXPECT_TRUE(exempts("*", "anything", 1));
  EXPECT_FALSE(exempts("", "anything", 1));
  EXPECT_FALSE(exempts(",,", "anything", 1));
}

TEST(NoProxy, Ports) {
  EXPECT_TRUE(exempts("example.com:8080", "example.com", 8080));
  EXPECT_FALSE(exempts("example.com:8080", "example.com", 80));
  EXPECT_TRUE(exempts("[fd00::1]:80", "fd00::1", 80));
}

TEST(NoProxy, AddressesAndRanges) {
  EXPECT_TRUE(exempts("10.0.0.1", "10.0.0.1", 1));
  EXPECT_FALSE(exempts("10.0.0.1", "10.0.0.10", 1));
  EXPECT_TRUE(exempts("10.0.0.0/8", "10.200.3.4", 1));
  EXPECT_FALSE(exempts("10.0.0.0/8", "11.0.0.1", 1));
  EXPECT_TRUE(exempts("10.1.2.3/8", "10.200.3.4", 1));
  EXPECT_TRUE(exempts("fd00::/8", "fd12::1", 1));
  EXPECT_FALSE(exempts("fd00::/8", "fe12::1", 1));
  EXPECT_FALSE(exempts("10.0.0.0/8", "ten.example", 1));
  EXPECT_FALSE(exempts("1", "10.0.0.1", 1));
}

}  // namespace
}  // namespace connectrpc::client
