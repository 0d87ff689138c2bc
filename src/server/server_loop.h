// What a server has on one loop: its connections and its calls.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <unordered_map>

#include "connectrpc/server_options.h"
#include "connectrpc/tls.h"
#include "http/drainable.h"
#include "http/exchange.h"
#include "io/connection.h"
#include "io/stream.h"
#include "io/timer_queue.h"
#include "rpc/server_call.h"
#include "server/http_call.h"
#include "server/routing_table.h"

namespace connectrpc::server {

/// Lives on its loop; only connections() may be asked from elsewhere.
class ServerLoop final : private http::RequestHandler {
 public:
  /// `options` and `threads`, which may be null, outlive it; `table` changes no more.
  ServerLoop(io::Loop& loop, const ServerOptions& options, std::shared_ptr<const RoutingTable> table,
             rpc::ThreadPool* threads);
  ~ServerLoop();

  io::Loop& loop() const noexcept { return environment_->loop; }

  /// Counts a connection that is on its way to this loop. Any thread.
  void expect_connection() noexcept { connection_count_.fetch_add(1, std::memory_order_relaxed); }
  std::size_t connections() const noexcept { return connection_count_.load(std::memory_order_relaxed); }

  /// Serves an accepted socket, counted by expect_connection() before. `tls` may be null.
  void serve(int socket, const TlsConfig* tls);
  /// Serves any stream, not counted before.
  void serve(std::unique_ptr<io::Stream> stream);

  /// Tells peers that no new calls are taken, lets those under way end, cancels them after `timeout`, then closes and
  /// calls `done`, once.
  void drain(std::chrono::milliseconds timeout, std::function<void()> done);
  /// Cancels what runs and closes everything, at once.
  void close();

 private:
  // http::RequestHandler
  void on_request(std::unique_ptr<http::ServerExchange> exchange) override;

  struct Served {
    std::unique_ptr<io::Connection> connection;
    // Null until the sniffer has decided.
    http::Drainable* session = nullptr;
  };

  // The two steps after drain()'s time is over: cancel, then close what did not flush its answers.
  class DrainTimer final : public io::Timer {
   public:
    explicit DrainTimer(ServerLoop& owner) : owner_(owner) {}

   private:
    void on_timer() override { owner_.drain_further(); }
    ServerLoop& owner_;
  };

  void adopt(std::unique_ptr<io::Stream> stream);
  void decided(io::Connection& connection, bool http2, std::string_view bytes);
  void closed(io::Connection& connection);
  void cancel_calls();
  void drain_further();
  void finish_drain_if_idle();

  const std::shared_ptr<const RoutingTable> table_;
  std::shared_ptr<rpc::ServerEnvironment> environment_;
  const std::shared_ptr<HttpCallList> http_calls_ = std::make_shared<HttpCallList>();
  http::SessionLimits limits_;
  std::unordered_map<const io::Connection*, Served> served_;
  std::atomic<std::size_t> connection_count_{0};
  DrainTimer drain_timer_{*this};
  std::function<void()> drained_;
  bool draining_ = false;
  bool canceled_all_ = false;
};

}  // namespace connectrpc::server
