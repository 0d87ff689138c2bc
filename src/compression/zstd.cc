// Zstandard on its reference library.
#include "compression/zstd.h"

#include <zstd.h>

#include <algorithm>
#include <memory>
#include <new>

#include "compression/output.h"

namespace connectrpc::compression {
namespace {

// The library's own choice, and as small as gzip.
constexpr int level = ZSTD_CLEVEL_DEFAULT;
// 8 MiB, which every decoder of HTTP takes.
constexpr int largest_window_log = 23;

struct Free {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// One of each a thread: they hold tables that cost more to make than a small message to pack.
ZSTD_CCtx* compressor() {
  thread_local const std::unique_ptr<ZSTD_CCtx, Free> context(ZSTD_createCCtx());
  if (!context) throw std::bad_alloc();
  return context.get();
}

ZSTD_DCtx* decompressor() {
  thread_local const std::unique_ptr<ZSTD_DCtx, Free> context(ZSTD_createDCtx());
  if (!context) throw std::bad_alloc();
  ZSTD_DCtx_reset(context.get(), ZSTD_reset_session_only);
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, largest_window_log);
  return context.get();
}

// What the first frame says of its size, for what it is worth.
std::size_t first_room(std::string_view input) {
  const unsigned long long size = ZSTD_getFrameContentSize(input.data(), input.size());
  constexpr std::size_t most_believed = 1024 * 1024;
  if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR) return 4 * input.size();
  return static_cast<std::size_t>(std::min<unsigned long long>(size, most_believed));
}

}  // namespace

void Zstd::compress(std::string_view input, std::string& out) const {
  const std::size_t before = out.size();
  const std::size_t room = ZSTD_compressBound(input.size());
  out.resize(before + room);
  const std::size_t size =
      ZSTD_compressCCtx(compressor(), out.data() + before, room, input.data(), input.size(), level);
  if (ZSTD_isError(size) != 0) throw std::bad_alloc();
  out.resize(before + size);
  give_back(out);
}

Compression::Outcome Zstd::decompress(std::string_view input, std::size_t limit, std::string& out) const {
  ZSTD_DCtx* const context = decompressor();
  ZSTD_inBuffer in{input.data(), input.size(), 0};
  OutputWindow window(out, limit, first_room(input));
  for (;;) {
    ZSTD_outBuffer made{window.data(), window.room(), 0};
    const std::size_t before = in.pos;
    const std::size_t left = ZSTD_decompressStream(context, &made, &in);
    window.filled(made.pos);
    if (ZSTD_isError(left) != 0) return window.fail(Outcome::broken);
    if (left == 0 && in.pos == in.size) return in.size == 0 ? window.fail(Outcome::broken) : window.succeed();
    if (window.room() == 0) {
      if (!window.grow()) return window.fail(Outcome::too_large);
    } else if (in.pos == in.size || (in.pos == before && made.pos == 0)) {
      return window.fail(Outcome::broken);
    }
  }
}

}  // namespace connectrpc::compression
