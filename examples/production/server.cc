// production_server --listen ADDRESS [--tls ADDRESS --cert F --key F] [--token T] [--burst N] [--delay MS]: the
// greeting behind a token and a limit of calls, with health, an access log on the standard output, and certificates
// that are loaded again when their files change. An address is "127.0.0.1:8080", "unix:/run/greet.sock", "systemd:" or
// "fd:3". The first line says where it listens. SIGTERM lets calls under way end, a second one cancels them.
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <iostream>
#include <mutex>
#include <string>
#include <string_view>

#include "common/arguments.h"
#include "connectrpc/access_log.h"
#include "connectrpc/auth.h"
#include "connectrpc/health.h"
#include "connectrpc/limits.h"
#include "connectrpc/server.h"
#include "greeter.h"

namespace {

using namespace std::chrono_literals;

// Takes its time, as a service does that asks others.
class PatientGreeter final : public greet::v1::GreetServiceHandler {
 public:
  explicit PatientGreeter(std::chrono::milliseconds delay) : delay_(delay) {}

 private:
  connectrpc::Task<greet::v1::GreetResponse> greet(const greet::v1::GreetRequest& request,
                                                   connectrpc::Context& context) override {
    if (delay_ > 0ms) {
      boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, delay_);
      co_await timer.async_wait(boost::asio::use_awaitable);
    }
    co_return greet::answer(request, context);
  }

  std::chrono::milliseconds delay_;
};

// Lines of several loops, each whole.
class Lines {
 public:
  void write(std::string_view line) {
    const std::lock_guard lock(mutex_);
    std::cout << line << std::endl;
  }

 private:
  std::mutex mutex_;
};

std::string url(std::string_view scheme, const std::string& address, std::uint16_t port) {
  const std::string host = port == 0 ? address : address.substr(0, address.rfind(':')) + ":" + std::to_string(port);
  return std::string(scheme) + "://" + host;
}

int run(const examples::Arguments& arguments) {
  Lines lines;
  connectrpc::AccessLogOptions log;
  log.format = connectrpc::AccessLogOptions::Format::json;
  log.headers = {"authorization", "user-agent"};
  log.sink = [&lines](std::string_view line) { lines.write(line); };
  connectrpc::ServerOptions options;
  options.on_call_end = connectrpc::access_log(log);
  options.log = [](const connectrpc::LogRecord& record) { std::cerr << record.text << std::endl; };
  options.deadlines.max_timeout = 1min;
  options.tls_check_interval = 200ms;
  connectrpc::Server server(options);

  const std::string health_service = "grpc.health.v1.Health";
  if (arguments.has("--token")) {
    connectrpc::AuthOptions auth;
    auth.realm = "greetings";
    auth.open = {health_service};
    server.intercept(connectrpc::bearer_auth({arguments.get("--token")}, auth));
  }
  if (arguments.has("--burst")) {
    connectrpc::RateLimitOptions limit;
    limit.burst = std::stod(arguments.get("--burst"));
    limit.calls_per_second = 0.1;
    limit.open = {health_service};
    server.intercept(connectrpc::rate_limit(limit));
  }
  PatientGreeter greeter{std::chrono::milliseconds(std::stoi(arguments.get("--delay", "0")))};
  server.add(greeter);
  connectrpc::Health health({greet::v1::GreetServiceHandler::full_name});
  connectrpc::add_health(server, health);

  const std::string address = arguments.get("--listen", "127.0.0.1:0");
  std::string ready = url("http", address, server.listen(address));
  if (arguments.has("--tls")) {
    const std::string tls_address = arguments.get("--tls");
    const auto tls = connectrpc::TlsConfig::from_files(arguments.get("--cert"), arguments.get("--key"));
    ready += " " + url("https", tls_address, server.listen(tls_address, tls));
  }
  lines.write(ready);
  server.run();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(examples::Arguments(argc, argv));
  } catch (const std::exception& error) {
    std::cerr << "production_server: " << error.what() << "\n";
    return 1;
  }
}
