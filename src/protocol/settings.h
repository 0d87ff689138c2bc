// What a server or a channel has decided for the calls of a protocol.
#pragma once

#include <cstddef>
#include <limits>

#include "connectrpc/compression.h"

namespace connectrpc::protocol {

struct Settings {
  /// Never null; outlives the call.
  const CompressionRegistry* compressions = &CompressionRegistry::built_in();
  /// The largest message taken from the peer, uncompressed, in bytes.
  std::size_t receive_limit = 4 * 1024 * 1024;
  /// The largest message sent, uncompressed, in bytes.
  std::size_t send_limit = std::numeric_limits<std::size_t>::max();
  /// Smaller messages are not compressed: below this it costs more than it saves.
  std::size_t compress_min_bytes = 1024;
};

struct ServerSettings : Settings {
  /// Refuse Connect calls that do not say connect-protocol-version: 1.
  bool require_connect_version = false;
  /// Whether responses are compressed as far as the client accepts it.
  bool compress_responses = true;
};

struct ClientSettings : Settings {
  /// What requests are compressed with; null: not at all.
  const Compression* request_compression = nullptr;
  /// Connect: use GET where the method is free of side effects.
  bool use_get = false;
  /// A GET whose target would be longer is sent as POST. Bytes. 8 KiB is what common proxies take.
  std::size_t get_url_limit = 8 * 1024;
};

}  // namespace connectrpc::protocol
