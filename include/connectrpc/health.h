// grpc.health.v1: tells clients, load balancers and orchestrators whether services are able to serve.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connectrpc/method.h"
#include "connectrpc/service.h"
#include "connectrpc/task.h"

namespace boost::asio {
class io_context;
}

namespace connectrpc {

/// Numbers are those of grpc.health.v1.
enum class HealthStatus : std::uint8_t { unknown = 0, serving = 1, not_serving = 2 };

/// "unknown", "serving", "not_serving". Static.
std::string_view to_string(HealthStatus status) noexcept;

/// How a service is checked again and again.
struct HealthCheckOptions {
  /// From the end of a check to the beginning of the next one.
  std::chrono::nanoseconds interval = std::chrono::seconds(10);
  /// A check that takes longer has failed: the status becomes not_serving at once, and the check is cancelled.
  std::chrono::nanoseconds timeout = std::chrono::seconds(5);
  /// Until the first check has ended.
  HealthStatus initial = HealthStatus::unknown;
};

/// The health service of a server: a status for each service that is named to it, and one for the server as a whole,
/// whose name is "". Target connectrpc::health.
///
///   Health health({GreetServiceHandler::full_name});
///   add_health(server, health);
///   health.set(GreetServiceHandler::full_name, HealthStatus::not_serving);
///
/// Its members may be called on any thread. Must outlive the servers that it was added to.
class Health final : public Service {
 public:
  /// "" is serving; no other name is known.
  Health();
  /// "" and `services` are serving.
  explicit Health(std::vector<std::string_view> services);
  Health(const Health&) = delete;
  Health& operator=(const Health&) = delete;
  /// Ends its checks.
  ~Health() override;

  /// Sets what is told of a service; it need not be one of the server's. Streams of Watch hear of it if it is a change.
  /// Without effect after shutdown().
  void set(std::string_view service, HealthStatus status);
  /// Forgets a service: Check says not_found, Watch says SERVICE_UNKNOWN.
  void remove(std::string_view service);
  /// Empty if nothing is known.
  std::optional<HealthStatus> status(std::string_view service) const;

  /// Runs `check` on `loop` at once and then in intervals: true is serving; false, an exception, or taking longer than
  /// the timeout is not_serving. What set() says in between holds until the next check has ended. A check that does not
  /// end is not started again. `loop` is run by one thread (Server::loop() has the server's) and must exist until
  /// shutdown() or the end of this object. Without effect after shutdown(). std::invalid_argument: no check,
  /// an interval or a timeout that is not positive.
  void check_every(boost::asio::io_context& loop, std::string_view service, std::function<Task<bool>()> check,
                   HealthCheckOptions options = HealthCheckOptions());

  /// Everything is not_serving from now on, checks end, and streams of Watch are told and end with `unavailable`.
  /// Idempotent.
  void shutdown();

  // Service
  std::string_view service_name() const noexcept override;
  std::span<const MethodSpec* const> methods() const noexcept override;
  Task<> call(const MethodSpec& method, detail::ServerCall& call) override;

 private:
  class State;
  class Handler;
  class Checker;
  const std::shared_ptr<State> state_;
  const std::unique_ptr<Handler> handler_;
};

/// Adds `health` to a server, and lets it shut down when the server begins to stop: streams of Watch do not hold it up.
template <class AnyServer>
void add_health(AnyServer& server, Health& health) {
  server.add(health);
  server.on_stop([&health] { health.shutdown(); });
}

}  // namespace connectrpc
