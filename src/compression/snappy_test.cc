// Snappy's framing format.
#include "compression/snappy.h"

#include <gtest/gtest.h>

#include "compression/crc32c.h"
#include "compression/test_support.h"

namespace connectrpc::compression {
namespace {

using std::string_view_literals::operator""sv;
using Outcome = Compression::Outcome;
const Snappy snappy_format;
constexpr std::string_view identifier = "\xff\x06\x00\x00sNaPpY"sv;

Outcome decompress(std::string_view packed, std::string& out) { return snappy_format.decompress(packed, 1000, out); }

TEST(Snappy, Checksum) {
  EXPECT_EQ(crc32c(""), 0U);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);
}

TEST(Snappy, IsACompression) {
  EXPECT_EQ(snappy_format.name(), "snappy");
  test::check_compression(snappy_format);
}

TEST(Snappy, WritesTheFramingFormat) {
  std::string packed;
  snappy_format.compress("", packed);
  EXPECT_EQ(packed, identifier);
  packed.clear();
  // Too short to shrink: an uncompressed chunk with its rotated checksum.
  snappy_format.compress("hello", packed);
  const std::uint32_t sum = crc32c("hello");
  const std::uint32_t masked = (sum >> 15 | sum << 17) + 0xa282ead8U;
  std::string expected(identifier);
  expected += "\x01\x09\x00\x00"sv;
  for (int i = 0; i < 4; ++i) expected += static_cast<char>(masked >> 8 * i);
  EXPECT_EQ(packed, expected + "hello");
  packed.clear();
  snappy_format.compress(std::string(65'537, 'x'), packed);
  EXPECT_EQ(packed[identifier.size()], '\0');
}

TEST(Snappy, Chunks) {
  std::string packed;
  snappy_format.compress("hello", packed);
  const std::string chunk = packed.substr(identifier.size());
  const std::string begin(identifier);
  std::string out;

  EXPECT_EQ(decompress(begin + chunk + begin + std::string("\x80\x02\x00\x00xx\xfe\x01\x00\x00y", 11) + chunk, out),
            Outcome::ok);
  EXPECT_EQ(out, "hellohello");
  for (const std::string& broken :
       {std::string(), chunk, begin.substr(0, 9), begin + std::string(1, 0), begin + chunk.substr(0, 8),
        begin + std::string(1, 2), begin + std::string("\x02\x00\x00\x00", 4),
        begin + std::string("\x7f\x00\x00\x00", 4), begin + std::string("\xff\x06\x00\x00sNaPpX", 10),
        begin + std::string("\x00\x03\x00\x00xyz", 7)}) {
    EXPECT_EQ(decompress(broken, out), Outcome::broken);
  }
  std::string damaged = packed;
  damaged.back() ^= 1;
  EXPECT_EQ(decompress(damaged, out), Outcome::broken);
}

TEST(Snappy, ChunksMayNotBeLargerThanTheFormatSays) {
  std::string packed(identifier);
  packed += std::string("\x00\x08\x00\x00\x00\x00\x00\x00\xff\xff\xff\x0f", 12);
  std::string out;
  EXPECT_EQ(decompress(packed, out), Outcome::broken);
  EXPECT_LT(out.capacity(), 1000U);
}

}  // namespace
}  // namespace connectrpc::compression
