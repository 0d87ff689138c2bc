// What a channel's innermost interceptor awaits.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <exception>
#include <utility>

#include "connectrpc/detail/interceptor_frame.h"
#include "connectrpc/task.h"
#include "rpc/signal.h"

namespace connectrpc::client {

/// A coroutine's frame without a coroutine: awaited, resumed and destroyed like any, it calls its owner, of which it is
/// a member: ninety instructions less than one of the compiler's. It lies as theirs do in memory: two functions, then
/// the promise (GCC and Clang alike).
class EndFrame {
 public:
  class Owner : public connectrpc::detail::PlainRun {
   public:
    /// The frame is resumed: calls wait(), end() or fail() as the last thing it does.
    virtual void on_resume() noexcept = 0;

   protected:
    ~Owner() = default;
  };

  explicit EndFrame(Owner& owner) noexcept
      : resume_([](void* self) { static_cast<EndFrame*>(self)->owner_.on_resume(); }),
        destroy_([](void* self) { static_cast<EndFrame*>(self)->waiting_ = false; }),
        promise_(owner),
        owner_(owner) {}
  EndFrame(const EndFrame&) = delete;
  EndFrame& operator=(const EndFrame&) = delete;
  ~EndFrame() = default;

  /// Once. The frame outlives it.
  Task<> task() {
    owner_.on_made(promise_);
    return promise_.get_return_object();
  }

  /// Until notify(), or until who has awaited it is cancelled, unless in the way `unheard`.
  void wait(boost::asio::cancellation_slot unheard) {
    if (promise_.has_thread()) {
      over_.wait(promise_, unheard);
    } else {
      waiting_ = true;
    }
  }
  bool waiting() const noexcept { return waiting_ || over_.waiting(); }
  void notify() {
    if (!waiting_) return over_.notify();
    waiting_ = false;
    owner_.on_resume();
  }
  /// Destroys who waits on a thread.
  void abandon() { over_.abandon(); }

  /// Throws if who has awaited it is cancelled, as co_await does.
  void throw_if_cancelled() const { promise_.throw_if_cancelled(); }
  /// Goes on with who has awaited it. The owner may be gone when it returns.
  void end() noexcept { promise_.finish().resume(); }
  /// The same, who throws `thrown`.
  void fail(std::exception_ptr thrown) noexcept {
    promise_.set_except(std::move(thrown));
    end();
  }

 private:
  void (*const resume_)(void* self);
  void (*const destroy_)(void* self);
  connectrpc::detail::InterceptorFrame promise_;
  Owner& owner_;
  // Without a thread.
  bool waiting_ = false;
  rpc::Signal over_;
};

}  // namespace connectrpc::client
