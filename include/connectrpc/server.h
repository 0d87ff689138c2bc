// Start here to serve: a server on one port or many, for all protocols.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string_view>
#include <vector>

#include "connectrpc/compression.h"
#include "connectrpc/interceptor.h"
#include "connectrpc/log.h"
#include "connectrpc/service.h"
#include "connectrpc/tls.h"

namespace boost::asio {
class io_context;
}

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
  /// Largest header list, counted as HTTP/2 does: names, values and 32 for each. More gets status 431.
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
  /// A socket and a queue for each loop (SO_REUSEPORT) instead of one that hands connections to the loop with the
  /// fewest. The kernel's hash leaves loops idle when connections are few.
  bool reuse_port = false;
  /// How long calls under way may go on once the server is told to stop; then they are cancelled.
  std::chrono::milliseconds drain_timeout = std::chrono::seconds(10);
  LogHook log = nullptr;
};

/// Serves Connect, gRPC and gRPC-Web over HTTP/1.1 and HTTP/2 on each of its ports.
///
///   Greeter greeter;
///   Server server({.threads = 4});
///   server.add(greeter);
///   server.listen("0.0.0.0:8080");
///   server.run();
///
/// Services are added and ports opened before it starts. Members are called by one thread, but for stop().
class Server {
 public:
  explicit Server(ServerOptions options = ServerOptions());
  /// Serves on the user's loop, which is run by one thread and outlives the server. `threads` is ignored. The server
  /// must be destroyed on that thread or while the loop does not run.
  explicit Server(boost::asio::io_context& io, ServerOptions options = ServerOptions());
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  /// Stops, cancels the calls under way and joins its threads. Handlers that block are waited for.
  ~Server();

  /// Serves `service` below `prefix` ("" or "/api"). Not owned; must outlive the server. std::invalid_argument names a
  /// method that is served already or a prefix that is none.
  Server& add(Service& service, std::string_view prefix = "");
  Server& add(ServiceSync& service, std::string_view prefix = "");
  /// The same, shared.
  Server& add(std::shared_ptr<Service> service, std::string_view prefix = "");
  Server& add(std::shared_ptr<ServiceSync> service, std::string_view prefix = "");

  /// Another receive limit than the options' for a method that was added ("greet.v1.GreetService/Greet") or a whole
  /// service ("greet.v1.GreetService"), below all its prefixes; the last word counts. `bytes` of a message,
  /// uncompressed. std::invalid_argument if nothing of this name was added.
  Server& receive_limit(std::string_view name, std::size_t bytes);

  /// Puts an interceptor around the calls of all services, also of those added later; or around those of one service
  /// ("pkg.Service") or method ("pkg.Service/Method") that was added before. They stand around a call in the order of
  /// these calls, the first outermost. std::invalid_argument: null, or no such method or service.
  Server& intercept(std::shared_ptr<Interceptor> interceptor);
  Server& intercept(std::string_view name, std::shared_ptr<Interceptor> interceptor);

  /// Every method that is served, each once, ordered by its path without prefixes. Valid as long as the services.
  /// Before the server is started on the thread that adds services, after that on any.
  std::vector<const MethodSpec*> methods() const;

  /// Opens a port: "0.0.0.0:8080", "[::1]:0", "localhost:8080", ":8080". HTTP/1.1 and h2c on the same port. Returns the
  /// port, which the system chose if it was 0. Throws Error that names the address and what is wrong.
  std::uint16_t listen(std::string_view address);
  /// The same with TLS; HTTP/2 by ALPN.
  std::uint16_t listen(std::string_view address, const TlsConfig& tls);

  /// Begins to serve and returns: on threads of its own, or on the user's loop.
  void start();
  /// start(), then waits for SIGINT, SIGTERM or stop(), drains, and returns. On the user's loop it runs that loop until
  /// the server has stopped.
  void run();
  /// Stops accepting, lets calls under way end within drain_timeout, cancels the rest, closes. Returns at once; run()
  /// or wait() return when it is done. Any thread; idempotent.
  void stop();
  /// Waits until a server on threads of its own has stopped.
  void wait();
  /// Called once when the server begins to stop, by a signal, stop() or its destructor, before calls under way are
  /// waited for: in the order of these calls, on the thread that stops it. Must not throw. std::invalid_argument:
  /// empty.
  Server& on_stop(std::function<void()> hook);

  /// The loops. Handlers, timers and sockets of the user may be run on them by posting.
  std::size_t loops() const noexcept;
  boost::asio::io_context& loop(std::size_t index) noexcept;
  /// Connections that are open now. Any thread.
  std::size_t connections() const noexcept;
  /// The same, on one loop. Any thread, once it was started.
  std::size_t connections(std::size_t loop) const noexcept;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace connectrpc
