// Snappy in its framing format.
#pragma once

#include "connectrpc/compression.h"

namespace connectrpc::compression {

/// "snappy" in RPC is the framing format (google/snappy, framing_format.txt), not the bare blocks in it.
class Snappy final : public Compression {
 public:
  std::string_view name() const noexcept override { return "snappy"; }
  void compress(std::string_view input, std::string& out) const override;
  Outcome decompress(std::string_view input, std::size_t limit, std::string& out) const override;
};

}  // namespace connectrpc::compression
