// Tests of percent-encoding.
#include "base/percent.h"

#include <gtest/gtest.h>

#include <string>

namespace connectrpc::base {
namespace {

std::string all_bytes() {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  return bytes;
}

TEST(PercentMessage, EncodesPercentAndAllButPrintableAscii) {
  EXPECT_EQ(percent_encode_message(""), "");
  EXPECT_EQ(percent_encode_message("plain text, ~ and \"quotes\""), "plain text, ~ and \"quotes\"");
  EXPECT_EQ(percent_encode_message("100%"), "100%25");
  EXPECT_EQ(percent_encode_message("a\nb\r\tc"), "a%0Ab%0D%09c");
  EXPECT_EQ(percent_encode_message(std::string_view("\0\x1f\x20\x7e\x7f", 5)), "%00%1F ~%7F");
  EXPECT_EQ(percent_encode_message("\xC3\xA9 \xE2\x98\xBA"), "%C3%A9 %E2%98%BA");
}

TEST(PercentMessage, DecodesBothCases) { EXPECT_EQ(percent_decode_message("%C3%a9%0a%25"), "\xC3\xA9\n%"); }

TEST(PercentMessage, KeepsEscapesThatAreNone) {
  for (const std::string_view text : {"%", "%%", "%4", "%G1", "%1G", "a%", "a%4", "%-1", "% 1", "100% sure", "%%%"})
    EXPECT_EQ(percent_decode_message(text), text);
  EXPECT_EQ(percent_decode_message("%%41%4"), "%A%4");
}

TEST(PercentMessage, AllBytesRoundTrip) {
  EXPECT_EQ(percent_decode_message(percent_encode_message(all_bytes())), all_bytes());
}

TEST(UrlQuery, EscapesAllButUnreserved) {
  EXPECT_EQ(url_query_escape("azAZ09-_.~"), "azAZ09-_.~");
  EXPECT_EQ(url_query_escape("{\"a b\":1}"), "%7B%22a%20b%22%3A1%7D");
  EXPECT_EQ(url_query_escape("a+b&c=d/e?f#g%"), "a%2Bb%26c%3Dd%2Fe%3Ff%23g%25");
}

TEST(UrlQuery, Unescapes) {
  std::string out = "old";
  EXPECT_TRUE(url_query_unescape("", out));
  EXPECT_EQ(out, "");
  EXPECT_TRUE(url_query_unescape("a+b%20c%2Bd%2f", out));
  EXPECT_EQ(out, "a b c+d/");
}

TEST(UrlQuery, RefusesBrokenEscapes) {
  for (const std::string_view text : {"%", "a%4", "%G1", "%1G", "ok%2"}) {
    std::string out = "old";
    EXPECT_FALSE(url_query_unescape(text, out)) << text;
    EXPECT_EQ(out, "");
  }
}

TEST(UrlQuery, AllBytesRoundTrip) {
  std::string out;
  EXPECT_TRUE(url_query_unescape(url_query_escape(all_bytes()), out));
  EXPECT_EQ(out, all_bytes());
}

TEST(PercentMessage, SpacesAtTheEndsSurviveHttp) {
  EXPECT_EQ(percent_encode_message(" "), "%20");
  EXPECT_EQ(percent_encode_message("  a b  "), "%20%20a b%20%20");
  EXPECT_EQ(percent_encode_message(""), "");
  EXPECT_EQ(percent_decode_message(percent_encode_message("  a b  ")), "  a b  ");
}

}  // namespace
}  // namespace connectrpc::base
