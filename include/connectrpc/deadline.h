// A point in time by which a call must have ended.
#pragma once

#include <chrono>
#include <compare>

namespace connectrpc {

/// A fixed point on the steady clock, or none. A value type, ordered by time; none is later than every other.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  /// No deadline.
  constexpr Deadline() noexcept = default;
  static constexpr Deadline none() noexcept { return Deadline(); }
  /// `timeout` from now; a negative one has expired already. Anything beyond 100 years means none.
  template <class Rep, class Period>
  static Deadline after(std::chrono::duration<Rep, Period> timeout);
  static constexpr Deadline at(Clock::time_point time) noexcept { return Deadline(time); }

  /// Whether there is a deadline at all.
  constexpr explicit operator bool() const noexcept { return time_ != Clock::time_point::max(); }
  /// The time left, never negative; `duration::max()` for none.
  Clock::duration remaining() const noexcept;
  bool expired() const noexcept { return *this && Clock::now() >= time_; }
  /// `time_point::max()` for none.
  constexpr Clock::time_point time() const noexcept { return time_; }

  friend constexpr auto operator<=>(const Deadline&, const Deadline&) noexcept = default;

 private:
  constexpr explicit Deadline(Clock::time_point time) noexcept : time_(time) {}
  static Deadline after_nanoseconds(long double nanoseconds) noexcept;

  Clock::time_point time_ = Clock::time_point::max();
};

/// The earlier of two deadlines.
constexpr Deadline min(const Deadline& a, const Deadline& b) noexcept { return b < a ? b : a; }

template <class Rep, class Period>
Deadline Deadline::after(std::chrono::duration<Rep, Period> timeout) {
  return after_nanoseconds(std::chrono::duration<long double, std::nano>(timeout).count());
}

}  // namespace connectrpc
