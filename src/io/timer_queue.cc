// Many coarse timers on one loop.
#include "io/timer_queue.h"

#include <algorithm>
#include <bit>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <utility>

namespace connectrpc::io {
namespace {

// 2^20 ns, so that finding a tick takes a shift.
constexpr int tick_bits = 20;

// The first tick at or after `time`.
std::uint64_t tick_after(TimerQueue::Clock::duration time) noexcept {
  const std::int64_t nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
  if (nanoseconds <= 0) return 0;
  return ((static_cast<std::uint64_t>(nanoseconds) - 1) >> tick_bits) + 1;
}

// The last tick at or before `time`.
std::uint64_t tick_before(TimerQueue::Clock::duration time) noexcept {
  const std::int64_t nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
  return nanoseconds <= 0 ? 0 : static_cast<std::uint64_t>(nanoseconds) >> tick_bits;
}

// How long the loop's timer runs at most, and with it a loop that has nothing else to do.
constexpr std::uint64_t longest_alarm = std::uint64_t{250'000'000} >> tick_bits;

class QueueService final : public boost::asio::execution_context::service {
 public:
  using key_type = QueueService;
  static inline boost::asio::execution_context::id id;

  explicit QueueService(boost::asio::execution_context& context)
      : service(context), queue(static_cast<boost::asio::io_context&>(context)) {}

  TimerQueue queue;

 private:
  void shutdown() override {}
};

}  // namespace

Timer::~Timer() {
  if (queue_ != nullptr) queue_->cancel(*this);
}

// The loop's timer; outlives the queue while a wait is under way.
class TimerQueue::Alarm {
 public:
  Alarm(Loop& loop, TimerQueue& queue) : timer_(loop.get_executor()), queue_(&queue) {}

  static void set(const std::shared_ptr<Alarm>& alarm, Clock::time_point time) {
    alarm->timer_.expires_at(time);
    alarm->timer_.async_wait([alarm](boost::system::error_code error) {
      if (!error && alarm->queue_ != nullptr) alarm->queue_->fire();
    });
  }

  void stop() {
    queue_ = nullptr;
    timer_.cancel();
  }

 private:
  boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Loop::executor_type> timer_;
  TimerQueue* queue_;
};

TimerQueue::TimerQueue(Loop& loop) : alarm_(std::make_shared<Alarm>(loop, *this)) {}

TimerQueue::~TimerQueue() {
  if (destroyed_ != nullptr) *destroyed_ = true;
  for (Timer* head : heads_)
    while (head != nullptr) {
      head->queue_ = nullptr;
      head = std::exchange(head->next_, nullptr);
    }
  alarm_->stop();
}

TimerQueue& TimerQueue::of(Loop& loop) { return boost::asio::use_service<QueueService>(loop).queue; }

void TimerQueue::schedule(Timer& timer, Clock::time_point time) {
  if (timer.queue_ != nullptr) timer.queue_->cancel(timer);
  timer.queue_ = this;
  timer.tick_ = time <= origin_ ? 0 : tick_after(time - origin_);
  ++size_;
  insert(timer);
  const std::uint64_t due = timer.slot_ == late_slot ? 0 : timer.tick_;
  if (!armed_ || due < armed_tick_) arm(due);
}

void TimerQueue::cancel(Timer& timer) noexcept {
  if (timer.queue_ == nullptr) return;
  if (timer.queue_ != this) return timer.queue_->cancel(timer);
  unlink(timer);
  timer.queue_ = nullptr;
  --size_;
}

void TimerQueue::insert(Timer& timer) noexcept {
  if (timer.tick_ <= now_tick_) return push(timer, late_slot);
  // The level is that of the highest digit in which the tick differs from now.
  const auto bit = static_cast<std::uint32_t>(63 - std::countl_zero(timer.tick_ ^ now_tick_));
  const std::uint32_t level = bit / slot_bits;
  const std::uint32_t slot = (timer.tick_ >> (level * slot_bits)) % slots;
  occupied_[level] |= std::uint64_t{1} << slot;
  push(timer, level * slots + slot);
}

void TimerQueue::push(Timer& timer, std::uint32_t slot) noexcept {
  timer.slot_ = slot;
  timer.previous_ = nullptr;
  timer.next_ = std::exchange(heads_[slot], &timer);
  if (timer.next_ != nullptr) timer.next_->previous_ = &timer;
}

void TimerQueue::unlink(Timer& timer) noexcept {
  if (timer.next_ != nullptr) timer.next_->previous_ = timer.previous_;
  if (timer.previous_ != nullptr) {
    timer.previous_->next_ = timer.next_;
    return;
  }
  heads_[timer.slot_] = timer.next_;
  if (timer.next_ == nullptr && timer.slot_ < late_slot)
    occupied_[timer.slot_ / slots] &= ~(std::uint64_t{1} << (timer.slot_ % slots));
}

// When there is something to do: a timer, or a slot whose timers come down a level.
std::uint64_t TimerQueue::next_tick() const noexcept {
  if (heads_[late_slot] != nullptr) return now_tick_;
  for (std::uint32_t level = 0; level < levels; ++level) {
    if (occupied_[level] == 0) continue;
    const auto slot = static_cast<std::uint64_t>(std::countr_zero(occupied_[level]));
    const std::uint32_t shift = level * slot_bits;
    return ((now_tick_ >> (shift + slot_bits)) << (shift + slot_bits)) | (slot << shift);
  }
  return UINT64_MAX;
}

// Moves everything that is due at `tick` to the firing slot.
void TimerQueue::collect(std::uint64_t tick) noexcept {
  take(late_slot);
  while (next_tick() <= tick) {
    now_tick_ = next_tick();
    for (std::uint32_t level = 0; level < levels; ++level) {
      if (occupied_[level] == 0) continue;
      const auto slot = static_cast<std::uint32_t>(std::countr_zero(occupied_[level]));
      occupied_[level] &= occupied_[level] - 1;
      take(level * slots + slot);
      break;
    }
  }
  now_tick_ = std::max(now_tick_, tick);
}

// Empties a slot: what is due into the firing slot, the rest to lower levels.
void TimerQueue::take(std::uint32_t slot) noexcept {
  Timer* timer = std::exchange(heads_[slot], nullptr);
  while (timer != nullptr) {
    Timer* const next = timer->next_;
    if (timer->tick_ <= now_tick_)
      push(*timer, firing_slot);
    else
      insert(*timer);
    timer = next;
  }
}

void TimerQueue::arm(std::uint64_t tick) {
  const std::uint64_t latest = tick_before(Clock::now() - origin_) + longest_alarm;
  armed_ = true;
  armed_tick_ = std::min(tick, latest);
  Alarm::set(alarm_, origin_ + std::chrono::nanoseconds(armed_tick_ << tick_bits));
}

void TimerQueue::fire() {
  bool destroyed = false;
  destroyed_ = &destroyed;
  armed_tick_ = 0;  // what is scheduled meanwhile is armed below
  collect(tick_before(Clock::now() - origin_));
  while (Timer* timer = heads_[firing_slot]) {
    cancel(*timer);
    timer->on_timer();
    if (destroyed) return;
  }
  destroyed_ = nullptr;
  armed_ = false;
  if (size_ > 0) arm(next_tick());
}

}  // namespace connectrpc::io
