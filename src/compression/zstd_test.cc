// Zstandard: several frames, unknown sizes, windows that are too large.
#include "compression/zstd.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include "compression/test_support.h"

namespace connectrpc::compression {
namespace {

using Outcome = Compression::Outcome;
const Zstd zstd;

std::string streamed(std::string_view text, int window_log, bool checksum) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, checksum ? 1 : 0);
  std::string packed(ZSTD_compressBound(text.size()) + 64, '\0');
  ZSTD_outBuffer out{packed.data(), packed.size(), 0};
  ZSTD_inBuffer in{text.data(), text.size(), 0};
  // Not all at once, so that the frame cannot say how large it is.
  ZSTD_compressStream2(context, &out, &in, ZSTD_e_continue);
  EXPECT_EQ(ZSTD_compressStream2(context, &out, &in, ZSTD_e_end), 0U);
  ZSTD_freeCCtx(context);
  packed.resize(out.pos);
  return packed;
}

TEST(Zstd, IsACompression) {
  EXPECT_EQ(zstd.name(), "zstd");
  test::check_compression(zstd);
}

TEST(Zstd, FramesOfUnknownSize) {
  for (const bool checksum : {false, true}) {
    for (const std::string& text : test::texts()) {
      const std::string packed = streamed(text, 20, checksum);
      std::string out;
      EXPECT_EQ(zstd.decompress(packed, text.size(), out), Outcome::ok) << text.size();
      EXPECT_EQ(out, text);
      if (text.empty()) continue;
      EXPECT_EQ(zstd.decompress(packed, text.size() - 1, out), Outcome::too_large);
      EXPECT_EQ(zstd.decompress(packed.substr(0, packed.size() - 1), text.size(), out), Outcome::broken);
    }
  }
}

TEST(Zstd, SeveralFrames) {
  std::string packed;
  std::string text;
  for (const std::string& part : test::texts()) {
    zstd.compress(part, packed);
    text += part;
  }
  std::string out;
  EXPECT_EQ(zstd.decompress(packed, text.size(), out), Outcome::ok);
  EXPECT_EQ(out, text);
  EXPECT_EQ(zstd.decompress(packed + "garbage", 10'000'000, out), Outcome::broken);
}

TEST(Zstd, LargeWindowsAreRefused) {
  const std::string text(100'000, 'x');
  std::string out;
  EXPECT_EQ(zstd.decompress(streamed(text, 23, false), text.size(), out), Outcome::ok);
  EXPECT_EQ(zstd.decompress(streamed(text, 24, false), text.size(), out), Outcome::broken);
}

TEST(Zstd, ALyingFrameHeaderIsNotTrusted) {
  // A frame that claims 4 GiB and holds one byte.
  const std::string_view lie("\x28\xb5\x2f\xfd\xa0\xff\xff\xff\xff\x09\x00\x00x", 13);
  std::string out;
  EXPECT_EQ(zstd.decompress(lie, static_cast<std::size_t>(-1), out), Outcome::broken);
  EXPECT_LE(out.capacity(), 2U << 20);
}

}  // namespace
}  // namespace connectrpc::compression
