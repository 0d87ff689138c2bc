// Channels, call options and the two ways to wait for a call.
#include "connectrpc/client.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <semaphore>
#include <stdexcept>
#include <utility>

#include "client/channel_core.h"
#include "client/link_pool.h"
#include "client/unary_call.h"
#include "connectrpc/detail/error_access.h"

namespace connectrpc {

namespace asio = boost::asio;

Channel::Channel(std::shared_ptr<client::ChannelCore> core) : core_(std::move(core)) {}
Channel::~Channel() { core_->close(); }

std::shared_ptr<Channel> Channel::make(std::shared_ptr<client::ChannelCore> core) {
  return std::shared_ptr<Channel>(new Channel(std::move(core)));
}

std::shared_ptr<Channel> Channel::make(std::string_view url, ChannelOptions options) {
  return make(std::make_shared<client::ChannelCore>(url, std::move(options), nullptr));
}

std::shared_ptr<Channel> Channel::make(asio::io_context& io, std::string_view url, ChannelOptions options) {
  return make(std::make_shared<client::ChannelCore>(url, std::move(options), &io));
}

const ChannelOptions& Channel::options() const noexcept { return core_->options(); }
std::string_view Channel::url() const noexcept { return core_->url_text(); }

namespace detail {

namespace {

// An io_context's executors differ in type by the properties that were asked of them; their bits are Asio's.
template <unsigned... bits>
io::Loop* find_loop(const asio::any_io_executor& executor, std::integer_sequence<unsigned, bits...>) {
  io::Loop* found = nullptr;
  const auto look = [&](const auto* typed) {
    if (typed != nullptr) found = &typed->context();
    return typed != nullptr;
  };
  static_cast<void>((look(executor.target<io::Loop::basic_executor_type<std::allocator<void>, bits>>()) || ...));
  return found;
}

io::Loop& loop_of(const asio::any_io_executor& executor) {
  io::Loop* const loop = find_loop(executor, std::make_integer_sequence<unsigned, 8>());
  if (loop == nullptr) {
    throw std::logic_error("calls are awaited by coroutines on the plain executor of a boost::asio::io_context");
  }
  return *loop;
}

void take_outcome(client::UnaryCall& call, google::protobuf::MessageLite& message, Headers& headers, Headers& trailers,
                  Peer& peer) {
  headers = call.take_headers();
  trailers = call.take_trailers();
  peer = call.peer();
  std::optional<Error> failed = call.error();
  if (!failed) {
    if (Result<void> decoded = call.decode(message); !decoded) {
      failed = std::move(decoded).error();
      ErrorAccess::set_response(*failed, std::move(headers), std::move(trailers));
    }
  }
  if (failed) throw *std::move(failed);
}

// A coroutine that waits for a call on its own loop. Leaving it early gives the call up.
class HereWait final : public client::UnaryCall::Owner {
 public:
  HereWait(client::UnaryCall& call, client::ChannelPools& pools) : call_(call), waiting_(pools) {
    call_.start(pools, *this);
  }
  HereWait(const HereWait&) = delete;
  ~HereWait() { call_.cancel(); }

  bool done() const noexcept { return done_; }
  Task<> wait() { return waiting_.signal.wait(); }

 private:
  void on_done() override {
    done_ = true;
    waiting_.signal.notify();
  }

  client::UnaryCall& call_;
  client::ChannelPools::Waiting waiting_;
  bool done_ = false;
};

// A call on another loop than its coroutine's. Shared by both loops; what happens to the call happens on the call's.
class ElsewhereWait final : public client::UnaryCall::Owner, public std::enable_shared_from_this<ElsewhereWait> {
 public:
  ElsewhereWait(std::shared_ptr<client::UnaryCall> call, io::Loop& there, io::Loop& here)
      : call_(std::move(call)),
        there_(there),
        here_(client::ChannelPools::of(here).handle()),
        waiting_(std::in_place, client::ChannelPools::of(here)) {}

  void start() {
    asio::post(there_, [self = shared_from_this()] {
      self->self_ = self;
      self->call_->start(client::ChannelPools::of(self->there_), *self);
    });
  }
  // The coroutine waits no more.
  void leave() {
    waiting_.reset();
    if (done_) return;
    asio::post(there_, [self = shared_from_this()] {
      self->call_->cancel();
      self->self_.reset();
    });
  }

  bool done() const noexcept { return done_; }
  Task<> wait() { return waiting_->signal.wait(); }

 private:
  // There.
  void on_done() override {
    here_->post([self = std::move(self_)] {
      self->done_ = true;
      if (self->waiting_) self->waiting_->signal.notify();
    });
  }

  std::shared_ptr<client::UnaryCall> call_;
  io::Loop& there_;
  std::shared_ptr<client::LoopHandle> here_;
  // Here.
  std::optional<client::ChannelPools::Waiting> waiting_;
  bool done_ = false;
  // There: keeps this object while the call may still report to it.
  std::shared_ptr<ElsewhereWait> self_;
};

class ElsewhereGuard {
 public:
  explicit ElsewhereGuard(std::shared_ptr<ElsewhereWait> wait) : wait_(std::move(wait)) { wait_->start(); }
  ElsewhereGuard(const ElsewhereGuard&) = delete;
  ~ElsewhereGuard() { wait_->leave(); }
  ElsewhereWait* operator->() const noexcept { return wait_.get(); }

 private:
  std::shared_ptr<ElsewhereWait> wait_;
};

[[noreturn]] void throw_canceled() { throw Error(Code::canceled, "the call was canceled by its caller"); }

// A thread that waits for a call.
class ThreadWait final : public client::UnaryCall::Owner {
 public:
  void on_done() override { done_.release(); }
  void wait() { done_.acquire(); }

 private:
  std::binary_semaphore done_{0};
};

}  // namespace

PreparedUnary::PreparedUnary(const ChannelPtr& channel, const MethodSpec& method,
                             const google::protobuf::MessageLite& request, const CallOptions& options)
    : channel_(channel), call_(std::make_shared<client::UnaryCall>(channel->core(), method, request, options)) {}

PreparedUnary::PreparedUnary(PreparedUnary&&) noexcept = default;
PreparedUnary::~PreparedUnary() = default;

Task<> PreparedUnary::run(google::protobuf::MessageLite& message, Headers& headers, Headers& trailers, Peer& peer) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  io::Loop& here = loop_of(executor);
  io::Loop* const there = channel_->core()->fixed_loop();
  if (there == nullptr || there == &here) {
    HereWait wait(*call_, client::ChannelPools::of(here));
    if (!wait.done()) co_await wait.wait();
    if (!wait.done()) throw_canceled();
  } else {
    ElsewhereGuard wait(std::make_shared<ElsewhereWait>(call_, *there, here));
    if (!wait->done()) co_await wait->wait();
    if (!wait->done()) throw_canceled();
  }
  take_outcome(*call_, message, headers, trailers, peer);
}

void PreparedUnary::run_sync(google::protobuf::MessageLite& message, Headers& headers, Headers& trailers, Peer& peer) {
  io::Loop& loop = channel_->core()->blocking_loop();
  if (loop.get_executor().running_in_this_thread()) {
    throw std::logic_error("a blocking call on the thread that runs its channel's loop would wait for itself");
  }
  ThreadWait wait;
  asio::post(loop, [call = call_.get(), &loop, &wait] { call->start(client::ChannelPools::of(loop), wait); });
  wait.wait();
  take_outcome(*call_, message, headers, trailers, peer);
}

}  // namespace detail

}  // namespace connectrpc
