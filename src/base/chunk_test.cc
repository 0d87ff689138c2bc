// Every length, every place, every character: halves and chunks that overlap must leave nothing out.
#include "base/chunk.h"

#include <gtest/gtest.h>

#include <string>

#include "base/ascii.h"

namespace connectrpc::base {
namespace {

constexpr std::size_t largest = 70;

TEST(Chunk, FindsOneBadCharacterAtEveryPlace) {
  EXPECT_TRUE(none_of("", [](Chunk c) { return c == c; }));
  for (std::size_t size = 1; size <= largest; ++size) {
    std::string text(size, 'g');
    const auto none_bad = [&] { return none_of(text, [](Chunk c) { return c == each('b'); }); };
    EXPECT_TRUE(none_bad());
    for (std::size_t at = 0; at < size; ++at) {
      text[at] = 'b';
      EXPECT_FALSE(none_bad()) << size << " " << at;
      text[at] = 'g';
    }
  }
}

TEST(Chunk, KnowsWhatIsBetween) {
  for (int i = 0; i < 256; ++i) {
    const std::string text(1, static_cast<char>(i));
    EXPECT_EQ(none_of(text, [](Chunk c) { return ~are_between(c, '-', '9'); }), i >= '-' && i <= '9') << i;
    EXPECT_EQ(none_of(text, [](Chunk c) { return are_between(c, 0x80, 0xff); }), i < 0x80) << i;
  }
}

TEST(Chunk, CopiesEveryLength) {
  for (std::size_t size = 0; size <= 2 * largest; ++size) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) text += static_cast<char>(7 * i + 1);
    // What stands around must stay.
    for (void (*copy)(char*, std::string_view) : {+[](char* to, std::string_view from) { copy_short(to, from); },
                                                  +[](char* to, std::string_view from) { copy_text(to, from); }}) {
      std::string to(size + 2, '#');
      copy(to.data() + 1, text);
      EXPECT_EQ(to, "#" + text + "#");
    }
  }
}

TEST(Chunk, LowersEveryCharacterAtEveryPlace) {
  for (std::size_t size = 1; size <= 40; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int i = 0; i < 256; ++i) {
        std::string text(size, 'M');
        text[at] = static_cast<char>(i);
        std::string lower(size, 'm');
        lower[at] = to_lower(static_cast<char>(i));
        std::string to(size + 2, '#');
        copy_lower(to.data() + 1, text);
        ASSERT_EQ(to, "#" + lower + "#") << size << " " << at << " " << i;
      }
    }
  }
}

TEST(Chunk, FindsTheFirstControlCharacter) {
  EXPECT_EQ(without_controls(""), 0U);
  EXPECT_FALSE(has_controls(""));
  for (std::size_t size = 1; size <= 40; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int i = 0; i < 256; ++i) {
        std::string text(size, '\xff');
        text[at] = static_cast<char>(i);
        const bool control = i < 0x20 || i == 0x7f;
        ASSERT_EQ(has_controls(text), control) << size << " " << at << " " << i;
        if (at + 1 < size) text.back() = '\n';
        const std::size_t first = control ? at : at + 1 < size ? size - 1 : size;
        ASSERT_EQ(without_controls(text), first) << size << " " << at << " " << i;
      }
    }
  }
}

}  // namespace
}  // namespace connectrpc::base
