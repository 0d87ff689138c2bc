// What a coroutine of any origin waits for, rung by code of the same loop.
#pragma once

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>

#include "connectrpc/task.h"
#include "io/loop.h"

namespace connectrpc::server {

/// One waiter. Unlike rpc::Signal it never resumes inline, and a waiter's frame belongs to the loop, which destroys it
/// at its end: so it serves coroutines that are not jobs of a rpc::WorkerPool.
class Bell {
 public:
  explicit Bell(io::Loop& loop) : timer_(loop, std::chrono::steady_clock::time_point::max()) {}

  /// Waits until ring(), or until the coroutine is cancelled; look at the state that is waited for. A ring() without a
  /// waiter is not remembered.
  Task<> wait() {
    boost::system::error_code ignored;
    co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
  }
  /// The same, at most until `end`.
  Task<> wait_until(std::chrono::steady_clock::time_point end) {
    timer_.expires_at(end);
    co_await wait();
    timer_.expires_at(std::chrono::steady_clock::time_point::max());
  }
  void ring() { timer_.cancel(); }

 private:
  boost::asio::steady_timer timer_;
};

}  // namespace connectrpc::server
