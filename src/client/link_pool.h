// A channel's connections on one loop.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "client/channel_core.h"
#include "client/tunnel.h"
#include "connectrpc/error.h"
#include "http/exchange.h"
#include "io/connection.h"
#include "io/dialer.h"
#include "io/stream.h"
#include "io/timer_queue.h"
#include "rpc/loop_service.h"
#include "rpc/signal.h"

namespace connectrpc::http2 {
class ClientSession;
}

namespace connectrpc::client {

class LinkPool;

/// A call that needs a connection. It may be waiting in one pool.
class LinkWaiter {
 public:
  LinkWaiter() = default;
  LinkWaiter(const LinkWaiter&) = delete;
  LinkWaiter& operator=(const LinkWaiter&) = delete;

  /// `link` takes one exchange now. `fresh`: nothing has been asked on it before.
  virtual void on_link(http::ClientLink& link, HttpVersion version, bool fresh) = 0;
  /// There will be no connection.
  virtual void on_no_link(const Error& error) = 0;

 protected:
  /// Leaves the pool's queue.
  virtual ~LinkWaiter();

 private:
  friend class LinkPool;
  LinkPool* pool_ = nullptr;
  LinkWaiter* previous_ = nullptr;
  LinkWaiter* next_ = nullptr;
};

/// Lives on its loop.
class LinkPool {
 public:
  LinkPool(std::shared_ptr<ChannelCore> core, std::optional<HttpVersion> version, io::Loop& loop);
  ~LinkPool();

  const ChannelCore& core() const noexcept { return *core_; }
  /// Gives `waiter` a link, at once if one has room, or in a later turn.
  void acquire(LinkWaiter& waiter);
  /// `waiter` wants none any more. Nothing happens if it is not waiting.
  void forget(LinkWaiter& waiter) noexcept;
  /// An exchange has ended: its link may have room.
  void released();

 private:
  struct Link;
  // Asks an HTTP/2 server for signs of life.
  struct KeepAlive final : io::Timer {
    explicit KeepAlive(Link& owner) : link(owner) {}
    void on_timer() override;
    Link& link;
    http2::ClientSession* session = nullptr;
    // The clock's beginning: it has not been asked.
    io::TimerQueue::Clock::time_point asked{};
  };
  // A connection that is up.
  struct Link final : io::Timer {
    LinkPool* pool = nullptr;
    http::ClientLink* exchanges = nullptr;
    std::unique_ptr<io::Connection> connection;
    HttpVersion version = HttpVersion::http1_1;
    bool fresh = true;
    // It has been idle for too long.
    void on_timer() override { pool->drop(*this); }
    KeepAlive keep_alive{*this};
  };
  // A connection on its way: TCP, then TLS. Its timer is the limit on both.
  struct Dial final : io::Timer, io::Stream::Observer {
    LinkPool* pool = nullptr;
    io::Dialing dialing;
    std::unique_ptr<io::Stream> stream;
    std::unique_ptr<Tunnel> tunnel;
    void on_timer() override;
    void on_readable() override {}
    void on_writable() override;
  };

  Link* find_room();
  void serve_waiting();
  void dial_for_waiting();
  void start_dial();
  void dialed(Dial& dial, Result<std::unique_ptr<io::Stream>> result);
  void reached(Dial& dial, Result<std::unique_ptr<io::Stream>> result);
  std::string cannot_connect() const;
  void established(Dial& dial);
  void dial_failed(Dial& dial, const Error& error);
  void drop(Link& link);
  void watch_idleness();
  Error closed_error() const;

  std::shared_ptr<ChannelCore> core_;
  std::optional<HttpVersion> version_;
  io::Loop& loop_;
  io::TimerQueue& timers_;
  std::list<Link> links_;
  std::list<Dial> dials_;
  LinkWaiter* first_ = nullptr;
  LinkWaiter* last_ = nullptr;
  std::size_t waiting_ = 0;
  bool closing_ = false;
  // ChannelOptions::keepalive_interval, and longer once a server has sent us away for asking too often.
  std::chrono::nanoseconds ping_interval_;
  // What the last connection turned out to be, where ALPN decides: HTTP/2 needs one connection for many calls.
  HttpVersion expected_;
};

/// The pools of all channels on one loop, and the coroutines there that wait for calls.
class ChannelPools final : public rpc::LoopService<ChannelPools> {
 public:
  explicit ChannelPools(boost::asio::execution_context& context);
  ~ChannelPools() override;

  const std::shared_ptr<LinkPool>& pool(ChannelCore& core, std::optional<HttpVersion> version);
  void drop(const ChannelCore* core);
  io::TimerQueue& timers() const noexcept { return timers_; }
  /// For tasks from other threads.
  const std::shared_ptr<LoopHandle>& handle() const noexcept { return handle_; }
  void close();

  /// A coroutine of this loop that waits for a call; destroyed with the loop.
  class Waiting {
   public:
    explicit Waiting(ChannelPools& pools);
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    ~Waiting();
    rpc::Signal signal;

   private:
    friend class ChannelPools;
    ChannelPools& pools_;
    Waiting* previous_ = nullptr;
    Waiting* next_ = nullptr;
  };

 private:
  // The version's number, or -1 where ALPN decides.
  using Key = std::pair<const ChannelCore*, int>;
  io::Loop& loop_;
  io::TimerQueue& timers_;
  std::shared_ptr<LoopHandle> handle_;
  std::map<Key, std::shared_ptr<LinkPool>> pools_;
  Waiting* waiting_ = nullptr;
};

}  // namespace connectrpc::client
