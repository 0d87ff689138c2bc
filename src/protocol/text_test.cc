// Texts for people and for the wire.
#include "protocol/text.h"

#include <gtest/gtest.h>

namespace connectrpc::protocol {
namespace {

std::string json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(Text, Quoted) {
  EXPECT_EQ(quote("a b"), "\"a b\"");
  EXPECT_EQ(quote("a\n\"\\\xff"), R"("a\x0a\x22\x5c\xff")");
  EXPECT_EQ(quote(std::string(100, 'x')), '"' + std::string(64, 'x') + "…\"");
}

TEST(Text, ToUtf8) {
  EXPECT_EQ(to_utf8("héllo 👋"), "héllo 👋");
  EXPECT_EQ(to_utf8("a\xff"
                    "b"),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_EQ(to_utf8("\xf0\x9f\x91"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(to_utf8("\xc3\xa9\xc3"), "é\xef\xbf\xbd");
}

TEST(Text, JsonString) {
  using std::string_view_literals::operator""sv;
  EXPECT_EQ(json(""), R"("")");
  EXPECT_EQ(json("plain"), R"("plain")");
  EXPECT_EQ(json("\"\\\n\r\t\x01\x1f\0é👋"sv), R"("\"\\\n\r\t\u0001\u001f\u0000é👋")");
  EXPECT_EQ(json("\xff"), "\"\xef\xbf\xbd\"");
}

}  // namespace
}  // namespace connectrpc::protocol
