// Tests of comments.h.
#include "plugin/comments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace connectrpc::plugin {
namespace {

using namespace std::string_view_literals;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(CommentLines, DropsTheBlankBehindTheSlashes) {
  EXPECT_THAT(comment_lines(" One\n   indented\n\n Two\n"), ElementsAre("One", "  indented", "", "Two"));
  EXPECT_THAT(comment_lines("One\n two\n"), ElementsAre("One", " two"));
  EXPECT_THAT(comment_lines("\n\n One \n\n"), ElementsAre("One"));
  EXPECT_THAT(comment_lines(""), IsEmpty());
  EXPECT_THAT(comment_lines("\n \n"), IsEmpty());
}

TEST(CommentLines, NeverJoinsTheNextLine) {
  EXPECT_THAT(comment_lines(" C:\\dir\\\n next"), ElementsAre("C:\\dir&#92;", "next"));
  EXPECT_THAT(comment_lines(" \\ \t\n next"), ElementsAre("&#92;", "next"));
  EXPECT_THAT(comment_lines(" what?\?/\n next"), ElementsAre("what?\?&#47;", "next"));
}

TEST(CommentLines, EndsALineAtEveryKindOfLineEnd) {
  EXPECT_THAT(comment_lines(" a\r\n b\r c\n d"), ElementsAre("a", "b", "c", "d"));
}

TEST(CommentLines, ReplacesWhatCompilersWarnOf) {
  EXPECT_THAT(comment_lines(" a\0b\x01\x7f\tc"sv), ElementsAre("a b   c"));
  EXPECT_THAT(comment_lines(" a\xff\xc0\xaf\xed\xa0\x80!"), ElementsAre("a\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd!"));
  EXPECT_THAT(comment_lines(" a\xe2\x82"), ElementsAre("a\ufffd\ufffd"));
  EXPECT_THAT(comment_lines(" if \u202e2066 \u2066x\u2069"), ElementsAre("if 2066 x"));
}

TEST(CommentLines, KeepsText) {
  EXPECT_THAT(comment_lines(" */ /* \"q\" \u00fc\u20ac\U0001f44b ?\?/ \\ . @param"),
              ElementsAre("*/ /* \"q\" \u00fc\u20ac\U0001f44b ?\?/ \\ . @param"));
}

}  // namespace
}  // namespace connectrpc::plugin
