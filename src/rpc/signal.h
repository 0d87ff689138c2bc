// What a coroutine waits for, told by callbacks of its own loop.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <utility>

#include "connectrpc/task.h"

namespace connectrpc::rpc {

/// One waiter, resumed inline by notify(): no timer, no queue, no allocation of its own. Everything happens on one
/// loop. Destroying it destroys a coroutine that waits.
class Signal {
 public:
  Signal() = default;
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  /// Waits until notify(), or until the coroutine's cancellation slot fires; returns in both cases, so look at the
  /// state that is waited for. A notify() without a waiter is not remembered.
  Task<> wait() {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
        [this](Handler handler) { start(std::move(handler)); }, boost::asio::use_awaitable);
  }

  /// The same for a coroutine that nobody cancels meanwhile: only notify() ends it.
  Task<> wait_for_notify() {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
        [this](Handler handler) { handler_.emplace(std::move(handler)); }, boost::asio::use_awaitable);
  }

  /// Resumes the waiter, if there is one, before it returns. The signal may be destroyed meanwhile.
  void notify() {
    if (!handler_) return;
    Handler handler = std::move(*handler_);
    handler_.reset();
    auto slot = boost::asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) slot.clear();
    std::move(handler)();
  }

  /// Resumes the waiter, if there is one, in a later turn of the loop. The signal may be destroyed before.
  void notify_later() {
    if (!handler_) return;
    Handler waiter = std::move(*handler_);
    handler_.reset();
    auto slot = boost::asio::get_associated_cancellation_slot(waiter);
    if (slot.is_connected()) slot.clear();
    auto executor = boost::asio::get_associated_executor(waiter);
    boost::asio::post(executor, std::move(waiter));
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
  using Handler = typename boost::asio::async_result<boost::asio::use_awaitable_t<>, void()>::handler_type;

  void start(Handler handler) {
    auto slot = boost::asio::get_associated_cancellation_slot(handler);
    handler_.emplace(std::move(handler));
    if (!slot.is_connected()) return;
    slot.assign([this](boost::asio::cancellation_type) {
      // Not inline: whoever emits a cancellation does not expect the coroutine to run, and maybe end, inside of it.
      // The slot is in use and cannot be cleared.
      if (!handler_) return;
      Handler waiter = std::move(*handler_);
      handler_.reset();
      auto executor = boost::asio::get_associated_executor(waiter);
      boost::asio::post(executor, std::move(waiter));
    });
  }

  std::optional<Handler> handler_;
};

}  // namespace connectrpc::rpc
