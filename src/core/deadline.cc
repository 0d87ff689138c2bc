// A point in time by which a call must have ended.
#include "connectrpc/deadline.h"

#include <cmath>

namespace connectrpc {
namespace {

constexpr long double century = std::chrono::duration<long double, std::nano>(std::chrono::years(100)).count();

}  // namespace

Deadline::Clock::duration Deadline::remaining() const noexcept {
  if (!*this) return Clock::duration::max();
  const Clock::time_point now = Clock::now();
  return now < time_ ? time_ - now : Clock::duration::zero();
}

Deadline Deadline::after_nanoseconds(long double nanoseconds) noexcept {
  // So written that "not a number" means none, too.
  if (!(nanoseconds <= century)) return none();
  const Clock::time_point now = Clock::now();
  if (nanoseconds <= 0) return at(now);
  const auto timeout = std::chrono::nanoseconds(static_cast<std::chrono::nanoseconds::rep>(std::ceil(nanoseconds)));
  return at(now + std::chrono::ceil<Clock::duration>(timeout));
}

}  // namespace connectrpc
