// What a server makes of the timeouts that clients ask for.
#pragma once

#include <chrono>
#include <optional>

namespace connectrpc {

/// A value type; zero means that there is no such bound. Holds for all kinds of call, streams to their end.
struct DeadlinePolicy {
  /// A shorter timeout becomes this one: a client must not make the server begin what it cannot end.
  std::chrono::nanoseconds min_timeout{0};
  /// A longer one becomes this one.
  std::chrono::nanoseconds max_timeout{0};
  /// Of calls that ask for none; without it they get max_timeout.
  std::chrono::nanoseconds default_timeout{0};

  /// The timeout that holds, if there is one.
  std::optional<std::chrono::nanoseconds> apply(std::optional<std::chrono::nanoseconds> asked) const noexcept;
  /// std::invalid_argument names what is negative or contradicts the rest.
  void check() const;
};

}  // namespace connectrpc
