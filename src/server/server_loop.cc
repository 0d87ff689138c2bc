// What a server has on one loop: its connections and its calls.
#include "server/server_loop.h"

#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>
#include <variant>

#include "base/block_cache.h"
#include "base/lent_string.h"
#include "connectrpc/detail/request_store.h"
#include "http1/server_session.h"
#include "http2/server_session.h"
#include "io/lent_buffer.h"
#include "io/tcp_stream.h"
#include "io/tls_stream.h"
#include "protocol/server_call.h"
#include "rpc/worker_pool.h"
#include "server/environment.h"
#include "server/resident_memory.h"
#include "server/sniffer.h"

namespace connectrpc::server {

namespace {

// By how much the lives of connections differ.
constexpr double jitter = 0.1;
// Without a byte for this long, a connection is at rest.
constexpr std::chrono::milliseconds rest_time{500};
constexpr std::chrono::seconds trim_interval{10};

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
      limits_(limits_of(options)),
      options_(options) {
  environment_->calls.on_empty([this] { finish_drain_if_idle(); });
  http_calls_->on_empty([this] { finish_drain_if_idle(); });
}

ServerLoop::~ServerLoop() {
  // Both outlive it where handlers do.
  environment_->calls.on_empty(nullptr);
  http_calls_->on_empty(nullptr);
  close();
}

void ServerLoop::serve(int socket, const TlsConfig* tls) {
  if (quiet_over_) {
    ::close(socket);
    connection_count_.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  std::unique_ptr<io::Stream> stream = io::make_tcp_stream(environment_->loop, socket);
  if (tls != nullptr) stream = io::make_tls_server(std::move(stream), *tls);
  adopt(std::move(stream));
}

void ServerLoop::serve(std::unique_ptr<io::Stream> stream) {
  if (draining()) return;
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
  Served& served = served_.try_emplace(&started, *this).first->second;
  served.connection = std::move(made);
  served.share = std::uniform_real_distribution<>(1 - jitter, 1 + jitter)(random_);
  started.start();
  watch(served);
}

void ServerLoop::decided(io::Connection& connection, bool http2, std::string_view bytes) {
  const Peer& peer = connection.stream().peer();
  const std::string scheme = peer.tls() != nullptr ? "https" : "http";
  const auto install = [&](auto session) {
    auto& installed = *session;
    Served& served = served_.at(&connection);
    served.session = &installed;
    served.http2 = http2;
    installed.limit_requests(options_.max_connection_requests);
    connection.replace_session(std::move(session));
    watch(served);
    if (draining()) installed.announce_end();
    installed.receive(bytes);
  };
  if (http2) {
    auto session = http2::make_server_session(*this, limits_, peer, scheme);
    session->limit_pings(options_.keepalive_min_interval);
    install(std::move(session));
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

void ServerLoop::watch(Served& served) {
  const Clock::time_point now = Clock::now();
  std::optional<Clock::time_point> next;
  for (const auto look : {&ServerLoop::watch_head, &ServerLoop::watch_end, &ServerLoop::watch_life}) {
    const auto again = (this->*look)(served, now);
    if (served.connection->closed()) return;
    if (again && (!next || *again < *next)) next = again;
  }
  if (next) {
    environment_->timers.schedule(served, *next);
  } else {
    environment_->timers.cancel(served);
  }
}

// The handshake and the heads of requests.
std::optional<ServerLoop::Clock::time_point> ServerLoop::watch_head(Served& served, Clock::time_point now) {
  const io::Stream& stream = served.connection->stream();
  const bool tls = stream.handshaking() || stream.peer().tls() != nullptr;
  const auto handshake = options_.handshake_timeout;
  const auto head = options_.header_timeout;
  if (stream.handshaking()) {
    if (handshake.count() == 0) return std::nullopt;
    if (now < served.begun + handshake) return served.begun + handshake;
    environment_->report(LogRecord::Level::warning, "",
                         stream.peer().to_string() + ": no TLS handshake within handshake_timeout");
    served.connection->close("the TLS handshake took too long");
    return std::nullopt;
  }
  if (head.count() == 0) return std::nullopt;
  http::Drainable* const session = served.session;
  if (session == nullptr || (session->requests() == 0 && session->head_begun())) {
    // A handshake has time of its own.
    const auto end = served.begun + head + (tls ? handshake : handshake.zero());
    if (now < end) return end;
    served.connection->close("no request came in time");
    return std::nullopt;
  }
  if (served.http2) return std::nullopt;
  // At two looks in a row the same one: it has taken at least as long as lies between them.
  if (session->head_begun() && std::exchange(served.slow_head, session->requests()) == session->requests()) {
    served.connection->close("a request's head took too long");
    return std::nullopt;
  }
  if (!session->head_begun()) served.slow_head = static_cast<std::size_t>(-1);
  return now + head;
}

// Age, idleness, number of requests.
std::optional<ServerLoop::Clock::time_point> ServerLoop::watch_end(Served& served, Clock::time_point now) {
  const auto share_of = [&](std::chrono::milliseconds time) {
    return std::chrono::duration_cast<Clock::duration>(time * served.share);
  };
  const auto grace = options_.max_connection_grace;
  if (served.session != nullptr && served.session->ending() && served.end == Clock::time_point()) {
    served.end = grace.count() == 0 ? Clock::time_point::max() : now + grace;
  }
  if (served.end != Clock::time_point()) {
    if (now >= served.end) {
      served.connection->close("the connection was to end, and its time is over");
      return std::nullopt;
    }
    // HTTP/1.1 says so with its next answer, if there is one soon; see ServerOptions::drain_quiet.
    if (served.session->active() == 0 && now >= served.connection->last_moved() + options_.drain_quiet) {
      served.connection->look();
      if (served.session->active() == 0) served.session->begin_shutdown();
    }
    return std::min(served.end, now + std::max(options_.drain_quiet, std::chrono::milliseconds(1)));
  }
  std::optional<Clock::time_point> next;
  const auto look_at = [&](Clock::time_point time) {
    if (!next || time < *next) next = time;
  };
  if (options_.max_connection_age.count() > 0) {
    const auto end = served.begun + share_of(options_.max_connection_age);
    if (now >= end && served.session != nullptr) {
      served.connection->look();
      served.session->announce_end();
      return watch_end(served, now);
    }
    look_at(std::max(end, now + std::chrono::milliseconds(1)));
  }
  if (options_.max_connection_idle.count() > 0 && served.session != nullptr) {
    const auto idle = share_of(options_.max_connection_idle);
    const auto end = served.session->active() == 0 ? served.connection->last_moved() + idle : now + idle;
    if (now >= end) {
      served.connection->look();
      if (served.session->active() == 0) served.session->begin_shutdown();
      if (served.session->ending()) return watch_end(served, now);
    }
    look_at(std::max(end, now + std::chrono::milliseconds(1)));
  }
  // It ends by itself, and then its grace begins.
  if (options_.max_connection_requests > 0 && grace.count() > 0)
    look_at(now + grace / 4 + std::chrono::milliseconds(1));
  return next;
}

std::optional<ServerLoop::Clock::time_point> ServerLoop::watch_life(Served& served, Clock::time_point now) {
  const auto interval = options_.keepalive_interval;
  if (served.session == nullptr || interval.count() == 0) return std::nullopt;
  const auto last = served.connection->last_read();
  if (served.pinged != Clock::time_point() && last < served.pinged) {
    const auto end = served.pinged + options_.keepalive_timeout;
    if (now < end) return end;
    served.connection->close("the client did not answer a PING within keepalive_timeout");
    return std::nullopt;
  }
  served.pinged = {};
  if (now < last + interval) return last + interval;
  if (!served.session->ping()) return std::nullopt;
  served.pinged = now;
  // An answer that came soon must not put the next question off.
  return now + std::min(interval, options_.keepalive_timeout);
}

void ServerLoop::rest() {
  const Clock::time_point now = Clock::now();
  bool moved = false;
  for (auto& [connection, served] : served_) {
    if (now < connection->last_moved() + rest_time) {
      moved = true;
    } else if (served.session != nullptr) {
      served.session->rest();
    }
  }
  if (moved || environment_->calls.size() != 0 || !http_calls_->empty()) {
    // Calls may last for hours without a word.
    environment_->timers.schedule(rest_timer_, now + (moved ? rest_time : 10 * rest_time));
    return;
  }
  rpc::WorkerPool::of(environment_->loop).drop_idle();
  io::ReadBuffer::drop();
  base::drop_lent_strings();
  detail::drop_kept_requests();
  base::drop_kept_blocks();
  if (options_.trim_memory_below != 0) trim_memory(now);
}

void ServerLoop::trim_memory(Clock::time_point now) {
  if (now < next_trim_) return environment_->timers.schedule(rest_timer_, next_trim_);
  next_trim_ = now + trim_interval;
#ifdef __GLIBC__
  if (resident_memory() <= options_.trim_memory_below) ::malloc_trim(0);
#endif
}

void ServerLoop::on_request(std::unique_ptr<http::ServerExchange> exchange) {
  if (!rest_timer_.scheduled()) environment_->timers.schedule(rest_timer_, Clock::now() + rest_time);
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

http::Refusal ServerLoop::refuse(const http::RequestHead& head, std::string text) {
  protocol::ServerOutput answer = protocol::header_list_answer(head, std::move(text));
  return {std::move(*answer.head), std::move(answer.body)};
}

void ServerLoop::drain(std::function<void()> done) {
  if (draining()) return;
  stage_ = Stage::draining;
  drained_ = std::move(done);
  const auto now = io::TimerQueue::Clock::now();
  environment_->timers.schedule(stage_timer_, now + options_.drain_timeout);
  // Connections may end meanwhile, but they leave served_ in a later turn.
  for (auto& [connection, served] : served_) {
    // What has come is a request that the client takes for accepted.
    served.connection->look();
    if (served.session != nullptr) served.session->announce_end();
    if (connection->last_moved() + options_.drain_quiet <= now) end_if_at_rest(served);
  }
  environment_->timers.schedule(quiet_timer_, now + options_.drain_quiet);
  finish_drain_if_idle();
}

void ServerLoop::cancel(std::function<void()> done) {
  if (!draining()) drain(std::move(done));
  if (stage_ == Stage::draining) next_stage();
}

void ServerLoop::end_quiet() {
  quiet_over_ = true;
  environment_->timers.cancel(quiet_timer_);
  for (auto& [connection, served] : served_) {
    served.connection->look();
    end_if_at_rest(served);
  }
}

void ServerLoop::end_if_at_rest(Served& served) {
  if (served.session != nullptr) {
    served.session->begin_shutdown();
  } else {
    served.connection->close("the server is shutting down");
  }
}

void ServerLoop::cancel_calls() {
  environment_->calls.cancel_all(CancelReason::shutdown);
  http_calls_->cancel_all();
}

void ServerLoop::next_stage() {
  if (stage_ == Stage::cancelling) return close();
  stage_ = Stage::cancelling;
  if (!quiet_over_) end_quiet();
  environment_->timers.schedule(stage_timer_, io::TimerQueue::Clock::now() + options_.cancel_timeout);
  cancel_calls();
  finish_drain_if_idle();
}

void ServerLoop::close() {
  stage_ = Stage::closed;
  quiet_over_ = true;
  cancel_calls();
  environment_->timers.cancel(quiet_timer_);
  // Exchanges outlive their connections.
  connection_count_.fetch_sub(served_.size(), std::memory_order_relaxed);
  std::exchange(served_, {}).clear();
  finish_drain();
}

void ServerLoop::finish_drain_if_idle() {
  if (drained_ && served_.empty() && environment_->calls.size() == 0 && http_calls_->empty()) finish_drain();
}

void ServerLoop::finish_drain() {
  environment_->timers.cancel(rest_timer_);
  environment_->timers.cancel(stage_timer_);
  environment_->timers.cancel(quiet_timer_);
  // In a turn of its own: the caller may be a connection.
  if (drained_) boost::asio::post(environment_->loop, std::exchange(drained_, nullptr));
}

}  // namespace connectrpc::server
