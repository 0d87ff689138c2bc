// What a server makes of the timeouts that clients ask for.
#include "connectrpc/deadline_policy.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace connectrpc {

namespace {

using std::chrono::nanoseconds;

std::string shown(nanoseconds time) { return std::to_string(time.count()) + " ns"; }

void must_not_be_negative(const char* option, nanoseconds time) {
  if (time.count() >= 0) return;
  throw std::invalid_argument("DeadlinePolicy::" + std::string(option) + " must not be negative: " + shown(time));
}

}  // namespace

std::optional<nanoseconds> DeadlinePolicy::apply(std::optional<nanoseconds> asked) const noexcept {
  if (!asked) {
    if (default_timeout.count() > 0) return default_timeout;
    if (max_timeout.count() > 0) return max_timeout;
    return std::nullopt;
  }
  nanoseconds timeout = std::max(*asked, min_timeout);
  if (max_timeout.count() > 0) timeout = std::min(timeout, max_timeout);
  return timeout;
}

void DeadlinePolicy::check() const {
  must_not_be_negative("min_timeout", min_timeout);
  must_not_be_negative("max_timeout", max_timeout);
  must_not_be_negative("default_timeout", default_timeout);
  if (max_timeout.count() == 0) return;
  if (min_timeout > max_timeout) {
    throw std::invalid_argument("DeadlinePolicy::min_timeout (" + shown(min_timeout) + ") is above max_timeout (" +
                                shown(max_timeout) + ")");
  }
  if (default_timeout > max_timeout) {
    throw std::invalid_argument("DeadlinePolicy::default_timeout (" + shown(default_timeout) +
                                ") is above max_timeout (" + shown(max_timeout) + ")");
  }
}

}  // namespace connectrpc
