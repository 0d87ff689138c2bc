// Tests of ASCII case, blanks and comma-separated lists.
#include "base/ascii.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace connectrpc::base {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Ascii, LowersLettersOnly) {
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    EXPECT_EQ(to_lower(c), i >= 'A' && i <= 'Z' ? static_cast<char>(i + 32) : c) << i;
  }
  EXPECT_EQ(to_lower("Content-TYPE_1\xC3\x84"), "content-type_1\xC3\x84");
}

TEST(Ascii, ComparesWithoutCase) {
  EXPECT_TRUE(iequals("", ""));
  EXPECT_TRUE(iequals("gRPC-Status", "grpc-sTATUS"));
  EXPECT_FALSE(iequals("grpc-status", "grpc-statu"));
  EXPECT_FALSE(iequals("@", "`"));
  EXPECT_TRUE(equals_lower("TE", "te"));
  EXPECT_FALSE(equals_lower("te", "TE"));
  EXPECT_TRUE(starts_with_lower("GRPC-x", "grpc-"));
  EXPECT_FALSE(starts_with_lower("grpc", "grpc-"));
  EXPECT_TRUE(ends_with_lower("X-BIN", "-bin"));
  EXPECT_FALSE(ends_with_lower("bin", "-bin"));
}

// Words of eight characters and what is left of them: every length, every place, every character.
TEST(Ascii, LowersAndComparesAtEveryPlace) {
  for (std::size_t size = 1; size <= 20; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int i = 0; i < 256; ++i) {
        std::string text(size, 'M');
        text[at] = static_cast<char>(i);
        std::string lower(size, 'm');
        lower[at] = to_lower(text[at]);
        ASSERT_EQ(to_lower(text), lower) << size << " " << at << " " << i;
        ASSERT_TRUE(equals_lower(text, lower)) << size << " " << at << " " << i;
        lower[at] = static_cast<char>(lower[at] ^ 1);
        ASSERT_FALSE(equals_lower(text, lower)) << size << " " << at << " " << i;
      }
    }
  }
  static_assert(equals_lower("Content-Length", "content-length"));
}

TEST(Ascii, TrimsSpacesAndTabsOnly) {
  EXPECT_EQ(trim(" \t a b\t "), "a b");
  EXPECT_EQ(trim("a"), "a");
  EXPECT_EQ(trim(" \t"), "");
  EXPECT_EQ(trim("\na\r"), "\na\r");
}

TEST(Ascii, WalksCommaParts) {
  const auto parts = [](std::string_view text) {
    std::vector<std::string> all;
    EXPECT_TRUE(for_each_comma_part(text, [&all](std::string_view part) { all.emplace_back(part); }));
    return all;
  };
  EXPECT_THAT(parts(""), ElementsAre(""));
  EXPECT_THAT(parts("a"), ElementsAre("a"));
  EXPECT_THAT(parts("a, b ,\tc"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(parts(",a,"), ElementsAre("", "a", ""));
}

TEST(Ascii, EndsTheWalkWhenAPartSaysSo) {
  int seen = 0;
  EXPECT_FALSE(for_each_comma_part("a,b,c", [&seen](std::string_view part) { return ++seen, part != "b"; }));
  EXPECT_EQ(seen, 2);
}

TEST(Ascii, SplitsListsWithoutEmptyPieces) {
  EXPECT_THAT(split_commas("gzip, br,,zstd ,"), ElementsAre("gzip", "br", "zstd"));
  EXPECT_THAT(split_commas(" , "), IsEmpty());
}

}  // namespace
}  // namespace connectrpc::base
