// Brotli (RFC 7932).
#pragma once

#include "connectrpc/compression.h"

namespace connectrpc::compression {

class Brotli final : public Compression {
 public:
  std::string_view name() const noexcept override { return "br"; }
  void compress(std::string_view input, std::string& out) const override;
  /// Besides the output it needs the format's window, up to 16 MiB.
  Outcome decompress(std::string_view input, std::size_t limit, std::string& out) const override;
};

}  // namespace connectrpc::compression
