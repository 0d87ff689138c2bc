// Many coarse timers on one loop.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "io/loop.h"

namespace connectrpc::io {

class TimerQueue;

/// One timer, made to be a base or a member of what it times: scheduling allocates nothing. Destroying it cancels it.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  virtual ~Timer();

  bool scheduled() const noexcept { return queue_ != nullptr; }

 private:
  friend class TimerQueue;
  /// The time has come. The timer is no longer scheduled: it may be scheduled again or destroyed from within.
  virtual void on_timer() = 0;

  TimerQueue* queue_ = nullptr;
  Timer* previous_ = nullptr;
  Timer* next_ = nullptr;
  std::uint64_t tick_ = 0;
  std::uint32_t slot_ = 0;
};

/// Timers of one loop, about a millisecond late on an idle loop and never early. Scheduling and cancelling cost a few
/// nanoseconds and no system call: a hierarchical wheel on one timer of the loop, which is left to fire when its cause
/// is cancelled. Therefore a loop without other work may run up to 250 ms longer than the last timer needs.
class TimerQueue {
 public:
  using Clock = std::chrono::steady_clock;

  explicit TimerQueue(Loop& loop);
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;
  /// Timers that are still scheduled are cancelled.
  ~TimerQueue();

  /// The one queue of a loop, made on first use, which dies with the loop. Keep the reference: the look-up takes a
  /// lock.
  static TimerQueue& of(Loop& loop);

  /// Schedules `timer`, or moves it if it is scheduled, in this or another queue. A time in the past means the next
  /// turn.
  void schedule(Timer& timer, Clock::time_point time);
  /// Nothing happens if it is not scheduled.
  void cancel(Timer& timer) noexcept;
  /// Timers that are scheduled.
  std::size_t size() const noexcept { return size_; }

 private:
  class Alarm;
  // Eight levels of 64 slots hold every tick of a steady clock.
  static constexpr std::uint32_t slot_bits = 6;
  static constexpr std::uint32_t slots = 1u << slot_bits;
  static constexpr std::uint32_t levels = 8;
  // Beside the wheel: what was late when it was scheduled, and what is being called.
  static constexpr std::uint32_t late_slot = levels * slots;
  static constexpr std::uint32_t firing_slot = late_slot + 1;

  void insert(Timer& timer) noexcept;
  void push(Timer& timer, std::uint32_t slot) noexcept;
  void unlink(Timer& timer) noexcept;
  std::uint64_t next_tick() const noexcept;
  void collect(std::uint64_t tick) noexcept;
  void take(std::uint32_t slot) noexcept;
  void arm(std::uint64_t tick);
  void fire();

  std::array<Timer*, firing_slot + 1> heads_{};
  std::array<std::uint64_t, levels> occupied_{};
  std::uint64_t now_tick_ = 0;    // everything up to here has been collected
  std::uint64_t armed_tick_ = 0;  // no later than the earliest timer, while anything is scheduled
  bool armed_ = false;
  bool* destroyed_ = nullptr;
  std::size_t size_ = 0;
  Clock::time_point origin_ = Clock::now();
  std::shared_ptr<Alarm> alarm_;
};

}  // namespace connectrpc::io
