// So many calls a second.
#include <google/protobuf/duration.pb.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "connectrpc/error.h"
#include "connectrpc/limits.h"
#include "interceptors/open_methods.h"
#include "interceptors/token_buckets.h"

namespace connectrpc {

namespace {

using interceptors::OpenMethods;
using interceptors::TokenBuckets;

// google.rpc.RetryInfo: its one field, retry_delay = 1.
ErrorDetail retry_info(std::chrono::milliseconds wait) {
  google::protobuf::Duration delay;
  delay.set_seconds(wait.count() / 1000);
  delay.set_nanos(static_cast<int>(wait.count() % 1000 * 1'000'000));
  const std::string bytes = delay.SerializeAsString();
  std::string value = "\x0a";
  value += static_cast<char>(bytes.size());
  return ErrorDetail{"google.rpc.RetryInfo", value + bytes};
}

Error too_many(const Context& context, std::chrono::nanoseconds wait) {
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(wait);
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait);
  Error error(Code::resource_exhausted,
              "too many calls; there is room again in " + std::to_string(milliseconds.count()) + " ms");
  error.with_metadata("retry-after", std::to_string(seconds.count())).with_detail(retry_info(milliseconds));
  if (context.protocol() != Protocol::connect) {
    error.with_metadata("grpc-retry-pushback-ms", std::to_string(milliseconds.count()));
  }
  return error;
}

std::string shown(double number) {
  std::string text = std::to_string(number);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

RateLimitOptions checked(RateLimitOptions options) {
  const auto refuse = [](std::string_view option, const std::string& must, double value) {
    throw std::invalid_argument("RateLimitOptions::" + std::string(option) + " must be " + must + ", not " +
                                shown(value));
  };
  // The bounds keep the time that one token takes, and that a bucket takes to fill, within what a clock can count.
  constexpr double slowest = 1e-6;
  constexpr double fastest = 1e9;
  if (!(options.calls_per_second >= slowest && options.calls_per_second <= fastest)) {
    refuse("calls_per_second", "between 0.000001 and 1000000000", options.calls_per_second);
  }
  if (options.burst == 0) options.burst = std::max(1.0, options.calls_per_second);
  if (!(options.burst >= 1 && options.burst / options.calls_per_second <= fastest)) {
    refuse("burst", "0 or at least 1, and fill within 1000000000 seconds", options.burst);
  }
  if (options.max_keys == 0) refuse("max_keys", "at least 1", 0);
  if (!options.key) throw std::invalid_argument("RateLimitOptions::key is empty");
  if (!options.clock) options.clock = [] { return std::chrono::steady_clock::now(); };
  return options;
}

class RateLimit final : public Interceptor {
 public:
  explicit RateLimit(RateLimitOptions options)
      : options_(checked(std::move(options))),
        open_("RateLimitOptions::open", options_.open),
        buckets_(options_.calls_per_second, options_.burst, options_.max_keys) {}

 private:
  Task<> intercept(Context& context, const Next& next) override {
    if (!open_.contains(context.method())) {
      const auto wait = buckets_.take(options_.key(context), options_.clock());
      if (wait) throw too_many(context, *wait);
    }
    return next();
  }

  const RateLimitOptions options_;
  const OpenMethods open_;
  TokenBuckets buckets_;
};

}  // namespace

std::string peer_address(const Context& context) { return context.peer().address(); }

std::shared_ptr<Interceptor> rate_limit(RateLimitOptions options) {
  return std::make_shared<RateLimit>(std::move(options));
}

}  // namespace connectrpc
