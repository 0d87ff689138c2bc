// The health service.
#include "connectrpc/health.h"

#include <grpc/health/v1/health.connect.h>

#include <boost/asio/this_coro.hpp>
#include <stdexcept>
#include <utility>

#include "health/checker.h"
#include "health/state.h"

namespace connectrpc {

namespace v1 = ::grpc::health::v1;

namespace {

v1::HealthCheckResponse::ServingStatus on_wire(HealthStatus status) {
  switch (status) {
    case HealthStatus::serving: return v1::HealthCheckResponse::SERVING;
    case HealthStatus::not_serving: return v1::HealthCheckResponse::NOT_SERVING;
    case HealthStatus::unknown: break;
  }
  return v1::HealthCheckResponse::UNKNOWN;
}

void must_be_positive(std::string_view option, std::chrono::nanoseconds time) {
  if (time.count() > 0) return;
  throw std::invalid_argument("HealthCheckOptions::" + std::string(option) + " must be positive, not " +
                              std::to_string(time.count()) + " ns");
}

}  // namespace

std::string_view to_string(HealthStatus status) noexcept {
  switch (status) {
    case HealthStatus::serving: return "serving";
    case HealthStatus::not_serving: return "not_serving";
    case HealthStatus::unknown: break;
  }
  return "unknown";
}

class Health::Handler final : public v1::HealthHandler {
 public:
  explicit Handler(std::shared_ptr<State> state) : state_(std::move(state)) {}

 private:
  Task<v1::HealthCheckResponse> check(const v1::HealthCheckRequest& request, Context&) override {
    const auto status = state_->look(request.service()).status;
    if (!status) throw Error(Code::not_found, "unknown service \"" + request.service() + "\"");
    v1::HealthCheckResponse response;
    response.set_status(on_wire(*status));
    co_return response;
  }

  Task<v1::HealthListResponse> list(const v1::HealthListRequest&, Context&) override {
    v1::HealthListResponse response;
    for (const auto& [service, status] : state_->all()) {
      (*response.mutable_statuses())[service].set_status(on_wire(status));
    }
    co_return response;
  }

  Task<> watch(const v1::HealthCheckRequest& request, StreamWriter<v1::HealthCheckResponse>& responses,
               Context& context) override {
    const auto executor = co_await boost::asio::this_coro::executor;
    const auto watcher = std::make_shared<HealthWatcher>(executor);
    const State::Watching watching(*state_, watcher);
    std::optional<v1::HealthCheckResponse::ServingStatus> told;
    while (!context.cancelled()) {
      const State::Seen seen = state_->look(request.service());
      const auto status = seen.status ? on_wire(*seen.status) : v1::HealthCheckResponse::SERVICE_UNKNOWN;
      if (told != status) {
        told = status;
        v1::HealthCheckResponse response;
        response.set_status(status);
        const bool more = co_await responses.send(response);
        if (!more) co_return;
      } else if (seen.stopped) {
        throw Error(Code::unavailable, "the server is shutting down");
      } else {
        co_await watcher->wait();
      }
    }
  }

  const std::shared_ptr<State> state_;
};

Health::Health() : Health(std::vector<std::string_view>()) {}
Health::Health(std::vector<std::string_view> services)
    : state_(std::make_shared<State>(services)), handler_(std::make_unique<Handler>(state_)) {}
Health::~Health() { state_->end_checks(); }

void Health::set(std::string_view service, HealthStatus status) { state_->set(service, status); }
void Health::remove(std::string_view service) { state_->remove(service); }
std::optional<HealthStatus> Health::status(std::string_view service) const { return state_->look(service).status; }
void Health::shutdown() { state_->shutdown(); }

void Health::check_every(boost::asio::io_context& loop, std::string_view service, std::function<Task<bool>()> check,
                         HealthCheckOptions options) {
  if (!check)
    throw std::invalid_argument("Health::check_every: the check of \"" + std::string(service) + "\" is empty");
  must_be_positive("interval", options.interval);
  must_be_positive("timeout", options.timeout);
  const auto checker = std::make_shared<Checker>(loop, state_, std::string(service), std::move(check), options);
  state_->set(service, options.initial);
  if (state_->add_checker(checker)) checker->start();
}

std::string_view Health::service_name() const noexcept { return handler_->service_name(); }
std::span<const MethodSpec* const> Health::methods() const noexcept { return handler_->methods(); }
Task<> Health::call(const MethodSpec& method, detail::ServerCall& call) { return handler_->call(method, call); }

}  // namespace connectrpc
