// Calls refused while there is too much to do.
#include <atomic>
#include <boost/asio/this_coro.hpp>
#include <stdexcept>
#include <utility>

#include "connectrpc/error.h"
#include "connectrpc/limits.h"
#include "interceptors/loop_delay.h"
#include "interceptors/open_methods.h"

namespace connectrpc {

namespace {

class LoadShedding final : public Interceptor {
 public:
  explicit LoadShedding(LoadSheddingOptions options)
      : options_(std::move(options)), open_("LoadSheddingOptions::open", options_.open) {
    if (options_.max_delay.count() < 0) {
      throw std::invalid_argument(
          "LoadSheddingOptions::max_delay must not be negative: " + std::to_string(options_.max_delay.count()) + " ns");
    }
    if (options_.max_calls == 0 && options_.max_delay.count() == 0) {
      throw std::invalid_argument("LoadSheddingOptions: one of max_calls and max_delay must be set");
    }
  }

 private:
  class Counted {
   public:
    explicit Counted(std::atomic<std::size_t>& calls) : calls_(calls), before_(calls_.fetch_add(1)) {}
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() { calls_.fetch_sub(1); }
    std::size_t before() const noexcept { return before_; }

   private:
    std::atomic<std::size_t>& calls_;
    const std::size_t before_;
  };

  Task<> intercept(Context& context, const Next& next) override {
    if (!open_.contains(context.method())) {
      if (options_.max_delay.count() > 0) {
        const auto executor = co_await boost::asio::this_coro::executor;
        if (delays_.look(executor) > options_.max_delay) refuse("calls wait too long for their turn");
      }
      const Counted counted(calls_);
      if (options_.max_calls > 0 && counted.before() >= options_.max_calls) refuse("too many calls run already");
      co_await next();
    } else {
      co_await next();
    }
  }

  [[noreturn]] static void refuse(const char* why) {
    throw Error(Code::unavailable, std::string("the server is overloaded: ") + why);
  }

  const LoadSheddingOptions options_;
  const interceptors::OpenMethods open_;
  std::atomic<std::size_t> calls_{0};
  interceptors::LoopDelays delays_;
};

}  // namespace

std::shared_ptr<Interceptor> load_shedding(LoadSheddingOptions options) {
  return std::make_shared<LoadShedding>(std::move(options));
}

}  // namespace connectrpc
