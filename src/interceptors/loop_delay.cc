// How long what is ready to run waits for its turn on a loop.
#include "interceptors/loop_delay.h"

#include <algorithm>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>

namespace connectrpc::interceptors {

namespace asio = boost::asio;

LoopDelay::Clock::duration LoopDelay::look(const asio::any_io_executor& executor) {
  const Clock::time_point now = Clock::now();
  if (under_way_) return std::max(last_, now - sent_);
  under_way_ = true;
  sent_ = now;
  asio::post(executor, Probe(shared_from_this()));
  return last_;
}

LoopDelay::Clock::duration LoopDelays::look(const asio::any_io_executor& executor) {
  const void* const loop = &asio::query(executor, asio::execution::context);
  std::shared_ptr<LoopDelay> delay;
  {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<LoopDelay>& kept = by_loop_[loop];
    if (!kept) kept = std::make_shared<LoopDelay>();
    delay = kept;
  }
  return delay->look(executor);
}

}  // namespace connectrpc::interceptors
