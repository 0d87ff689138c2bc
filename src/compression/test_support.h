// What every algorithm must do, for their tests.
#pragma once

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "connectrpc/compression.h"

namespace connectrpc::compression::test {

inline std::string noise(std::size_t size) {
  std::mt19937 random(7);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

inline std::vector<std::string> texts() {
  return {
      "", "x", "hello, hello, hello", std::string(100'000, 'a'), noise(100'000), noise(17), std::string(65'536, 'b')};
}

/// Appends, goes there and back, holds the limit exactly, notices truncation and damage, stops bombs.
inline void check_compression(const Compression& compression) {
  using Outcome = Compression::Outcome;
  for (const std::string& text : texts()) {
    std::string packed = "before ";
    compression.compress(text, packed);
    ASSERT_TRUE(packed.starts_with("before "));
    packed.erase(0, 7);
    std::string out = "kept";
    EXPECT_EQ(compression.decompress(packed, text.size(), out), Outcome::ok) << text.size();
    EXPECT_EQ(out, "kept" + text);
    out = "kept";
    EXPECT_EQ(compression.decompress(packed, static_cast<std::size_t>(-1), out), Outcome::ok);
    EXPECT_EQ(out, "kept" + text);
    out = "kept";
    if (!text.empty()) {
      EXPECT_EQ(compression.decompress(packed, text.size() - 1, out), Outcome::too_large) << text.size();
    }
    EXPECT_EQ(out, "kept");
  }
  const std::string text = "hello, hello, hello, world, hello, hello";
  std::string packed;
  compression.compress(text, packed);
  for (std::size_t size = 0; size < packed.size(); ++size) {
    std::string out;
    const Outcome outcome = compression.decompress(packed.substr(0, size), 1000, out);
    EXPECT_TRUE(outcome == Outcome::broken || (outcome == Outcome::ok && out.empty())) << size;
  }
  for (std::size_t bit = 0; bit < packed.size() * 8; ++bit) {
    std::string damaged = packed;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    std::string out;
    static_cast<void>(compression.decompress(damaged, 1000, out));
    EXPECT_LE(out.size(), 1000U);
  }
  std::string bomb;
  compression.compress(std::string(16 << 20, '\0'), bomb);
  EXPECT_LT(bomb.capacity(), 2U << 20);
  std::string out;
  EXPECT_EQ(compression.decompress(bomb, 1 << 20, out), Outcome::too_large);
  EXPECT_LE(out.capacity(), 1U << 20);
  EXPECT_EQ(compression.decompress("", 1000, out), Outcome::broken);
  EXPECT_EQ(compression.decompress("garbage", 1000, out), Outcome::broken);
}

}  // namespace connectrpc::compression::test
