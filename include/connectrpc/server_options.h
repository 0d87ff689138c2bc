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
  /// How long a TLS handshake may take, and how long a client may take for the head of a request: from the connection's
  /// beginning to the first one, and from its first byte for later ones of HTTP/1.1, where this is exact to half of it.
  /// Then the connection is closed. Zero: for ever.
  std::chrono::milliseconds handshake_timeout = std::chrono::seconds(20);
  std::chrono::milliseconds header_timeout = std::chrono::seconds(20);
  /// HTTP/2: a connection that has brought nothing for this long is asked for a sign of life (PING), calls or not, and
  /// closed if none comes within the timeout. Zero: never asked.
  std::chrono::milliseconds keepalive_interval = std::chrono::hours(2);
  std::chrono::milliseconds keepalive_timeout = std::chrono::seconds(20);
  /// A client that pings more often than this, and gets no answers of calls meanwhile, is told to calm down and sent
  /// away (GOAWAY with ENHANCE_YOUR_CALM, "too_many_pings") at its third ping too many. Zero: all may.
  std::chrono::milliseconds keepalive_min_interval = std::chrono::seconds(10);
  /// A connection takes no further calls once it is as old as this, has been without a call for as long, or has had as
  /// many requests: HTTP/2 says so with GOAWAY, HTTP/1.1 with `connection: close`, and calls under way go on. The two
  /// times are a tenth shorter or longer by chance, so that connections made together do not end together. Zero: never.
  std::chrono::milliseconds max_connection_age{0};
  std::chrono::milliseconds max_connection_idle{0};
  std::size_t max_connection_requests = 0;
  /// How long calls under way may go on after one of the three; then the connection is closed. Zero: as long as they
  /// like.
  std::chrono::milliseconds max_connection_grace{0};
  /// How often the files of TLS certificates are looked at; what changed is loaded, as Server::reload_tls() does, and
  /// errors go to the log hook. Zero: never.
  std::chrono::milliseconds tls_check_interval{0};
  /// A socket and a queue for each loop (SO_REUSEPORT) instead of one that hands connections to the loop with the
  /// fewest. The kernel's hash leaves loops idle when connections are few. Two servers with it may share a port, but it
  /// is no way to replace one by the other: connections that wait in the queue of the one that ends are reset.
  bool reuse_port = false;
  /// How long calls under way may go on once the server is told to stop; then they are cancelled.
  std::chrono::milliseconds drain_timeout = std::chrono::seconds(10);
  /// An HTTP/1.1 connection at rest is closed by a stop once nothing has moved on it for this long, most of them so at
  /// once: a request that is on its way just then would get no answer, and its client could not know whether it was
  /// processed. Until then one more request is answered, with `connection: close`. A connection that has brought no
  /// request yet gets the same time. Zero: closed at once.
  std::chrono::milliseconds drain_quiet = std::chrono::seconds(1);
  /// How long cancelled calls get to end and to send their answers; then their connections are reset.
  std::chrono::milliseconds cancel_timeout{500};
  /// A loop whose connections are all at rest asks the C library to give memory that nobody uses back to the system, at
  /// most once in ten seconds, if the process has no more than this many bytes resident: after a burst of large
  /// messages it keeps most of what they took. That is glibc's malloc_trim() on Linux, nothing elsewhere. It goes
  /// through the heap of the whole process, and threads that need memory meanwhile wait: with 64 MiB one or two
  /// milliseconds, eleven where all of it is small pieces. 0: never.
  std::size_t trim_memory_below = 64UL * 1024 * 1024;
  LogHook log = nullptr;
  /// Told of every call that has ended: access_log() makes lines of it.
  CallHook on_call_end = nullptr;
};

}  // namespace connectrpc
