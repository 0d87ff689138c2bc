// Peers that go silent, and how long that is borne.
#include <gtest/gtest.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <optional>
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
using std::chrono::milliseconds;

// Streams a message, then nothing; takes messages until there are none.
class Silent : public greet::v1::GreetServiceHandler {
  Task<> greet_many(const GreetRequest&, StreamWriter<GreetResponse>& responses, Context&) override {
    const GreetResponse response;
    co_await responses.send(response);
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, std::chrono::hours(1));
    co_await timer.async_wait(boost::asio::use_awaitable);
  }
  Task<GreetResponse> greet_all(StreamReader<GreetRequest>& requests, Context&) override {
    GreetResponse response;
    while (const auto request = co_await requests.receive()) response.set_greeting(request->name());
    co_return response;
  }
};

class SilentSync : public greet::v1::GreetServiceHandlerSync {
  void greet_many(const GreetRequest&, StreamWriterSync<GreetResponse>& responses, Context& context) override {
    responses.send({});
    while (!context.cancelled()) std::this_thread::sleep_for(milliseconds(5));
  }
  GreetResponse greet_all(StreamReaderSync<GreetRequest>& requests, Context&) override {
    GreetResponse response;
    while (const auto request = requests.receive()) response.set_greeting(request->name());
    return response;
  }
};

struct Way {
  Protocol protocol;
  HttpVersion version;
  Style style;
};

class SilenceTest : public ::testing::TestWithParam<Way> {
 protected:
  void serve(ServerOptions options) {
    server_.emplace(std::move(options));
    if (GetParam().style == Style::coroutine) {
      server_->add(silent_);
    } else {
      server_->add(silent_sync_);
    }
    ChannelOptions channel_options;
    channel_options.protocol = GetParam().protocol;
    channel_options.http_version = GetParam().version;
    client_.emplace(server_->channel(std::move(channel_options)));
  }
  Error receive_to_the_end(const CallOptions& options) {
    auto call = client_->greet_many({}, options);
    try {
      while (call.receive()) {
      }
    } catch (const Error& error) {
      return error;
    }
    return Error(Code::unknown, "success");
  }
  // A client that sends a message and then waits longer than the server does.
  Error send_and_wait() {
    auto call = client_->greet_all();
    try {
      call.send({});
      std::this_thread::sleep_for(milliseconds(150));
      call.finish();
    } catch (const Error& error) {
      return error;
    }
    return Error(Code::unknown, "success");
  }

  Silent silent_;
  SilentSync silent_sync_;
  std::optional<testing::InMemoryServer> server_;
  std::optional<greet::v1::GreetServiceClientSync> client_;
};

TEST_P(SilenceTest, TheClientWaitsSoLongForAMessage) {
  serve({});
  const Error error = receive_to_the_end(CallOptions().message_timeout(milliseconds(40)));
  EXPECT_EQ(error.code(), Code::deadline_exceeded);
  EXPECT_EQ(error.message(), "the server has sent no message for 40 ms");
}

TEST_P(SilenceTest, TheClientBearsAnIdleCallSoLong) {
  serve({});
  const Error error = receive_to_the_end(CallOptions().idle_timeout(milliseconds(40)));
  EXPECT_EQ(error.code(), Code::deadline_exceeded);
  EXPECT_EQ(error.message(), "the server has sent nothing for 40 ms");
}

TEST_P(SilenceTest, TheServerWaitsSoLongForAMessage) {
  ServerOptions options;
  options.message_timeout = milliseconds(40);
  serve(options);
  const Error error = send_and_wait();
  EXPECT_EQ(error.code(), Code::deadline_exceeded);
  EXPECT_EQ(error.message(), "the client has sent no message for 40 ms");
}

TEST_P(SilenceTest, TheServerBearsAnIdleCallSoLong) {
  ServerOptions options;
  options.call_idle_timeout = milliseconds(40);
  serve(options);
  const Error error = send_and_wait();
  EXPECT_EQ(error.code(), Code::deadline_exceeded);
  EXPECT_EQ(error.message(), "the client has sent nothing for 40 ms");
}

TEST_P(SilenceTest, WhoSpeaksInTimeIsNotCutOff) {
  ServerOptions options;
  options.message_timeout = milliseconds(200);
  options.call_idle_timeout = milliseconds(200);
  serve(options);
  auto call = client_->greet_all(CallOptions().idle_timeout(std::chrono::seconds(10)));
  GreetRequest request;
  for (int i = 0; i < 15; ++i) {
    request.set_name(std::to_string(i));
    ASSERT_TRUE(call.send(request));
    std::this_thread::sleep_for(milliseconds(20));
  }
  const auto response = call.finish();
  EXPECT_EQ(response->greeting(), "14");
}

INSTANTIATE_TEST_SUITE_P(Ways, SilenceTest,
                         ::testing::Values(Way{Protocol::connect, HttpVersion::http1_1, Style::coroutine},
                                           Way{Protocol::connect, HttpVersion::http2, Style::blocking},
                                           Way{Protocol::grpc, HttpVersion::http2, Style::coroutine},
                                           Way{Protocol::grpc, HttpVersion::http2, Style::blocking},
                                           Way{Protocol::grpc_web, HttpVersion::http1_1, Style::blocking},
                                           Way{Protocol::grpc_web, HttpVersion::http2, Style::coroutine}));

}  // namespace
}  // namespace connectrpc
