// Tests of UTF-8 checking.
#include "base/utf8.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace connectrpc::base {
namespace {

// Without a look at whether the code point may be encoded.
std::string encode(std::uint32_t point) {
  const auto last = [point](int shift) { return static_cast<char>(0x80 | (point >> shift & 0x3f)); };
  if (point < 0x80) return {static_cast<char>(point)};
  if (point < 0x800) return {static_cast<char>(0xc0 | point >> 6), last(0)};
  if (point < 0x10000) return {static_cast<char>(0xe0 | point >> 12), last(6), last(0)};
  return {static_cast<char>(0xf0 | point >> 18), last(12), last(6), last(0)};
}

TEST(Utf8, EveryCodePointButSurrogates) {
  for (std::uint32_t point = 0; point < 0x120000; ++point) {
    const bool surrogate = point >= 0xd800 && point < 0xe000;
    ASSERT_EQ(is_valid_utf8(encode(point)), !surrogate && point < 0x110000) << std::hex << point;
  }
}

TEST(Utf8, RefusesWhatIsNone) {
  for (const std::string_view text :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xe2\x98",
        "\xe2\x98\x41", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf0\x9f\x91", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
        "\xff", "\xfe", "\xed\xa0\x80", "\xed\xbf\xbf"})
    EXPECT_FALSE(is_valid_utf8(text)) << testing::PrintToString(text);
}

TEST(Utf8, EveryPlaceBesideTheFastPath) {
  for (std::size_t size = 0; size < 40; ++size) {
    EXPECT_TRUE(is_valid_utf8(std::string(size, 'a')));
    for (std::size_t at = 0; at < size; ++at) {
      std::string text(size, 'a');
      text[at] = '\x80';
      EXPECT_FALSE(is_valid_utf8(text)) << size << " " << at;
      text.replace(at, 1, "\xF0\x9F\x91\x8B");
      EXPECT_TRUE(is_valid_utf8(text)) << size << " " << at;
      EXPECT_FALSE(is_valid_utf8(std::string_view(text).substr(0, at + 3))) << size << " " << at;
    }
  }
}

}  // namespace
}  // namespace connectrpc::base
