// How much is taken on: interceptors of a server that refuse calls before their bodies are read.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "connectrpc/context.h"
#include "connectrpc/interceptor.h"

namespace connectrpc {

/// Whom a call is counted for. Called on the loops of the server, on several at once; may throw an Error.
using LimitKey = std::function<std::string(const Context& context)>;

/// The peer's address without its port. Behind a proxy that is the proxy: take a header that it sets instead.
std::string peer_address(const Context& context);

/// A bucket of `burst` calls a key that fills again with `calls_per_second`.
struct RateLimitOptions {
  double calls_per_second = 0;
  /// Calls at once after a pause; 0: what a second brings, at least 1.
  double burst = 0;
  LimitKey key = peer_address;
  /// Buckets that are kept, about 150 bytes each and their keys. Beyond that the one used longest ago is forgotten, and
  /// its key begins anew with a full one.
  std::size_t max_keys = 100'000;
  /// Services and methods that are not counted, as AuthOptions::open names them.
  std::vector<std::string> open = {};
  /// What the time is; null: the steady clock. For tests.
  std::function<std::chrono::steady_clock::time_point()> clock = nullptr;
};

/// Refuses what is too much with `resource_exhausted` (HTTP 429 in Connect), and says when to come again: the header
/// retry-after in whole seconds, the detail google.rpc.RetryInfo, and grpc-retry-pushback-ms for gRPC's clients.
/// std::invalid_argument names an option that is wrong.
std::shared_ptr<Interceptor> rate_limit(RateLimitOptions options);

struct ConcurrencyLimitOptions {
  /// Calls of one key that run at once: until their handlers have ended.
  std::size_t max_calls = 0;
  /// Null: all calls are counted together.
  LimitKey key = nullptr;
  std::vector<std::string> open = {};
};

/// Refuses further calls with `resource_exhausted`: whoever makes them has enough of his own to wait for.
/// std::invalid_argument names an option that is wrong.
std::shared_ptr<Interceptor> concurrency_limit(ConcurrencyLimitOptions options);

/// When a server has too much to do. One of the two must be set.
struct LoadSheddingOptions {
  /// Calls that run at once, those that wait for a worker thread included; 0: any number.
  std::size_t max_calls = 0;
  /// How long what is ready to run may wait for its turn on a loop, as last measured there; zero: for ever.
  std::chrono::nanoseconds max_delay{0};
  std::vector<std::string> open = {};
};

/// Refuses calls with `unavailable` (HTTP 503 in Connect) while there is too much to do: the caller has done nothing
/// wrong, and another server may have time. std::invalid_argument names an option that is wrong.
std::shared_ptr<Interceptor> load_shedding(LoadSheddingOptions options);

}  // namespace connectrpc
