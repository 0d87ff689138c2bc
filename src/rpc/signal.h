// What a coroutine waits for, told by callbacks of its own loop.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <optional>
#include <utility>

namespace connectrpc::rpc {

/// One waiter, resumed inline by notify(): no timer, no queue, no allocation of its own. Everything happens on one
/// loop. Destroying it destroys a coroutine that waits.
class Signal {
  // How Asio resumes a coroutine that has awaited an operation.
  using Handler = boost::asio::detail::awaitable_async_op_handler<void(), boost::asio::any_io_executor>;

 public:
  /// To be awaited at once. An operation of Asio and not a Task: that would be a coroutine of its own for each wait.
  class Wait {
   public:
    Wait(Signal& signal, boost::asio::cancellation_slot unheard) : initiation_{&signal, unheard} {}
    template <boost::asio::completion_token_for<void()> Token>
    auto operator()(Token&& token) const {
      return boost::asio::async_initiate<Token, void()>(initiation_, token);
    }

   private:
    struct Initiation {
      Signal* signal;
      boost::asio::cancellation_slot unheard;
      void operator()(Handler handler) const { signal->start(std::move(handler), unheard); }
    };
    Initiation initiation_;
  };

  Signal() = default;
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  /// Waits until notify(), or until the coroutine's cancellation slot fires; returns in both cases, so look at the
  /// state that is waited for. A notify() without a waiter is not remembered.
  /// A coroutine whose slot is `unheard`, which nobody uses without a notify(), is not ended by it.
  Wait wait(boost::asio::cancellation_slot unheard = {}) { return {*this, unheard}; }

  /// The same for what is no coroutine but has a frame, which runs. As the last thing that it does.
  void wait(boost::asio::detail::awaitable_frame_base<boost::asio::any_io_executor>& frame,
            boost::asio::cancellation_slot unheard) {
    Handler::result_type none;
    start(Handler(frame.detach_thread(), none), unheard);
  }

  /// Resumes the waiter, if there is one, before it returns. The signal may be destroyed meanwhile.
  void notify() {
    if (!handler_) return;
    Handler handler = std::move(*handler_);
    handler_.reset();
    // Which clears the cancellation slot before the coroutine goes on.
    handler();
  }

  /// Resumes the waiter, if there is one, in a later turn of the loop. The signal may be destroyed before.
  void notify_later() {
    if (!handler_) return;
    Handler waiter = std::move(*handler_);
    handler_.reset();
    auto slot = boost::asio::get_associated_cancellation_slot(waiter);
    if (slot.is_connected()) slot.clear();
    post(std::move(waiter));
  }

  /// Destroys the waiter, if there is one, instead of resuming it.
  void abandon() {
    std::optional<Handler> waiter = std::exchange(handler_, std::nullopt);
    if (!waiter) return;
    auto slot = boost::asio::get_associated_cancellation_slot(*waiter);
    if (slot.is_connected()) slot.clear();
  }

  bool waiting() const noexcept { return handler_.has_value(); }

 private:
  void start(Handler handler, boost::asio::cancellation_slot unheard) {
    auto slot = boost::asio::get_associated_cancellation_slot(handler);
    handler_.emplace(std::move(handler));
    if (slot == unheard || !slot.is_connected()) return;
    slot.assign([this](boost::asio::cancellation_type) {
      // Not inline: whoever emits a cancellation does not expect the coroutine to run, and maybe end, inside of it.
      // The slot is in use and cannot be cleared.
      if (!handler_) return;
      Handler waiter = std::move(*handler_);
      handler_.reset();
      post(std::move(waiter));
    });
  }

  static void post(Handler waiter) {
    auto executor = boost::asio::get_associated_executor(waiter);
    boost::asio::post(executor, std::move(waiter));
  }

  std::optional<Handler> handler_;
};

}  // namespace connectrpc::rpc
