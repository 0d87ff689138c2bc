// Brotli.
#include "compression/brotli.h"

#include <gtest/gtest.h>

#include "compression/test_support.h"

namespace connectrpc::compression {
namespace {

TEST(Brotli, IsACompression) {
  const Brotli brotli;
  EXPECT_EQ(brotli.name(), "br");
  test::check_compression(brotli);
}

TEST(Brotli, Vector) {
  // "hello" in one stored meta-block.
  const std::string_view packed("\x0b\x02\x80hello\x03", 9);
  std::string out;
  EXPECT_EQ(Brotli().decompress(packed, 5, out), Compression::Outcome::ok);
  EXPECT_EQ(out, "hello");
  EXPECT_EQ(Brotli().decompress(std::string(packed) + "x", 100, out), Compression::Outcome::broken);
}

}  // namespace
}  // namespace connectrpc::compression
