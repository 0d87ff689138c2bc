// gzip (RFC 1952) and deflate, which in HTTP and gRPC means the zlib format (RFC 1950).
#pragma once

#include "connectrpc/compression.h"

namespace connectrpc::compression {

/// Takes several members, one after another, as one text (RFC 1952 section 2.2).
class Gzip final : public Compression {
 public:
  std::string_view name() const noexcept override { return "gzip"; }
  void compress(std::string_view input, std::string& out) const override;
  Outcome decompress(std::string_view input, std::size_t limit, std::string& out) const override;
};

class Deflate final : public Compression {
 public:
  std::string_view name() const noexcept override { return "deflate"; }
  void compress(std::string_view input, std::string& out) const override;
  Outcome decompress(std::string_view input, std::size_t limit, std::string& out) const override;
};

}  // namespace connectrpc::compression
