// Finds out that the peer of a call has gone silent.
#pragma once

#include <chrono>
#include <string>

#include "io/timer_queue.h"

namespace connectrpc::rpc {

/// How long a peer may be silent; zero: for ever.
struct StallLimits {
  /// While one message is waited for.
  std::chrono::nanoseconds message{0};
  /// While the call is open: nothing comes and nothing that waits to leave is taken.
  std::chrono::nanoseconds idle{0};

  bool any() const noexcept { return message.count() > 0 || idle.count() > 0; }
};

/// One timer for both limits. On one loop.
class StallWatch : private io::Timer {
 public:
  StallWatch(io::TimerQueue& timers, StallLimits limits);

  /// Bytes have come or left.
  void progress() noexcept { last_progress_ = Clock::now(); }
  /// A message is waited for from now on, and no more.
  void begin_wait();
  void end_wait() noexcept { waiting_ = false; }
  void stop() noexcept;

 protected:
  virtual ~StallWatch() = default;
  /// `what`: "no message for 2 s" or "nothing for 30 s"; the watch has stopped.
  virtual void on_stall(const std::string& what) = 0;

 private:
  using Clock = io::TimerQueue::Clock;

  void on_timer() override;
  void schedule();

  io::TimerQueue& timers_;
  const StallLimits limits_;
  Clock::time_point last_progress_ = Clock::now();
  Clock::time_point wait_began_;
  bool waiting_ = false;
};

}  // namespace connectrpc::rpc
