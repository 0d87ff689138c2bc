// Buckets of tokens, one a key.
#include "interceptors/token_buckets.h"

#include <algorithm>
#include <functional>

namespace connectrpc::interceptors {

namespace {

TokenBuckets::Clock::duration seconds(double count) {
  return std::chrono::duration_cast<TokenBuckets::Clock::duration>(std::chrono::duration<double>(count));
}

std::size_t shards_for(std::size_t max_keys) { return std::clamp<std::size_t>(max_keys / 64, 1, 16); }

}  // namespace

TokenBuckets::TokenBuckets(double per_second, double burst, std::size_t max_keys)
    : token_(seconds(1 / per_second)),
      burst_(seconds(burst / per_second)),
      keys_per_shard_(std::max<std::size_t>(1, max_keys / shards_for(max_keys))),
      shards_(shards_for(max_keys)) {}

std::optional<TokenBuckets::Clock::duration> TokenBuckets::take(std::string_view key, Clock::time_point now) {
  Shard& shard = shards_[std::hash<std::string_view>()(key) % shards_.size()];
  const std::lock_guard lock(shard.mutex);
  const auto at = shard.by_key.find(key);
  if (at == shard.by_key.end()) {
    if (shard.buckets.size() >= keys_per_shard_) {
      shard.by_key.erase(shard.buckets.back().key);
      shard.buckets.pop_back();
    }
    shard.buckets.push_front({std::string(key), now + token_});
    shard.by_key.emplace(shard.buckets.front().key, shard.buckets.begin());
    return std::nullopt;
  }
  shard.buckets.splice(shard.buckets.begin(), shard.buckets, at->second);
  Bucket& bucket = shard.buckets.front();
  const Clock::time_point full = std::max(bucket.full, now) + token_;
  if (full - now > burst_) return full - now - burst_;
  bucket.full = full;
  return std::nullopt;
}

std::size_t TokenBuckets::size() const {
  std::size_t sum = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    sum += shard.buckets.size();
  }
  return sum;
}

}  // namespace connectrpc::interceptors
