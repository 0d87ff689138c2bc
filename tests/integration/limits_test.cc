// Rate limit, concurrency limit, load shedding and bounds of deadlines, around calls of every protocol.
#include "connectrpc/limits.h"

#include <gmock/gmock.h>
#include <google/protobuf/duration.pb.h>
#include <gtest/gtest.h>

#include <atomic>
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
#include "greet/v1/greet.connect.h"
#include "integration/greet_caller.h"
#include "integration/run.h"

namespace connectrpc {
namespace {

using namespace std::chrono_literals;
using greet::v1::GreetRequest;
using greet::v1::GreetResponse;
using greet::v1::GreetServiceClientSync;
using greet_test::call_block;
using greet_test::named;
using greet_test::Outcome;
using probe_test::eventually;
using ::testing::HasSubstr;

// "wait" waits for the gate, "block" keeps its loop from anything else; else tells the time that is left.
class Greeter : public greet::v1::GreetServiceHandler {
 public:
  std::atomic<int> running{0};
  std::atomic<bool> gate{false};

 private:
  Task<GreetResponse> greet(const GreetRequest& request, Context& context) override {
    ++running;
    if (request.name() == "block") std::this_thread::sleep_for(200ms);
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
    while (request.name() == "wait" && !gate) {
      timer.expires_after(1ms);
      co_await timer.async_wait(boost::asio::use_awaitable);
    }
    --running;
    GreetResponse response;
    response.set_greeting("none");
    if (context.deadline()) {
      const auto left = std::chrono::round<std::chrono::seconds>(context.deadline().remaining());
      response.set_greeting(std::to_string(left.count()));
    }
    co_return response;
  }
};

class LimitsTest : public ::testing::TestWithParam<Protocol> {
 protected:
  explicit LimitsTest(ServerOptions options = ServerOptions()) : server_(std::move(options)) { server_.add(greeter_); }

  GreetServiceClientSync client() {
    ChannelOptions options;
    options.protocol = GetParam();
    options.http_version = HttpVersion::http2;
    options.timeout = 0s;
    return GreetServiceClientSync(server_.channel(options));
  }
  std::string code(const GreetServiceClientSync& client, const std::string& name = "Ann",
                   const CallOptions& options = CallOptions()) {
    try {
      static_cast<void>(client.greet(named(name), options));
      return "ok";
    } catch (const Error& error) {
      return error.what();
    }
  }

  Greeter greeter_;
  testing::InMemoryServer server_;
};

INSTANTIATE_TEST_SUITE_P(Protocols, LimitsTest,
                         ::testing::Values(Protocol::connect, Protocol::grpc, Protocol::grpc_web));

TEST_P(LimitsTest, RateLimitByKeyWithAHintWhenToComeAgain) {
  std::atomic<std::chrono::steady_clock::rep> now{0};
  RateLimitOptions options;
  options.calls_per_second = 0.5;
  options.burst = 2;
  options.key = [](const Context& context) { return std::string(context.request_headers()["user"]); };
  options.clock = [&] { return std::chrono::steady_clock::time_point(std::chrono::steady_clock::duration(now)); };
  server_.intercept(rate_limit(options));
  const auto caller = client();
  const CallOptions ada = CallOptions().header("user", "ada");
  EXPECT_EQ(code(caller, "Ann", ada), "ok");
  EXPECT_EQ(code(caller, "Ann", ada), "ok");
  EXPECT_EQ(code(caller, "Ann", CallOptions().header("user", "grace")), "ok");
  now = std::chrono::nanoseconds(499ms).count();
  try {
    static_cast<void>(caller.greet(named("Ann"), ada));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::resource_exhausted);
    EXPECT_EQ(error.message(), "too many calls; there is room again in 1501 ms");
    const Headers metadata = error.metadata();
    EXPECT_EQ(metadata["retry-after"], "2");
    EXPECT_EQ(metadata["grpc-retry-pushback-ms"], GetParam() == Protocol::connect ? "" : "1501");
    ASSERT_EQ(error.details().size(), 1u);
    EXPECT_EQ(error.details()[0].type, "google.rpc.RetryInfo");
    // Its one field holds the duration.
    const std::string& bytes = error.details()[0].value;
    ASSERT_GT(bytes.size(), 2u);
    EXPECT_EQ(bytes[0], '\x0a');
    google::protobuf::Duration delay;
    ASSERT_TRUE(delay.ParseFromString(bytes.substr(2)));
    EXPECT_EQ(static_cast<std::size_t>(bytes[1]), bytes.size() - 2);
    EXPECT_EQ(delay.seconds(), 1);
    EXPECT_EQ(delay.nanos(), 501'000'000);
  }
  now = std::chrono::nanoseconds(2s).count();
  EXPECT_EQ(code(caller, "Ann", ada), "ok");
}

TEST_P(LimitsTest, ConcurrencyLimitByKey) {
  ConcurrencyLimitOptions options;
  options.max_calls = 2;
  options.key = [](const Context& context) { return std::string(context.request_headers()["user"]); };
  server_.intercept(concurrency_limit(options));
  const auto caller = client();
  std::vector<std::future<std::string>> waiting;
  for (int i = 0; i < 2; ++i) waiting.push_back(std::async(std::launch::async, [&] { return code(caller, "wait"); }));
  ASSERT_TRUE(eventually([&] { return greeter_.running == 2; }));
  EXPECT_EQ(code(caller), "resource_exhausted: 2 calls run already, which is the limit for one caller");
  EXPECT_EQ(code(caller, "Ann", CallOptions().header("user", "ada")), "ok");
  greeter_.gate = true;
  for (auto& call : waiting) EXPECT_EQ(call.get(), "ok");
  EXPECT_EQ(code(caller), "ok");
}

TEST_P(LimitsTest, ACancelledCallGivesItsPlaceBack) {
  server_.intercept(concurrency_limit({.max_calls = 1}));
  const auto caller = client();
  EXPECT_THAT(code(caller, "wait", CallOptions().timeout(30ms)), HasSubstr("deadline_exceeded"));
  EXPECT_TRUE(eventually([&] { return code(caller) == "ok"; }));
}

TEST_P(LimitsTest, LoadSheddingByCalls) {
  LoadSheddingOptions options;
  options.max_calls = 1;
  server_.intercept(load_shedding(options));
  const auto caller = client();
  auto waiting = std::async(std::launch::async, [&] { return code(caller, "wait"); });
  ASSERT_TRUE(eventually([&] { return greeter_.running == 1; }));
  EXPECT_EQ(code(caller), "unavailable: the server is overloaded: too many calls run already");
  greeter_.gate = true;
  EXPECT_EQ(waiting.get(), "ok");
  EXPECT_EQ(code(caller), "ok");
}

TEST_P(LimitsTest, LoadSheddingByTheDelayOfTheLoop) {
  LoadSheddingOptions options;
  options.max_delay = 100ms;
  server_.intercept(load_shedding(options));
  const auto caller = client();
  EXPECT_EQ(code(caller), "ok");
  // Its own probe waits behind it.
  EXPECT_EQ(code(caller, "block"), "ok");
  EXPECT_EQ(code(caller), "unavailable: the server is overloaded: calls wait too long for their turn");
  // That call has measured anew.
  EXPECT_TRUE(eventually([&] { return code(caller) == "ok"; }));
}

TEST_P(LimitsTest, OpenServicesAreNotCounted) {
  server_.intercept(concurrency_limit({.max_calls = 1, .open = {"greet.v1.GreetService"}}))
      .intercept(load_shedding({.max_calls = 1, .open = {"greet.v1.GreetService"}}))
      .intercept(rate_limit({.calls_per_second = 0.001, .open = {"greet.v1.GreetService"}}));
  const auto caller = client();
  auto waiting = std::async(std::launch::async, [&] { return code(caller, "wait"); });
  ASSERT_TRUE(eventually([&] { return greeter_.running == 1; }));
  EXPECT_EQ(code(caller), "ok");
  greeter_.gate = true;
  EXPECT_EQ(waiting.get(), "ok");
}

class DeadlinePolicyCallTest : public LimitsTest {
 protected:
  DeadlinePolicyCallTest() : LimitsTest(options()) {}
  static ServerOptions options() {
    ServerOptions options;
    options.deadlines = {.min_timeout = 20s, .max_timeout = 100s, .default_timeout = 50s};
    return options;
  }
};

INSTANTIATE_TEST_SUITE_P(Protocols, DeadlinePolicyCallTest,
                         ::testing::Values(Protocol::connect, Protocol::grpc, Protocol::grpc_web));

TEST_P(DeadlinePolicyCallTest, Bounds) {
  const auto caller = client();
  const auto left = [&](const CallOptions& options) { return (*caller.greet(named("Ann"), options)).greeting(); };
  EXPECT_EQ(left(CallOptions().timeout(60s)), "60");
  EXPECT_EQ(left(CallOptions().timeout(5s)), "20");
  EXPECT_EQ(left(CallOptions().timeout(1h)), "100");
  EXPECT_EQ(left(CallOptions()), "50");
}

TEST(DeadlinePolicyServerTest, ItEndsACallThatAsksForNoDeadline) {
  ServerOptions options;
  options.deadlines.max_timeout = 50ms;
  Greeter greeter;
  testing::InMemoryServer server(options);
  server.add(greeter);
  const GreetServiceClientSync caller(server.channel());
  try {
    static_cast<void>(caller.greet(named("wait")));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::deadline_exceeded);
    EXPECT_TRUE(error.is_remote());
  }
}

TEST(DeadlinePolicyServerTest, AContradictionIsAnErrorAtOnce) {
  ServerOptions options;
  options.deadlines = {.min_timeout = 2s, .max_timeout = 1s};
  EXPECT_THROW(Server server(options), std::invalid_argument);
}

}  // namespace
}  // namespace connectrpc
