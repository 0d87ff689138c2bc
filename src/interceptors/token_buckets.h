// Buckets of tokens, one a key.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace connectrpc::interceptors {

/// Any thread. A bucket is one point in time: when it will be full again. So nothing has to fill buckets.
class TokenBuckets {
 public:
  using Clock = std::chrono::steady_clock;

  /// A bucket holds `burst` tokens, at least 1, and gains `per_second`. At most `max_keys` are kept, a few less if they
  /// are spread unevenly over the shards.
  TokenBuckets(double per_second, double burst, std::size_t max_keys);

  /// Takes a token. If there is none: how long until there is.
  std::optional<Clock::duration> take(std::string_view key, Clock::time_point now);
  std::size_t size() const;

 private:
  struct Bucket {
    std::string key;
    Clock::time_point full;
  };
  // So that loops do not wait for one another.
  struct Shard {
    mutable std::mutex mutex;
    // The one used last in front; the map's keys are those of the list.
    std::list<Bucket> buckets;
    std::unordered_map<std::string_view, std::list<Bucket>::iterator> by_key;
  };

  const Clock::duration token_;
  const Clock::duration burst_;
  const std::size_t keys_per_shard_;
  std::vector<Shard> shards_;
};

}  // namespace connectrpc::interceptors
