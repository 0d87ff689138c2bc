// A channel's connections on one loop: finding, making and dropping them.
#include "client/link_pool.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <string>

#include "http1/client_session.h"
#include "http2/client_session.h"
#include "io/socket_address.h"
#include "io/tls_stream.h"

namespace connectrpc::client {

namespace {

std::vector<std::string> alpn_for(std::optional<HttpVersion> version) {
  if (version == HttpVersion::http2) return {"h2"};
  if (version == HttpVersion::http1_1) return {"http/1.1"};
  return {"h2", "http/1.1"};
}

http::SessionLimits limits_of(const ChannelOptions& options) {
  http::SessionLimits limits;
  limits.header_list = options.header_list_limit;
  limits.stream_window = options.stream_window;
  limits.connection_window = options.connection_window;
  limits.low_water = options.stream_high_water / 2;
  return limits;
}

}  // namespace

LinkWaiter::~LinkWaiter() {
  if (pool_ != nullptr) pool_->forget(*this);
}

LinkPool::LinkPool(std::shared_ptr<ChannelCore> core, std::optional<HttpVersion> version, io::Loop& loop)
    : core_(std::move(core)),
      version_(version),
      loop_(loop),
      timers_(io::TimerQueue::of(loop)),
      ping_interval_(core_->options().keepalive_interval),
      expected_(version.value_or(HttpVersion::http2)) {}

LinkPool::~LinkPool() {
  closing_ = true;
  while (first_ != nullptr) {
    LinkWaiter& waiter = *first_;
    forget(waiter);
    waiter.on_no_link(closed_error());
  }
  dials_.clear();
  links_.clear();
}

Error LinkPool::closed_error() const {
  return Error(Code::canceled, "the channel to " + core_->url_text() + " was closed");
}

void LinkPool::acquire(LinkWaiter& waiter) {
  if (closing_) return waiter.on_no_link(closed_error());
  if (Link* link = first_ == nullptr ? find_room() : nullptr) {
    const bool fresh = std::exchange(link->fresh, false);
    timers_.cancel(*link);
    waiter.on_link(*link->exchanges, link->version, fresh);
    return;
  }
  waiter.pool_ = this;
  waiter.previous_ = last_;
  (last_ != nullptr ? last_->next_ : first_) = &waiter;
  last_ = &waiter;
  ++waiting_;
  dial_for_waiting();
}

void LinkPool::forget(LinkWaiter& waiter) noexcept {
  if (waiter.pool_ != this) return;
  (waiter.previous_ != nullptr ? waiter.previous_->next_ : first_) = waiter.next_;
  (waiter.next_ != nullptr ? waiter.next_->previous_ : last_) = waiter.previous_;
  waiter.pool_ = nullptr;
  waiter.previous_ = waiter.next_ = nullptr;
  --waiting_;
}

LinkPool::Link* LinkPool::find_room() {
  for (Link& link : links_) {
    if (link.exchanges->retired() || link.exchanges->capacity() == 0) continue;
    // A server that has closed a kept connection may have said so already: better heard before the request than after
    // it, when nobody knows whether it was processed.
    if (link.version == HttpVersion::http1_1 && !link.fresh) link.connection->look();
    if (!link.exchanges->retired()) return &link;
  }
  return nullptr;
}

void LinkPool::released() {
  if (closing_) return;
  serve_waiting();
  watch_idleness();
}

void LinkPool::serve_waiting() {
  while (first_ != nullptr) {
    Link* link = find_room();
    if (link == nullptr) break;
    LinkWaiter& waiter = *first_;
    forget(waiter);
    const bool fresh = std::exchange(link->fresh, false);
    timers_.cancel(*link);
    waiter.on_link(*link->exchanges, link->version, fresh);
  }
  dial_for_waiting();
}

void LinkPool::dial_for_waiting() {
  // One HTTP/2 connection will do for all who wait; of HTTP/1.1 each needs its own.
  const std::size_t wanted = expected_ == HttpVersion::http2 ? std::min<std::size_t>(waiting_, 1) : waiting_;
  // Those that take no further calls do not count: a call under way on one may last.
  const auto usable = static_cast<std::size_t>(
      std::count_if(links_.begin(), links_.end(), [](const Link& link) { return !link.exchanges->retired(); }));
  while (dials_.size() < wanted && usable + dials_.size() < core_->options().max_connections) start_dial();
}

void LinkPool::start_dial() {
  Dial& dial = dials_.emplace_back();
  dial.pool = this;
  if (core_->connector()) {
    // The next turn of the loop makes the connection, as a dial would.
    timers_.schedule(dial, io::TimerQueue::Clock::time_point());
    return;
  }
  timers_.schedule(dial, io::TimerQueue::Clock::now() + core_->options().connect_timeout);
  const Url& url = core_->url();
  if (const std::optional<Proxy>& proxy = core_->proxy()) {
    dial.dialing =
        io::dial(loop_, proxy->host, proxy->port, Deadline::none(),
                 [this, &dial](Result<std::unique_ptr<io::Stream>> result) { reached(dial, std::move(result)); });
    return;
  }
  auto done = [this, &dial](Result<std::unique_ptr<io::Stream>> result) { dialed(dial, std::move(result)); };
  dial.dialing = url.unix_path.empty() ? io::dial(loop_, url.host, url.port, Deadline::none(), std::move(done))
                                       : io::dial_unix(loop_, url.unix_path, std::move(done));
}

// The proxy, that is.
void LinkPool::reached(Dial& dial, Result<std::unique_ptr<io::Stream>> result) {
  const Proxy& proxy = *core_->proxy();
  if (!result) {
    return dial_failed(dial,
                       Error(result.error().code(), cannot_connect() + ": the proxy " + proxy.name +
                                                        " is out of reach: " + std::string(result.error().message())));
  }
  const Url& url = core_->url();
  const std::string target = io::host_and_port(url.host, url.port);
  dial.tunnel = std::make_unique<Tunnel>(
      std::move(*result), proxy, target, [this, &dial](Result<std::unique_ptr<io::Stream>> through) {
        if (through) return dialed(dial, std::move(through));
        dial_failed(dial,
                    Error(through.error().code(), cannot_connect() + ": " + std::string(through.error().message())));
      });
}

std::string LinkPool::cannot_connect() const { return "cannot connect to " + core_->url_text(); }

void LinkPool::dialed(Dial& dial, Result<std::unique_ptr<io::Stream>> result) {
  if (!result) return dial_failed(dial, result.error());
  dial.stream = std::move(*result);
  if (!core_->url().tls) return established(dial);
  dial.stream =
      io::make_tls_client(std::move(dial.stream), core_->options().tls, core_->url().host, alpn_for(version_));
  dial.stream->observe(&dial);
  dial.stream->wait_writable();
}

void LinkPool::Dial::on_writable() {
  if (stream->handshaking()) return stream->wait_writable();
  if (const std::string failure = stream->failure(); !failure.empty()) {
    return pool->dial_failed(*this,
                             Error(Code::unavailable, "cannot connect to " + pool->core().url_text() + ": " + failure));
  }
  pool->established(*this);
}

void LinkPool::Dial::on_timer() {
  if (pool->core().connector()) {
    stream = pool->core().connector()(pool->loop_);
    if (stream) return pool->established(*this);
    return pool->dial_failed(*this, Error(Code::unavailable, "the in-memory server is gone"));
  }
  const std::optional<Proxy>& proxy = pool->core().proxy();
  pool->dial_failed(*this, Error(Code::unavailable, pool->cannot_connect() + ": no connection" +
                                                        (proxy ? " through the proxy " + proxy->name : "") +
                                                        " within ChannelOptions::connect_timeout"));
}

void LinkPool::established(Dial& dial) {
  std::unique_ptr<io::Stream> stream = std::move(dial.stream);
  stream->observe(nullptr);
  HttpVersion version = version_.value_or(HttpVersion::http1_1);
  if (core_->url().tls) {
    const bool h2 = stream->alpn() == "h2";
    // A server without ALPN speaks HTTP/1.1.
    if (version_ == HttpVersion::http2 && !h2) {
      return dial_failed(dial, Error(Code::unavailable, "cannot use " + core_->url_text() +
                                                            ": the server did not agree to HTTP/2 (ALPN said \"" +
                                                            std::string(stream->alpn()) + "\")"));
    }
    version = h2 ? HttpVersion::http2 : HttpVersion::http1_1;
  }
  expected_ = version;
  dials_.remove_if([&](const Dial& other) { return &other == &dial; });

  Link& link = links_.emplace_back();
  link.pool = this;
  link.version = version;
  const http::SessionLimits limits = limits_of(core_->options());
  const Peer peer = stream->peer();
  io::ConnectionOptions options;
  // Two ends that both wait for the other to read would wait for ever.
  options.read_while_blocked = true;
  const auto install = [&](auto session) {
    link.exchanges = session.get();
    link.connection = std::make_unique<io::Connection>(std::move(stream), std::move(session), options);
  };
  if (version == HttpVersion::http2) {
    auto session = http2::make_client_session(limits, peer);
    link.keep_alive.session = session.get();
    install(std::move(session));
    if (core_->options().keepalive_interval.count() > 0) link.keep_alive.on_timer();
  } else {
    install(http1::make_client_session(limits, peer));
  }
  link.connection->on_closed([this, &link](io::Connection&) { drop(link); });
  link.connection->start();
  serve_waiting();
  watch_idleness();
}

void LinkPool::KeepAlive::on_timer() {
  using Clock = io::TimerQueue::Clock;
  const ChannelOptions& options = link.pool->core().options();
  const auto after = [&](Clock::time_point begin, std::chrono::nanoseconds time) {
    link.pool->timers_.schedule(*this, begin + std::chrono::duration_cast<Clock::duration>(time));
  };
  const auto now = Clock::now();
  const auto last = link.connection->last_read();
  if (asked != Clock::time_point() && last < asked) {
    if (now < asked + options.keepalive_timeout) return after(asked, options.keepalive_timeout);
    return link.connection->close("the server did not answer a PING within ChannelOptions::keepalive_timeout");
  }
  asked = {};
  const std::chrono::nanoseconds interval = link.pool->ping_interval_;
  if (now < last + interval) return after(last, interval);
  const bool wanted = options.keepalive_without_calls || link.exchanges->active() > 0;
  if (!wanted) return after(now, interval);
  if (!session->send_ping()) return;
  asked = now;
  // An answer that came soon must not put the next question off.
  after(now, std::min(interval, options.keepalive_timeout));
}

void LinkPool::dial_failed(Dial& dial, const Error& error) {
  dials_.remove_if([&](const Dial& other) { return &other == &dial; });
  // One waiter a dial in HTTP/1.1; in HTTP/2 all waited for this one.
  std::size_t failed = expected_ == HttpVersion::http2 ? waiting_ : std::min<std::size_t>(waiting_, 1);
  for (; failed > 0 && first_ != nullptr; --failed) {
    LinkWaiter& waiter = *first_;
    forget(waiter);
    waiter.on_no_link(error);
  }
  dial_for_waiting();
}

void LinkPool::drop(Link& link) {
  if (closing_) return;
  if (link.keep_alive.session != nullptr && link.keep_alive.session->pinged_too_often()) {
    constexpr std::chrono::nanoseconds longest = std::chrono::hours(24);
    if (ping_interval_ < longest) ping_interval_ *= 2;
  }
  links_.remove_if([&](const Link& other) { return &other == &link; });
  dial_for_waiting();
}

void LinkPool::watch_idleness() {
  const auto timeout = core_->options().idle_timeout;
  for (Link& link : links_) {
    if (link.exchanges->active() == 0 && !link.scheduled()) {
      timers_.schedule(link, io::TimerQueue::Clock::now() + timeout);
    }
  }
}

ChannelPools::ChannelPools(boost::asio::execution_context& context)
    : LoopService(context),
      loop_(static_cast<io::Loop&>(context)),
      timers_(io::TimerQueue::of(loop_)),
      handle_(std::make_shared<LoopHandle>(loop_)) {}

ChannelPools::~ChannelPools() = default;

const std::shared_ptr<LinkPool>& ChannelPools::pool(ChannelCore& core, std::optional<HttpVersion> version) {
  std::shared_ptr<LinkPool>& pool = pools_[Key(&core, version ? static_cast<int>(*version) : -1)];
  if (!pool) {
    pool = std::make_shared<LinkPool>(core.shared_from_this(), version, loop_);
    core.add_loop(handle_);
  }
  return pool;
}

void ChannelPools::drop(const ChannelCore* core) {
  std::erase_if(pools_, [core](const auto& entry) { return entry.first.first == core; });
}

void ChannelPools::close() {
  handle_->forget();
  while (waiting_ != nullptr) {
    // Destroys the frame that holds it, which takes it off the list.
    Waiting& waiting = *waiting_;
    waiting_ = waiting.next_;
    if (waiting_ != nullptr) waiting_->previous_ = nullptr;
    waiting.previous_ = waiting.next_ = nullptr;
    waiting.signal.abandon();
  }
  pools_.clear();
}

ChannelPools::Waiting::Waiting(ChannelPools& pools) : pools_(pools), next_(pools.waiting_) {
  if (next_ != nullptr) next_->previous_ = this;
  pools_.waiting_ = this;
}

ChannelPools::Waiting::~Waiting() {
  if (previous_ != nullptr) {
    previous_->next_ = next_;
  } else if (pools_.waiting_ == this) {
    pools_.waiting_ = next_;
  }
  if (next_ != nullptr) next_->previous_ = previous_;
}

}  // namespace connectrpc::client
