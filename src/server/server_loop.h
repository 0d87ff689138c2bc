// What a server has on one loop: its connections and its calls.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <random>
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

  /// Tells peers that no new calls are taken and lets those under way end, each step within the time that the options
  /// give it: what still runs is cancelled, then reset. Calls `done`, once, in a turn of its own.
  void drain(std::function<void()> done);
  /// The same without waiting for calls to end by themselves; after drain(), cuts its wait short.
  void cancel(std::function<void()> done);
  /// Cancels what runs and closes everything, at once.
  void close();

 private:
  // http::RequestHandler
  void on_request(std::unique_ptr<http::ServerExchange> exchange) override;
  http::Refusal refuse(const http::RequestHead& head, std::string text) override;

  using Clock = io::TimerQueue::Clock;

  // A connection; its timer comes when one of its times may be over.
  struct Served final : io::Timer {
    explicit Served(ServerLoop& loop) : owner(loop) {}
    void on_timer() override { owner.watch(*this); }

    ServerLoop& owner;
    std::unique_ptr<io::Connection> connection;
    // Null until the sniffer has decided.
    http::Drainable* session = nullptr;
    bool http2 = false;
    Clock::time_point begun = Clock::now();
    // In which age and idleness end this one.
    double share = 1;
    // When it was asked for a sign of life; the clock's beginning: it has not been.
    Clock::time_point pinged{};
    // When it will be closed, calls or not; the clock's beginning: it need not end.
    Clock::time_point end{};
    // The number of the request whose head was incomplete at the last look.
    std::size_t slow_head = static_cast<std::size_t>(-1);
  };

  // Serving, then the steps of a drain, in this order.
  enum class Stage { serving, draining, cancelling, closed };

  class StageTimer final : public io::Timer {
   public:
    explicit StageTimer(ServerLoop& owner) : owner_(owner) {}

   private:
    void on_timer() override { owner_.next_stage(); }
    ServerLoop& owner_;
  };
  // Time for the last requests on connections that were in use a moment ago.
  class QuietTimer final : public io::Timer {
   public:
    explicit QuietTimer(ServerLoop& owner) : owner_(owner) {}

   private:
    void on_timer() override { owner_.end_quiet(); }
    ServerLoop& owner_;
  };

  // Comes while requests do.
  class RestTimer final : public io::Timer {
   public:
    explicit RestTimer(ServerLoop& owner) : owner_(owner) {}

   private:
    void on_timer() override { owner_.rest(); }
    ServerLoop& owner_;
  };

  void adopt(std::unique_ptr<io::Stream> stream);
  void decided(io::Connection& connection, bool http2, std::string_view bytes);
  void closed(io::Connection& connection);
  void watch(Served& served);
  // Each closes the connection or gives when to look again.
  std::optional<Clock::time_point> watch_head(Served& served, Clock::time_point now);
  std::optional<Clock::time_point> watch_end(Served& served, Clock::time_point now);
  std::optional<Clock::time_point> watch_life(Served& served, Clock::time_point now);
  // Frees what connections at rest keep for the next request, and what the loop does when all of them are.
  void rest();
  void trim_memory(Clock::time_point now);
  void cancel_calls();
  void next_stage();
  // Ends a connection on which nothing is under way, however recently it was used.
  void end_quiet();
  void end_if_at_rest(Served& served);
  bool draining() const noexcept { return stage_ != Stage::serving; }
  void finish_drain_if_idle();
  void finish_drain();

  const std::shared_ptr<const RoutingTable> table_;
  std::shared_ptr<rpc::ServerEnvironment> environment_;
  const std::shared_ptr<HttpCallList> http_calls_ = std::make_shared<HttpCallList>();
  http::SessionLimits limits_;
  std::unordered_map<const io::Connection*, Served> served_;
  std::atomic<std::size_t> connection_count_{0};
  const ServerOptions& options_;
  std::minstd_rand random_{std::random_device()()};
  StageTimer stage_timer_{*this};
  QuietTimer quiet_timer_{*this};
  RestTimer rest_timer_{*this};
  Clock::time_point next_trim_{};
  std::function<void()> drained_;
  Stage stage_ = Stage::serving;
  // No connection without a request is waited for any more.
  bool quiet_over_ = false;
};

}  // namespace connectrpc::server
