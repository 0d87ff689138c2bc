// Start here to serve: a server on one port or many, for all protocols.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connectrpc/http/middleware.h"
#include "connectrpc/interceptor.h"
#include "connectrpc/listening_socket.h"
#include "connectrpc/router.h"
#include "connectrpc/server_options.h"
#include "connectrpc/service.h"
#include "connectrpc/tls.h"

namespace boost::asio {
class io_context;
}

namespace connectrpc {

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
  /// stop_now(), then joins its threads. Handlers that block are waited for.
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

  /// Puts HTTP middleware around everything that the server answers, in the order of these calls, the first outermost.
  Server& use(http::Middleware middleware);
  /// Plain routes; Router::handle says which path and method they take. std::invalid_argument names one that is taken.
  Server& handle(std::string_view path, http::Handler handler);
  Server& handle(std::string_view method, std::string_view path, http::Handler handler);
  /// Answers every path that nothing else does, RPCs of unknown methods included: a page, or a proxy.
  Server& unknown(http::Handler handler);
  /// Everything that `router` has, below `prefix`; Router::mount says more.
  Server& mount(std::string_view prefix, const Router& router);
  /// The router behind these members.
  Router& router() noexcept;

  /// Every method that is served, each once, ordered by its path without prefixes. Valid as long as the services.
  /// Before the server is started on the thread that adds services, after that on any.
  std::vector<const MethodSpec*> methods() const;

  /// Opens a port: "0.0.0.0:8080", "[::1]:0", "localhost:8080", ":8080", or a unix socket: "unix:/path", "unix:@name"
  /// (abstract, Linux). HTTP/1.1 and h2c on the same port; any number of ports of any kind. Returns the port, which the
  /// system chose if it was 0; 0 for a unix socket. A socket's file that nobody listens on is taken over, and the file
  /// goes when the server stops. Throws Error that names the address and what is wrong.
  ///
  /// Also a socket that listens already: "fd:3" a descriptor of this process, "systemd:web" those that systemd passed
  /// under that name (FileDescriptorName=), "systemd:" all of them. std::invalid_argument if it is none.
  std::uint16_t listen(std::string_view address);
  /// The same with TLS; HTTP/2 by ALPN.
  std::uint16_t listen(std::string_view address, const TlsConfig& tls);
  /// Serves a socket that listens already and is the server's from then on, errors included. A unix socket's file stays
  /// when the server stops. std::invalid_argument if it does not listen.
  std::uint16_t listen_fd(int socket);
  std::uint16_t listen_fd(int socket, const TlsConfig& tls);

  /// Sockets of a process that this one replaces (listening_socket.h): a later listen() for the address of one takes it
  /// instead of opening its own. What none has taken by start() is closed.
  Server& inherit(std::vector<ListeningSocket> sockets);
  /// Copies of the sockets listened on, by the addresses given to listen(), for the process that is to replace this
  /// one. The files of unix sockets are theirs from then on: they stay when this server stops. Before stop().
  std::vector<ListeningSocket> hand_over();

  /// Reads the files of all ports' certificates again; new connections get them. Any thread. If one cannot be used, the
  /// old ones stay, all of them, and std::invalid_argument names the file.
  void reload_tls();
  /// New connections to this port, given as listen() returned it, get other settings. Any thread. std::invalid_argument
  /// if it has no TLS or the settings cannot be used.
  void replace_tls(std::uint16_t port, const TlsConfig& tls);

  /// Begins to serve and returns: on threads of its own, or on the user's loop.
  void start();
  /// start(), then waits for SIGINT, SIGTERM or stop(), drains, and returns; a second signal is stop_now(). On the
  /// user's loop it runs that loop until the server has stopped.
  void run();
  /// Stops accepting, lets calls under way end within drain_timeout, cancels the rest (CancelReason::shutdown), resets
  /// after cancel_timeout what has not ended by then. Returns at once; run() or wait() return when it is done, also
  /// while handlers that ignore their cancellation still run. Any thread; idempotent.
  void stop();
  /// stop() that cancels at once; cuts a stop() short that is under way. Any thread; idempotent.
  void stop_now();
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
