// The health service: what Check, List and Watch say, and checks that run again and again.
#include "connectrpc/health.h"

#include <gmock/gmock.h>
#include <grpc/health/v1/health.connect.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "connectrpc/client.h"
#include "connectrpc/server.h"
#include "connectrpc/testing/in_memory_server.h"

namespace connectrpc {
namespace {

using namespace std::chrono_literals;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using grpc::health::v1::HealthClientSync;
using grpc::health::v1::HealthListRequest;
using ::testing::ElementsAre;
using ::testing::Pair;

HealthCheckRequest asking_for(const std::string& service) {
  HealthCheckRequest request;
  request.set_service(service);
  return request;
}

// Within five seconds.
template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 1000 && !condition(); ++i) std::this_thread::sleep_for(5ms);
  return condition();
}

class HealthTest : public ::testing::TestWithParam<Protocol> {
 protected:
  HealthTest() {
    add_health(server_, health_);
    ChannelOptions options;
    options.protocol = GetParam();
    options.http_version = HttpVersion::http2;
    options.timeout = 20s;
    client_.emplace(server_.channel(options));
  }
  std::string check(const std::string& service) {
    try {
      const auto response = client_->check(asking_for(service));
      return HealthCheckResponse::ServingStatus_Name(response->status());
    } catch (const Error& error) {
      return error.what();
    }
  }
  template <class Call>
  static std::string next(Call& call) {
    const auto response = call.receive();
    return response ? HealthCheckResponse::ServingStatus_Name(response->status()) : "end";
  }

  Health health_{{"acme.v1.Shop"}};
  testing::InMemoryServer server_;
  std::optional<HealthClientSync> client_;
};

INSTANTIATE_TEST_SUITE_P(Protocols, HealthTest,
                         ::testing::Values(Protocol::connect, Protocol::grpc, Protocol::grpc_web));

TEST_P(HealthTest, ChecksOneService) {
  EXPECT_EQ(check(""), "SERVING");
  EXPECT_EQ(check("acme.v1.Shop"), "SERVING");
  EXPECT_EQ(check("acme.v1.Bank"), "not_found: unknown service \"acme.v1.Bank\"");
  health_.set("acme.v1.Shop", HealthStatus::not_serving);
  health_.set("acme.v1.Bank", HealthStatus::unknown);
  EXPECT_EQ(check("acme.v1.Shop"), "NOT_SERVING");
  EXPECT_EQ(check("acme.v1.Bank"), "UNKNOWN");
  EXPECT_EQ(check(""), "SERVING");
  health_.remove("acme.v1.Bank");
  EXPECT_EQ(check("acme.v1.Bank"), "not_found: unknown service \"acme.v1.Bank\"");
}

TEST_P(HealthTest, ListsAll) {
  health_.set("acme.v1.Bank", HealthStatus::not_serving);
  const auto response = client_->list(HealthListRequest());
  std::vector<std::pair<std::string, int>> statuses;
  for (const auto& [service, status] : response->statuses()) statuses.emplace_back(service, status.status());
  EXPECT_THAT(statuses, ::testing::UnorderedElementsAre(Pair("", HealthCheckResponse::SERVING),
                                                        Pair("acme.v1.Shop", HealthCheckResponse::SERVING),
                                                        Pair("acme.v1.Bank", HealthCheckResponse::NOT_SERVING)));
}

TEST_P(HealthTest, WatchTellsOnlyChanges) {
  auto call = client_->watch(asking_for("acme.v1.Shop"));
  EXPECT_EQ(next(call), "SERVING");
  health_.set("acme.v1.Shop", HealthStatus::serving);
  health_.set("acme.v1.Bank", HealthStatus::not_serving);
  health_.set("acme.v1.Shop", HealthStatus::not_serving);
  EXPECT_EQ(next(call), "NOT_SERVING");
  health_.remove("acme.v1.Shop");
  EXPECT_EQ(next(call), "SERVICE_UNKNOWN");
  health_.set("acme.v1.Shop", HealthStatus::serving);
  EXPECT_EQ(next(call), "SERVING");
}

TEST_P(HealthTest, WatchWaitsForAnUnknownService) {
  auto call = client_->watch(asking_for("acme.v1.Bank"));
  EXPECT_EQ(next(call), "SERVICE_UNKNOWN");
  health_.set("acme.v1.Bank", HealthStatus::serving);
  EXPECT_EQ(next(call), "SERVING");
}

TEST_P(HealthTest, ShutdownTellsWatchersAndEndsTheirStreams) {
  auto call = client_->watch(asking_for("acme.v1.Shop"));
  auto unknown = client_->watch(asking_for("acme.v1.Bank"));
  EXPECT_EQ(next(call), "SERVING");
  EXPECT_EQ(next(unknown), "SERVICE_UNKNOWN");
  health_.shutdown();
  EXPECT_EQ(next(call), "NOT_SERVING");
  for (auto* ending : {&call, &unknown}) {
    try {
      EXPECT_EQ(next(*ending), "an error");
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::unavailable) << error.what();
    }
  }
  health_.set("acme.v1.Shop", HealthStatus::serving);
  EXPECT_EQ(check("acme.v1.Shop"), "NOT_SERVING");
}

TEST_P(HealthTest, ACancelledWatchEnds) {
  std::stop_source stop;
  auto call = client_->watch(asking_for(""), CallOptions().stop_token(stop.get_token()));
  EXPECT_EQ(next(call), "SERVING");
  stop.request_stop();
  EXPECT_THROW(static_cast<void>(call.receive()), Error);
  // Nobody is told any more, and the server's end waits for nobody.
  health_.set("", HealthStatus::not_serving);
  EXPECT_EQ(check(""), "NOT_SERVING");
}

TEST(HealthServerTest, StreamsOfWatchDoNotHoldUpAServerThatStops) {
  ServerOptions options;
  options.threads = 2;
  options.drain_timeout = 60s;
  Health health;
  Server server(std::move(options));
  add_health(server, health);
  const std::string url = "http://127.0.0.1:" + std::to_string(server.listen("127.0.0.1:0"));
  server.start();
  ChannelOptions channel;
  channel.protocol = Protocol::grpc;
  const HealthClientSync client(url, channel);
  auto call = client.watch(asking_for(""));
  EXPECT_EQ(call.receive()->status(), HealthCheckResponse::SERVING);
  const auto began = std::chrono::steady_clock::now();
  server.stop();
  EXPECT_EQ(call.receive()->status(), HealthCheckResponse::NOT_SERVING);
  EXPECT_THROW(static_cast<void>(call.receive()), Error);
  server.wait();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 30s);
}

TEST(HealthServerTest, WatchersOnManyLoopsHearOfTheLastOfManyChanges) {
  ServerOptions options;
  options.threads = 3;
  Health health;
  Server server(std::move(options));
  add_health(server, health);
  const std::string url = "http://127.0.0.1:" + std::to_string(server.listen("127.0.0.1:0"));
  server.start();
  std::atomic<int> first{0};
  std::vector<std::future<bool>> watchers;
  for (int i = 0; i < 6; ++i) {
    watchers.push_back(std::async(std::launch::async, [&] {
      const HealthClientSync client(url);
      auto call = client.watch(asking_for("s"), CallOptions().timeout(20s));
      bool repeated = false;
      for (auto last = HealthCheckResponse::SERVICE_UNKNOWN; const auto response = call.receive();) {
        if (last == HealthCheckResponse::SERVICE_UNKNOWN) {
          ++first;
        } else {
          repeated = repeated || last == response->status();
        }
        last = response->status();
        if (last == HealthCheckResponse::UNKNOWN) break;
      }
      return !repeated;
    }));
  }
  ASSERT_TRUE(eventually([&] { return first == 6; }));
  std::vector<std::thread> setters;
  for (int i = 0; i < 3; ++i) {
    setters.emplace_back([&] {
      for (int j = 0; j < 200; ++j) health.set("s", j % 2 == 0 ? HealthStatus::serving : HealthStatus::not_serving);
    });
  }
  for (std::thread& setter : setters) setter.join();
  health.set("s", HealthStatus::unknown);
  for (auto& watcher : watchers) EXPECT_TRUE(watcher.get());
}

class HealthCheckTest : public ::testing::Test {
 protected:
  // Runs the loop until the service has this status.
  bool becomes(HealthStatus status) {
    const auto end = std::chrono::steady_clock::now() + 5s;
    while (health_.status("db") != status && std::chrono::steady_clock::now() < end) {
      io_.restart();
      io_.run_for(1ms);
    }
    return health_.status("db") == status;
  }

  boost::asio::io_context io_{1};
  Health health_;
  HealthCheckOptions options_{.interval = 2ms, .timeout = 2s};
};

TEST_F(HealthCheckTest, FollowsWhatTheCheckSays) {
  int mood = 0;
  health_.check_every(
      io_, "db",
      [&]() -> Task<bool> {
        if (mood == 2) throw std::runtime_error("cannot connect");
        co_return mood == 0;
      },
      options_);
  EXPECT_EQ(health_.status("db"), HealthStatus::unknown);
  EXPECT_TRUE(becomes(HealthStatus::serving));
  mood = 1;
  EXPECT_TRUE(becomes(HealthStatus::not_serving));
  mood = 0;
  EXPECT_TRUE(becomes(HealthStatus::serving));
  mood = 2;
  EXPECT_TRUE(becomes(HealthStatus::not_serving));
}

TEST_F(HealthCheckTest, ACheckThatTakesTooLongFailsAndIsCancelled) {
  bool hang = false;
  int cancelled = 0;
  options_.timeout = 20ms;
  health_.check_every(
      io_, "db",
      [&]() -> Task<bool> {
        if (hang) {
          boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, 60s);
          try {
            co_await timer.async_wait(boost::asio::use_awaitable);
          } catch (const std::exception&) {
            ++cancelled;
            throw;
          }
        }
        co_return true;
      },
      options_);
  EXPECT_TRUE(becomes(HealthStatus::serving));
  hang = true;
  EXPECT_TRUE(becomes(HealthStatus::not_serving));
  io_.restart();
  io_.run_for(10ms);
  EXPECT_GE(cancelled, 1);
  hang = false;
  EXPECT_TRUE(becomes(HealthStatus::serving));
}

TEST_F(HealthCheckTest, ALateCheckIsNotServingEvenIfItIgnoresItsCancellation) {
  options_.timeout = 20ms;
  int running = 0;
  int most = 0;
  health_.check_every(
      io_, "db",
      [&]() -> Task<bool> {
        most = std::max(most, ++running);
        co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
        boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, 200ms);
        co_await timer.async_wait(boost::asio::use_awaitable);
        --running;
        co_return true;
      },
      options_);
  EXPECT_TRUE(becomes(HealthStatus::not_serving));
  EXPECT_EQ(running, 1);
  io_.restart();
  io_.run_for(600ms);
  EXPECT_EQ(health_.status("db"), HealthStatus::not_serving);
  EXPECT_EQ(most, 1);
}

TEST_F(HealthCheckTest, ShutdownEndsTheChecks) {
  health_.check_every(io_, "db", []() -> Task<bool> { co_return true; }, options_);
  EXPECT_TRUE(becomes(HealthStatus::serving));
  health_.shutdown();
  EXPECT_EQ(health_.status("db"), HealthStatus::not_serving);
  // Nothing keeps the loop alive.
  io_.restart();
  io_.run();
  EXPECT_EQ(health_.status("db"), HealthStatus::not_serving);
}

TEST_F(HealthCheckTest, NoCheckBeginsAfterShutdown) {
  health_.shutdown();
  bool ran = false;
  health_.check_every(
      io_, "db",
      [&]() -> Task<bool> {
        ran = true;
        co_return true;
      },
      options_);
  io_.run();
  EXPECT_FALSE(ran);
}

TEST_F(HealthCheckTest, EndsWithTheObject) {
  {
    Health gone;
    gone.check_every(io_, "db", []() -> Task<bool> { co_return true; }, options_);
    io_.run_for(5ms);
  }
  io_.restart();
  io_.run();
}

TEST_F(HealthCheckTest, TheLoopMayEndFirst) {
  auto own = std::make_unique<boost::asio::io_context>(1);
  health_.check_every(*own, "db", []() -> Task<bool> { co_return true; }, options_);
  own->run_for(5ms);
  own.reset();
  health_.shutdown();
  EXPECT_EQ(health_.status("db"), HealthStatus::not_serving);
}

TEST_F(HealthCheckTest, BadOptionsAreNamed) {
  const auto fault = [&](std::function<Task<bool>()> check, HealthCheckOptions options) -> std::string {
    try {
      health_.check_every(io_, "db", std::move(check), options);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  };
  const auto fine = []() -> Task<bool> { co_return true; };
  EXPECT_EQ(fault(nullptr, {}), "Health::check_every: the check of \"db\" is empty");
  EXPECT_EQ(fault(fine, {.interval = 0s}), "HealthCheckOptions::interval must be positive, not 0 ns");
  EXPECT_EQ(fault(fine, {.timeout = -1ns}), "HealthCheckOptions::timeout must be positive, not -1 ns");
  EXPECT_EQ(health_.status("db"), std::nullopt);
}

}  // namespace
}  // namespace connectrpc
