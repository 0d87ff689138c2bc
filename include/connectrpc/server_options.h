// How a server works.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "connectrpc/call_record.h"
#include "connectrpc/compression.h"
#include "connectrpc/deadline_policy.h"
#include "connectrpc/log.h"

namespace connectrpc {

/// How a server works. Sizes in bytes.
struct ServerOptions {
  /// Loops of the server's own, one thread each. A connection stays on one of them.
  int threads = 1;
  /// Threads for blocking handlers; 0: twice the number of cores, at least 8. They are started with the first blocking
  /// service.
  std::size_t workers = 0;
  /// Calls of blocking handlers that wait for a thread; further ones get resource_exhausted at once.
  std::size_t worker_queue = 1024;
  /// Largest message taken, uncompressed; 4 MiB is what gRPC's users know.
  std::size_t receive_limit = 4 * 1024 * 1024;
  /// Largest message sent, uncompressed.
  std::size_t send_limit = std::numeric_limits<std::size_t>::max();
  /// What is known, and used for answers as far as the client accepts it.
  CompressionRegistry compressions = CompressionRegistry::built_in();
  /// Smaller messages are not compressed.
  std::size_t compress_min_bytes = 1024;
  bool compress_responses = true;
  /// Refuse Connect calls without the header connect-protocol-version: 1. Off, so that curl needs no header.
  bool require_connect_version = false;
  /// Largest header list, counted as HTTP/2 does: names, values and 32 for each. More is `resource_exhausted`.
  std::size_t header_list_limit = 64 * 1024;
  /// Calls at once on one HTTP/2 connection.
  std::uint32_t concurrent_streams = 256;
  /// What a client may send on one stream, and on a connection, before the handler takes it.
  std::uint32_t stream_window = 256 * 1024;
  std::uint32_t connection_window = 4 * 1024 * 1024;
  /// Unsent bytes of a stream at which send() waits.
  std::size_t high_water = 64 * 1024;
  /// How long a handler's receive() waits for the client's next message, and how long a call may stand still with
  /// nothing from the client and nothing taken by it; then it ends with deadline_exceeded. Zero: for ever.
  std::chrono::nanoseconds message_timeout{0};
  std::chrono::nanoseconds call_idle_timeout{0};
  /// What becomes of the timeouts that clients ask for, or do not.
  DeadlinePolicy deadlines = DeadlinePolicy();
  /// A socket and a queue for each loop (SO_REUSEPORT) instead of one that hands connections to the loop with the
  /// fewest. The kernel's hash leaves loops idle when connections are few.
  bool reuse_port = false;
  /// How long calls under way may go on once the server is told to stop; then they are cancelled.
  std::chrono::milliseconds drain_timeout = std::chrono::seconds(10);
  LogHook log = nullptr;
  /// Told of every call that has ended: access_log() makes lines of it.
  CallHook on_call_end = nullptr;
};

}  // namespace connectrpc
