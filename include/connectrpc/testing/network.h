// A network that exists only in a test: slow, late, and cut at times, and yet the same in every run.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace connectrpc::testing {

/// What lies between a client and an InMemoryServer. Its time is virtual: a delay of an hour costs nothing, it only
/// orders what arrives. Equal seeds give equal runs, as long as only the one loop takes part and no deadline or other
/// real clock decides.
struct NetworkOptions {
  std::uint64_t seed = 1;
  /// How long bytes travel, each way, and how much longer at most, by chance.
  std::chrono::nanoseconds delay = std::chrono::milliseconds(1);
  std::chrono::nanoseconds jitter{0};
  /// Bytes that a reader takes a second of virtual time; 0: any number at once.
  std::size_t bytes_per_second = 0;
  /// Bytes that may be under way or unread in one direction before the writer has to wait.
  std::size_t capacity = 64 * 1024;
  /// Of a million deliveries, how many cut their connection instead.
  std::uint32_t cuts_per_million = 0;
};

/// What has happened in a network so far.
struct NetworkReport {
  std::chrono::nanoseconds now{0};
  std::uint64_t connections = 0;
  std::uint64_t deliveries = 0;
  std::uint64_t cuts = 0;
};

}  // namespace connectrpc::testing
