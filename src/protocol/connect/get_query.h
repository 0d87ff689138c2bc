// Calls without side effects in a URL (Connect protocol, "Unary-Get-Request").
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "connectrpc/compression.h"
#include "connectrpc/protocol.h"

namespace connectrpc::protocol {

/// The parameters of a query, unescaped; of those that are repeated the first.
struct GetQuery {
  std::optional<std::string> connect;
  std::optional<std::string> base64;
  std::optional<std::string> compression;
  std::optional<std::string> encoding;
  std::optional<std::string> message;
};

/// Empty for a broken escape. Unknown parameters are passed over.
std::optional<GetQuery> parse_get_query(std::string_view query);

/// Path and query of a call; the parameters' order is the one that lets caches share. `compression` null: `payload` is
/// not compressed.
std::string make_get_target(std::string_view path, Codec codec, const Compression* compression,
                            std::string_view payload);

}  // namespace connectrpc::protocol
