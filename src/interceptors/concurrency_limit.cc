// So many calls at once.
#include <mutex>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "connectrpc/error.h"
#include "connectrpc/limits.h"
#include "interceptors/open_methods.h"

namespace connectrpc {

namespace {

// How many calls run, by key. Any thread.
class Running {
 public:
  // False, and not counted, if there are `most` already.
  bool begin(const std::string& key, std::size_t most) {
    const std::lock_guard lock(mutex_);
    std::size_t& count = counts_[key];
    if (count >= most) return false;
    ++count;
    return true;
  }
  void end(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto at = counts_.find(key);
    if (--at->second == 0) counts_.erase(at);
  }

 private:
  std::mutex mutex_;
  // Keys of calls that run: there are never more than calls.
  std::unordered_map<std::string, std::size_t> counts_;
};

class ConcurrencyLimit final : public Interceptor {
 public:
  explicit ConcurrencyLimit(ConcurrencyLimitOptions options)
      : options_(std::move(options)), open_("ConcurrencyLimitOptions::open", options_.open) {
    if (options_.max_calls == 0) {
      throw std::invalid_argument("ConcurrencyLimitOptions::max_calls must be at least 1, not 0");
    }
  }

 private:
  class Counted {
   public:
    Counted(Running& running, std::string key) : running_(running), key_(std::move(key)) {}
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() { running_.end(key_); }

   private:
    Running& running_;
    const std::string key_;
  };

  Task<> intercept(Context& context, const Next& next) override {
    if (open_.contains(context.method())) return next();
    return counted(context, next);
  }

  Task<> counted(Context& context, const Next& next) {
    const std::string key = options_.key ? options_.key(context) : std::string();
    if (!running_.begin(key, options_.max_calls)) {
      throw Error(Code::resource_exhausted, std::to_string(options_.max_calls) + " calls run already" +
                                                (options_.key ? ", which is the limit for one caller" : ""));
    }
    const Counted ends(running_, key);
    co_await next();
  }

  const ConcurrencyLimitOptions options_;
  const interceptors::OpenMethods open_;
  Running running_;
};

}  // namespace

std::shared_ptr<Interceptor> concurrency_limit(ConcurrencyLimitOptions options) {
  return std::make_shared<ConcurrencyLimit>(std::move(options));
}

}  // namespace connectrpc
