// Finds out that the peer of a call has gone silent.
#include "rpc/stall_watch.h"

#include <algorithm>

namespace connectrpc::rpc {

namespace {

std::string text_of(std::chrono::nanoseconds time) {
  if (time % std::chrono::seconds(1) == std::chrono::nanoseconds(0))
    return std::to_string(time / std::chrono::seconds(1)) + " s";
  return std::to_string(time / std::chrono::milliseconds(1)) + " ms";
}

}  // namespace

StallWatch::StallWatch(io::TimerQueue& timers, StallLimits limits) : timers_(timers), limits_(limits) { schedule(); }

void StallWatch::begin_wait() {
  if (waiting_) return;
  waiting_ = true;
  wait_began_ = Clock::now();
  schedule();
}

void StallWatch::stop() noexcept { timers_.cancel(*this); }

void StallWatch::schedule() {
  Clock::time_point due = Clock::time_point::max();
  if (limits_.idle.count() > 0) due = last_progress_ + limits_.idle;
  if (limits_.message.count() > 0 && waiting_) due = std::min(due, wait_began_ + limits_.message);
  if (due != Clock::time_point::max()) timers_.schedule(*this, due);
}

void StallWatch::on_timer() {
  const Clock::time_point now = Clock::now();
  if (limits_.message.count() > 0 && waiting_ && now - wait_began_ >= limits_.message) {
    on_stall("no message for " + text_of(limits_.message));
  } else if (limits_.idle.count() > 0 && now - last_progress_ >= limits_.idle) {
    on_stall("nothing for " + text_of(limits_.idle));
  } else {
    schedule();
  }
}

}  // namespace connectrpc::rpc
