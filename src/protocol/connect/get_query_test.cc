// Calls without side effects in a URL.
#include "protocol/connect/get_query.h"

#include <gtest/gtest.h>

#include "protocol/test_support.h"

namespace connectrpc::protocol {
namespace {

TEST(GetQuery, PrintsParametersInTheirOrder) {
  EXPECT_EQ(make_get_target("/a/B", Codec::proto, nullptr, "\xfb\xff"),
            "/a/B?connect=v1&base64=1&encoding=proto&message=-_8");
  EXPECT_EQ(make_get_target("/a/B", Codec::json, nullptr, R"({"a":"b c&d"})"),
            "/a/B?connect=v1&encoding=json&message=%7B%22a%22%3A%22b%20c%26d%22%7D");
  EXPECT_EQ(make_get_target("/a/B", Codec::json, &test::gzip(), "{}"),
            "/a/B?connect=v1&base64=1&compression=gzip&encoding=json&message=e30");
  EXPECT_EQ(make_get_target("/a/B", Codec::proto, nullptr, ""), "/a/B?connect=v1&base64=1&encoding=proto&message=");
}

TEST(GetQuery, ReadsParametersInAnyOrder) {
  const std::optional<GetQuery> query =
      parse_get_query("message=a%20b+c&&x=%41&encoding=json&connect=v1&compression=gzip&base64=1&message=second");
  ASSERT_TRUE(query);
  EXPECT_EQ(query->message, "a b c");
  EXPECT_EQ(query->encoding, "json");
  EXPECT_EQ(query->connect, "v1");
  EXPECT_EQ(query->compression, "gzip");
  EXPECT_EQ(query->base64, "1");
}

TEST(GetQuery, TellsMissingFromEmpty) {
  const std::optional<GetQuery> query = parse_get_query("message=&encoding");
  ASSERT_TRUE(query);
  EXPECT_EQ(query->message, "");
  EXPECT_EQ(query->encoding, "");
  EXPECT_EQ(query->connect, std::nullopt);
  EXPECT_TRUE(parse_get_query(""));
}

TEST(GetQuery, BrokenEscapesAreRefused) {
  EXPECT_FALSE(parse_get_query("message=%"));
  EXPECT_FALSE(parse_get_query("message=%4"));
  EXPECT_FALSE(parse_get_query("message=%zz"));
  EXPECT_TRUE(parse_get_query("other=%zz"));
}

}  // namespace
}  // namespace connectrpc::protocol
