// What a server has on one loop: its connections and its calls.
#include "server/server_loop.h"

#include <unistd.h>

#include <boost/asio/post.hpp>
#include <utility>
#include <variant>

#include "http1/server_session.h"
#include "http2/server_session.h"
#include "io/tcp_stream.h"
#include "io/tls_stream.h"
#include "protocol/server_call.h"
#include "server/environment.h"
#include "server/sniffer.h"

namespace connectrpc::server {

namespace {

// After calls are cancelled, their answers get this long to reach the peers.
constexpr std::chrono::milliseconds flush_time{500};

http::SessionLimits limits_of(const ServerOptions& options) {
  http::SessionLimits limits;
  limits.header_list = options.header_list_limit;
  limits.concurrent_streams = options.concurrent_streams;
  limits.stream_window = options.stream_window;
  limits.connection_window = options.connection_window;
  limits.low_water = options.high_water / 2;
  return limits;
}

// The complete answer to a request that no handler sees.
void answer(protocol::ServerOutput output, http::ServerExchange& exchange) {
  rpc::apply(std::move(output), exchange);
  if (!exchange.inbound_ended()) exchange.abort(http::ResetReason::no_error);
}

}  // namespace

ServerLoop::ServerLoop(io::Loop& loop, const ServerOptions& options, std::shared_ptr<const RoutingTable> table,
                       rpc::ThreadPool* threads)
    : table_(std::move(table)),
      environment_(new rpc::ServerEnvironment(make_environment(loop, options, threads))),
      limits_(limits_of(options)) {}

ServerLoop::~ServerLoop() { close(); }

void ServerLoop::serve(int socket, const TlsConfig* tls) {
  if (draining_) {
    ::close(socket);
    connection_count_.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  std::unique_ptr<io::Stream> stream = io::make_tcp_stream(environment_->loop, socket);
  if (tls != nullptr) stream = io::make_tls_server(std::move(stream), *tls);
  adopt(std::move(stream));
}

void ServerLoop::serve(std::unique_ptr<io::Stream> stream) {
  if (draining_) return;
  expect_connection();
  adopt(std::move(stream));
}

void ServerLoop::adopt(std::unique_ptr<io::Stream> stream) {
  // The sniffer learns of its connection after both exist.
  const auto connection = std::make_shared<io::Connection*>(nullptr);
  auto sniffer = std::make_unique<Sniffer>([this, connection](Sniffer::Found found, std::string_view bytes) {
    if (found == Sniffer::Found::tls) {
      environment_->report(LogRecord::Level::warning, "",
                           (*connection)->stream().peer().to_string() + " began a TLS handshake on a port without TLS");
      return;
    }
    decided(**connection, found == Sniffer::Found::http2, bytes);
  });
  auto made = std::make_unique<io::Connection>(std::move(stream), std::move(sniffer));
  *connection = made.get();
  made->on_closed([this](io::Connection& ended) { closed(ended); });
  io::Connection& started = *made;
  served_.try_emplace(&started).first->second.connection = std::move(made);
  started.start();
}

void ServerLoop::decided(io::Connection& connection, bool http2, std::string_view bytes) {
  const Peer& peer = connection.stream().peer();
  const std::string scheme = peer.tls() != nullptr ? "https" : "http";
  const auto install = [&](auto session) {
    auto& installed = *session;
    served_.at(&connection).session = &installed;
    connection.replace_session(std::move(session));
    if (draining_) installed.begin_shutdown();
    installed.receive(bytes);
  };
  if (http2) {
    install(http2::make_server_session(*this, limits_, peer, scheme));
  } else {
    install(http1::make_server_session(*this, limits_, peer, scheme));
  }
}

void ServerLoop::closed(io::Connection& connection) {
  const auto at = served_.find(&connection);
  if (at == served_.end()) return;
  if (const std::string failure = connection.stream().failure(); !failure.empty() && at->second.session == nullptr) {
    environment_->report(LogRecord::Level::warning, "", connection.stream().peer().to_string() + ": " + failure);
  }
  served_.erase(at);
  connection_count_.fetch_sub(1, std::memory_order_relaxed);
  finish_drain_if_idle();
}

void ServerLoop::on_request(std::unique_ptr<http::ServerExchange> exchange) {
  const http::RequestHead& head = exchange->request();
  const RoutingTable::Method* method = table_->find(head.path());
  if (method == nullptr && table_->has_only_methods()) return answer(protocol::unknown_path(head), *exchange);
  if (method == nullptr || !method->direct) {
    return HttpCall::start(environment_, http_calls_, table_, std::move(exchange));
  }
  const rpc::Route& route = method->route;
  auto accepted = protocol::accept(head, *route.method, environment_->settings_for(route.receive_limit));
  if (auto* refusal = std::get_if<protocol::ServerOutput>(&accepted)) return answer(std::move(*refusal), *exchange);
  rpc::ServerCall::start(environment_, route, std::move(exchange),
                         std::move(std::get<std::unique_ptr<protocol::ServerCall>>(accepted)));
}

void ServerLoop::drain(std::chrono::milliseconds timeout, std::function<void()> done) {
  if (draining_) return;
  draining_ = true;
  drained_ = std::move(done);
  for (auto& [connection, served] : served_) {
    if (served.session != nullptr) {
      served.session->begin_shutdown();
    } else {
      // Nothing has been asked on it yet.
      served.connection->close("the server is shutting down");
    }
  }
  environment_->timers.schedule(drain_timer_, io::TimerQueue::Clock::now() + timeout);
  finish_drain_if_idle();
}

void ServerLoop::cancel_calls() {
  environment_->calls.cancel_all(CancelReason::shutdown);
  http_calls_->cancel_all();
}

void ServerLoop::drain_further() {
  if (!canceled_all_) {
    canceled_all_ = true;
    cancel_calls();
    environment_->timers.schedule(drain_timer_, io::TimerQueue::Clock::now() + flush_time);
    return;
  }
  close();
}

void ServerLoop::close() {
  draining_ = true;
  cancel_calls();
  environment_->timers.cancel(drain_timer_);
  // Exchanges outlive their connections.
  connection_count_.fetch_sub(served_.size(), std::memory_order_relaxed);
  std::exchange(served_, {}).clear();
  finish_drain_if_idle();
}

void ServerLoop::finish_drain_if_idle() {
  if (!drained_ || !served_.empty()) return;
  environment_->timers.cancel(drain_timer_);
  // In a turn of its own: the caller may be a connection.
  boost::asio::post(environment_->loop, std::exchange(drained_, nullptr));
}

}  // namespace connectrpc::server
