// Zstandard (RFC 8878).
#pragma once

#include "connectrpc/compression.h"

namespace connectrpc::compression {

/// Takes several frames, one after another, as one text. Frames whose window is larger than 8 MiB are broken (RFC
/// 9659).
class Zstd final : public Compression {
 public:
  std::string_view name() const noexcept override { return "zstd"; }
  void compress(std::string_view input, std::string& out) const override;
  Outcome decompress(std::string_view input, std::size_t limit, std::string& out) const override;
};

}  // namespace connectrpc::compression
