// Listens and hands out accepted sockets.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "connectrpc/peer.h"
#include "connectrpc/result.h"
#include "io/loop.h"
#include "io/socket_handle.h"

namespace connectrpc::io {

struct ListenOptions {
  /// SO_REUSEPORT: several acceptors share one address and the kernel spreads the connections.
  bool reuse_port = false;
  /// Connections that wait to be accepted; the kernel caps it at net.core.somaxconn.
  int backlog = 4096;
};

/// A listening socket on one loop. Destroying it stops listening at once.
class Acceptor {
 public:
  /// Gets the native handle of an accepted socket (non-blocking, close-on-exec) and owns it from then on. Called on the
  /// acceptor's loop; may destroy the acceptor.
  using Callback = std::function<void(int socket)>;

  /// Listens on "0.0.0.0:8080", "[::1]:0", "localhost:80", ":8080" (every address, IPv4 and IPv6) or "unix:/path"
  /// (whose file is removed again at the end, and taken over if nobody listens on it) or "unix:@name". Port 0 picks a
  /// free port. A name is resolved here, blocking; of several addresses the first IPv4 one is taken. Connections are
  /// accepted from start() on. Errors name the address: Code::invalid_argument for one that is none,
  /// Code::already_exists for one in use, Code::permission_denied, else Code::unavailable.
  static Result<std::unique_ptr<Acceptor>> listen(Loop& loop, std::string_view address, ListenOptions options = {});

  /// Takes a socket that listens already; `name` is what errors call it. `owns_file`: whether the file of a unix socket
  /// is removed at the end. Code::invalid_argument if it does not listen.
  static Result<std::unique_ptr<Acceptor>> adopt(Loop& loop, std::string_view name, SocketHandle socket,
                                                 bool owns_file);

  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;
  ~Acceptor();

  /// Begins to accept. Running out of descriptors or memory makes it pause for 100 ms.
  void start(Callback callback);
  /// Stops listening: new connections are refused, and those that wait to be accepted are reset. Idempotent.
  void close();
  /// Accepts what waits, then close(): whoever has been let in by the kernel is not turned away.
  void accept_rest_and_close();

  /// The file of a unix socket stays at the end.
  void leave_file();
  /// Valid until close().
  int socket() const noexcept;
  /// Where it listens, with the real port.
  const Peer& local() const noexcept;
  /// The same as text: "127.0.0.1:8080", "[::1]:8080", "unix:/path".
  std::string address() const;
  int port() const noexcept;

 private:
  class Core;
  explicit Acceptor(std::shared_ptr<Core> core);
  static Result<std::unique_ptr<Acceptor>> watch(Loop& loop, std::string_view name, SocketHandle socket,
                                                 bool owns_file);
  std::shared_ptr<Core> core_;
};

}  // namespace connectrpc::io
