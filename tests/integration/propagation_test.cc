// What a handler's own calls inherit of the call that it serves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "connectrpc/client.h"
#include "connectrpc/testing/in_memory_server.h"
#include "greet/v1/greet.connect.h"
#include "integration/run.h"

namespace connectrpc {
namespace {

using greet::v1::GreetRequest;
using greet::v1::GreetResponse;
using probe_test::Style;
using ::testing::ElementsAre;

// The service behind: tells what it was given.
class Back : public greet::v1::GreetServiceHandler {
 public:
  Headers seen;
  Deadline deadline;
  std::atomic<bool> cancelled = false;

 private:
  Task<GreetResponse> greet(const GreetRequest& request, Context& context) override {
    seen = context.request_headers();
    deadline = context.deadline();
    if (request.name() == "wait") {
      boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, std::chrono::hours(1));
      try {
        co_await timer.async_wait(boost::asio::use_awaitable);
      } catch (const std::exception&) {
        cancelled = true;
        throw;
      }
    }
    co_return GreetResponse();
  }
};

class Front : public greet::v1::GreetServiceHandler {
 public:
  explicit Front(ChannelPtr back) : client_(std::move(back)) {}

 private:
  Task<GreetResponse> greet(const GreetRequest& request, Context& context) override {
    const auto response =
        co_await client_.greet(request, CallOptions::from(context, "traceparent", "id-bin", "absent"));
    co_return *response;
  }
  greet::v1::GreetServiceClient client_;
};

class FrontSync : public greet::v1::GreetServiceHandlerSync {
 public:
  explicit FrontSync(ChannelPtr back) : client_(std::move(back)) {}

 private:
  GreetResponse greet(const GreetRequest& request, Context& context) override {
    return *client_.greet(request, CallOptions::from(context, "traceparent", "id-bin", "absent"));
  }
  greet::v1::GreetServiceClientSync client_;
};

class PropagationTest : public ::testing::TestWithParam<Style> {
 protected:
  PropagationTest() {
    back_server_.add(back_);
    const ChannelPtr channel = back_server_.channel();
    if (GetParam() == Style::coroutine) {
      front_server_.add(*(front_ = std::make_unique<Front>(channel)));
    } else {
      front_server_.add(*(front_sync_ = std::make_unique<FrontSync>(channel)));
    }
  }

  Back back_;
  testing::InMemoryServer back_server_;
  std::unique_ptr<Front> front_;
  std::unique_ptr<FrontSync> front_sync_;
  testing::InMemoryServer front_server_;
};

TEST_P(PropagationTest, ChosenHeadersAndTheDeadline) {
  const greet::v1::GreetServiceClientSync client(front_server_.channel());
  client.greet({}, CallOptions()
                       .header("traceparent", "00-1")
                       .header("traceparent", "00-2")
                       .binary_header("id-bin", "\x01\x02")
                       .header("secret", "x")
                       .timeout(std::chrono::seconds(30)));
  EXPECT_THAT(back_.seen.get_all("traceparent"), ElementsAre("00-1", "00-2"));
  EXPECT_EQ(back_.seen["id-bin"], "AQI");
  EXPECT_FALSE(back_.seen.contains("secret"));
  EXPECT_LE(back_.deadline.remaining(), std::chrono::seconds(30));
  EXPECT_GT(back_.deadline.remaining(), std::chrono::seconds(20));
}

TEST_P(PropagationTest, NoDeadlineStaysNone) {
  const greet::v1::GreetServiceClientSync client(front_server_.channel());
  client.greet({});
  EXPECT_FALSE(back_.deadline);
}

TEST_P(PropagationTest, Cancellation) {
  const greet::v1::GreetServiceClientSync client(front_server_.channel());
  GreetRequest request;
  request.set_name("wait");
  std::stop_source stop;
  std::jthread stopper([&stop] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    stop.request_stop();
  });
  const auto outcome = as_result([&] { return client.greet(request, CallOptions().stop_token(stop.get_token())); });
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), Code::canceled);
  EXPECT_TRUE(probe_test::eventually([&] { return back_.cancelled.load(); }));
}

INSTANTIATE_TEST_SUITE_P(Styles, PropagationTest, ::testing::Values(Style::coroutine, Style::blocking));

}  // namespace
}  // namespace connectrpc
