// The ways to wait for a call's steps: in a coroutine of its loop, in one of another loop, on a thread.
#include "client/waits.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <coroutine>
#include <memory>
#include <optional>
#include <semaphore>
#include <stdexcept>
#include <stop_token>
#include <utility>

#include "client/link_pool.h"
#include "rpc/block_frame.h"

template <>
struct std::coroutine_traits<connectrpc::Task<>, std::shared_ptr<connectrpc::client::Call>, connectrpc::client::Side,
                             connectrpc::client::Step&> {
  using promise_type = connectrpc::rpc::BlockFrame;
};

namespace connectrpc::client {

namespace asio = boost::asio;

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

[[noreturn]] void throw_canceled() { throw Error(Code::canceled, "the call was canceled by its caller"); }

// A coroutine that waits for a call on its own loop. Leaving it early gives the call up.
class HereWait final : private Call::Waiter {
 public:
  HereWait(Call& call, io::Loop& loop, Side side, Step& step)
      : call_(call), side_(side), waiting_(ChannelPools::of(loop)), done_(call.run(side, step, *this)) {}
  HereWait(const HereWait&) = delete;
  ~HereWait() {
    if (done_) return;
    call_.withdraw(side_);
    call_.give_up();
  }

  bool done() const noexcept { return done_; }
  auto wait() { return waiting_.signal.wait(); }

 private:
  void on_done() override {
    done_ = true;
    waiting_.signal.notify();
  }

  Call& call_;
  const Side side_;
  ChannelPools::Waiting waiting_;
  bool done_;
};

// A call on another loop than its coroutine's. Shared by both loops; what happens to the call happens on the call's.
class ElsewhereWait final : public std::enable_shared_from_this<ElsewhereWait>, private Call::Waiter {
 public:
  ElsewhereWait(std::shared_ptr<Call> call, io::Loop& there, io::Loop& here, Side side, Step& step)
      : call_(std::move(call)),
        there_(there),
        here_(ChannelPools::of(here).handle()),
        side_(side),
        step_(std::move(step)),
        waiting_(std::in_place, ChannelPools::of(here)) {
    // It may outlive the coroutine that the message belongs to.
    step_.message = nullptr;
  }

  void start() {
    asio::post(there_, [self = shared_from_this()] {
      self->self_ = self;
      if (self->call_->run(self->side_, self->step_, *self)) self->on_done();
    });
  }
  // The coroutine waits no more.
  void leave() {
    waiting_.reset();
    if (done_) return;
    asio::post(there_, [self = shared_from_this()] {
      if (self->self_) self->call_->withdraw(self->side_);
      self->self_.reset();
      self->call_->give_up();
    });
  }

  bool done() const noexcept { return done_; }
  auto wait() { return waiting_->signal.wait(); }
  Step& step() noexcept { return step_; }

 private:
  // There.
  void on_done() override {
    here_->post([self = std::move(self_)] {
      self->done_ = true;
      if (self->waiting_) self->waiting_->signal.notify();
    });
  }

  std::shared_ptr<Call> call_;
  io::Loop& there_;
  std::shared_ptr<LoopHandle> here_;
  const Side side_;
  Step step_;
  // Here.
  std::optional<ChannelPools::Waiting> waiting_;
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

// A thread that waits for a call.
class ThreadWait final : private Call::Waiter {
 public:
  void start(Call& call, Side side, Step& step) {
    if (call.run(side, step, *this)) on_done();
  }
  void wait() { done_.acquire(); }

 private:
  void on_done() override { done_.release(); }
  std::binary_semaphore done_{0};
};

}  // namespace

Task<> await_step(std::shared_ptr<Call> call, Side side, Step& step) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  io::Loop& here = loop_of(executor);
  io::Loop& there = call->bind(here);
  if (&there == &here) {
    HereWait wait(*call, here, side, step);
    if (!wait.done()) co_await wait.wait();
    if (!wait.done()) throw_canceled();
  } else {
    google::protobuf::MessageLite* const message = step.message;
    ElsewhereGuard wait(std::make_shared<ElsewhereWait>(call, there, here, side, step));
    if (!wait->done()) co_await wait->wait();
    if (!wait->done()) throw_canceled();
    step = std::move(wait->step());
    step.message = message;
  }
}

void block_on_step(const std::shared_ptr<Call>& call, io::Loop& loop, Side side, Step& step) {
  if (loop.get_executor().running_in_this_thread()) {
    throw std::logic_error("a blocking call on the thread that runs its channel's loop would wait for itself");
  }
  call->bind(loop);
  // What the call decodes into is used by this thread alone.
  google::protobuf::MessageLite* const message = std::exchange(step.message, nullptr);
  ThreadWait wait;
  asio::post(loop, [&wait, &step, side, call = call.get()] { wait.start(*call, side, step); });
  {
    const std::stop_callback give_up(call->stop_token(),
                                     [call, &loop] { asio::post(loop, [call] { call->give_up(); }); });
    wait.wait();
  }
  step.message = message;
}

}  // namespace connectrpc::client
