// gzip and deflate against zlib, and against everything that is neither.
#include "compression/gzip.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstring>

#include "compression/test_support.h"

namespace connectrpc::compression {
namespace {

using Outcome = Compression::Outcome;
constexpr std::size_t no_limit = static_cast<std::size_t>(-1);
constexpr int gzip_window = 15 + 16;

std::string zlib_compress(std::string_view input, int window) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, input.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zlib_decompress(std::string_view input, int window, std::size_t size) {
  z_stream stream{};
  inflateInit2(&stream, window);
  std::string out(size + 1, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(::inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

struct Format {
  const Compression& compression;
  int window;
};
const Gzip gzip;
const Deflate deflate_format;
const Format formats[] = {{gzip, gzip_window}, {deflate_format, 15}};

const std::vector<std::string> texts = test::texts();

TEST(Gzip, AreCompressions) {
  EXPECT_EQ(gzip.name(), "gzip");
  EXPECT_EQ(deflate_format.name(), "deflate");
  for (const Format& format : formats) test::check_compression(format.compression);
}

TEST(Gzip, AgreesWithZlib) {
  for (const Format& format : formats) {
    for (const std::string& text : texts) {
      std::string packed = "before ";
      format.compression.compress(text, packed);
      EXPECT_EQ(zlib_decompress(packed.substr(7), format.window, text.size()), text);
      std::string unpacked = "before ";
      EXPECT_EQ(format.compression.decompress(zlib_compress(text, format.window), no_limit, unpacked), Outcome::ok);
      EXPECT_EQ(unpacked, "before " + text);
    }
  }
}

TEST(Gzip, ExactlyTheLimitPasses) {
  for (const Format& format : formats) {
    for (const std::string& text : texts) {
      const std::string packed = zlib_compress(text, format.window);
      std::string out = "kept";
      EXPECT_EQ(format.compression.decompress(packed, text.size(), out), Outcome::ok);
      EXPECT_EQ(out, "kept" + text);
      if (text.empty()) continue;
      out = "kept";
      EXPECT_EQ(format.compression.decompress(packed, text.size() - 1, out), Outcome::too_large);
      EXPECT_EQ(out, "kept");
    }
  }
}

TEST(Gzip, EveryFlippedBitIsNoticedOrHarmless) {
  for (const Format& format : formats) {
    const std::string text = "hello, hello, hello, world";
    const std::string packed = zlib_compress(text, format.window);
    for (std::size_t bit = 0; bit < packed.size() * 8; ++bit) {
      std::string damaged = packed;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
      std::string out;
      if (format.compression.decompress(damaged, 10'000, out) == Outcome::ok) {
        EXPECT_EQ(out, text);
      }
    }
  }
}

TEST(Gzip, TakesSeveralMembers) {
  std::string packed;
  std::string text;
  for (const std::string& part : texts) {
    packed += zlib_compress(part, gzip_window);
    text += part;
  }
  std::string out;
  EXPECT_EQ(gzip.decompress(packed, text.size(), out), Outcome::ok);
  EXPECT_EQ(out, text);
  EXPECT_EQ(gzip.decompress(packed, text.size() - 1, out), Outcome::too_large);
  EXPECT_EQ(gzip.decompress(packed + "garbage", no_limit, out), Outcome::broken);
  EXPECT_EQ(out, text);
}

TEST(Gzip, ManyTinyMembersCostNoMoreThanTheirBytes) {
  const std::string member = zlib_compress("0123456789", gzip_window);
  std::string packed;
  for (int i = 0; i < 100'000; ++i) packed += member;
  std::string out;
  EXPECT_EQ(gzip.decompress(packed, no_limit, out), Outcome::ok);
  EXPECT_EQ(out.size(), 1'000'000U);
}

TEST(Gzip, GarbageBehindDeflateIsBroken) {
  std::string out;
  EXPECT_EQ(deflate_format.decompress(zlib_compress("x", 15) + "y", no_limit, out), Outcome::broken);
}

TEST(Gzip, ALyingTrailerIsNotTrusted) {
  std::string small = zlib_compress("tiny", gzip_window);
  std::memset(small.data() + small.size() - 4, 0x7f, 4);
  std::string out;
  EXPECT_EQ(gzip.decompress(small, no_limit, out), Outcome::broken);
  EXPECT_LT(out.capacity(), 100'000U);

  std::string large = zlib_compress(std::string(1'000'000, 'a'), gzip_window);
  std::memset(large.data() + large.size() - 4, 0, 4);
  EXPECT_EQ(gzip.decompress(large, no_limit, out), Outcome::broken);
}

TEST(Gzip, CompressedTextHoldsLittleMemory) {
  std::string out;
  gzip.compress(std::string(10'000'000, 'a'), out);
  EXPECT_LT(out.capacity(), 200'000U);
}

}  // namespace
}  // namespace connectrpc::compression
