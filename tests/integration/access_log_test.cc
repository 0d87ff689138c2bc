// What is told of each call, and that it is told once.
#include "connectrpc/access_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "connectrpc/client.h"
#include "connectrpc/testing/in_memory_server.h"
#include "greet/v1/greet.connect.h"
#include "integration/greet_caller.h"
#include "integration/run.h"

namespace connectrpc {
namespace {

using namespace std::chrono_literals;
using greet::v1::GreetRequest;
using greet::v1::GreetResponse;
using greet_test::call_block;
using greet_test::Outcome;
using probe_test::eventually;
using probe_test::Style;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

GreetResponse answer(const GreetRequest& request) {
  if (request.name() == "fail") throw Error(Code::not_found, "nobody");
  if (request.name() == "crash") throw std::runtime_error("secret of the house");
  GreetResponse response;
  response.set_greeting("hello " + request.name());
  return response;
}

class Greeter : public greet::v1::GreetServiceHandler {
  Task<GreetResponse> greet(const GreetRequest& request, Context&) override {
    if (request.name() == "wait") {
      boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, 60s);
      co_await timer.async_wait(boost::asio::use_awaitable);
    }
    co_return answer(request);
  }
  Task<> greet_many(const GreetRequest& request, StreamWriter<GreetResponse>& responses, Context&) override {
    for (int i = 0; i < 2; ++i) co_await responses.send(answer(request));
  }
  Task<GreetResponse> greet_all(StreamReader<GreetRequest>& requests, Context&) override {
    GreetRequest last;
    while (const auto request = co_await requests.receive()) last = *request;
    co_return answer(last);
  }
  Task<> converse(StreamReader<GreetRequest>& requests, StreamWriter<GreetResponse>& responses, Context&) override {
    while (const auto request = co_await requests.receive()) co_await responses.send(answer(*request));
  }
};

class GreeterSync : public greet::v1::GreetServiceHandlerSync {
  GreetResponse greet(const GreetRequest& request, Context&) override { return answer(request); }
  void greet_many(const GreetRequest& request, StreamWriterSync<GreetResponse>& responses, Context&) override {
    for (int i = 0; i < 2; ++i) responses.send(answer(request));
  }
  GreetResponse greet_all(StreamReaderSync<GreetRequest>& requests, Context&) override {
    GreetRequest last;
    while (const auto request = requests.receive()) last = *request;
    return answer(last);
  }
  void converse(StreamReaderSync<GreetRequest>& requests, StreamWriterSync<GreetResponse>& responses,
                Context&) override {
    while (const auto request = requests.receive()) responses.send(answer(*request));
  }
};

// Through middleware a call takes another way.
enum class Path { direct, middleware };

using Way = std::tuple<Protocol, StreamType, Style, Path>;

class AccessLogCallTest : public ::testing::TestWithParam<Way> {
 protected:
  AccessLogCallTest() : server_(options()) {
    if (std::get<Style>(GetParam()) == Style::coroutine) {
      server_.add(greeter_);
    } else {
      server_.add(greeter_sync_);
    }
    if (std::get<Path>(GetParam()) == Path::middleware) {
      server_.router().use([](http::Request&, http::Response&, const http::Next& next) { return next(); });
    }
  }
  StreamType kind() const { return std::get<StreamType>(GetParam()); }

  Outcome call(const std::string& name) {
    ChannelOptions options;
    options.protocol = std::get<Protocol>(GetParam());
    options.http_version = HttpVersion::http2;
    return call_block(server_.channel(options), kind(), name, CallOptions().header("authorization", "Bearer abc"));
  }
  // Once the call is told of.
  std::string line() {
    EXPECT_TRUE(eventually([&] {
      const std::lock_guard lock(mutex_);
      return !lines_.empty();
    }));
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(lines_.size(), 1u);
    return lines_.empty() ? "" : lines_.front();
  }

 private:
  ServerOptions options() {
    AccessLogOptions log;
    log.headers = {"authorization"};
    log.sink = [this](std::string_view line) {
      const std::lock_guard lock(mutex_);
      lines_.emplace_back(line);
    };
    ServerOptions options;
    options.on_call_end = access_log(std::move(log));
    return options;
  }

  Greeter greeter_;
  GreeterSync greeter_sync_;
  std::mutex mutex_;
  std::vector<std::string> lines_;

 protected:
  testing::InMemoryServer server_;
};

INSTANTIATE_TEST_SUITE_P(Ways, AccessLogCallTest,
                         ::testing::Combine(::testing::Values(Protocol::connect, Protocol::grpc, Protocol::grpc_web),
                                            ::testing::Values(StreamType::unary, StreamType::server, StreamType::client,
                                                              StreamType::bidi),
                                            ::testing::Values(Style::coroutine, Style::blocking),
                                            ::testing::Values(Path::direct, Path::middleware)));

TEST_P(AccessLogCallTest, OneLineForACallThatSucceeds) {
  const Outcome outcome = call("Ann");
  ASSERT_FALSE(outcome.error) << outcome.error->what();
  const std::string seen = line();
  const bool many_requests = kind() == StreamType::client || kind() == StreamType::bidi;
  const bool many_responses = kind() == StreamType::server || kind() == StreamType::bidi;
  EXPECT_THAT(seen, HasSubstr(" code=ok protocol=" + std::string(to_string(std::get<Protocol>(GetParam()))) + " "));
  EXPECT_THAT(seen, HasSubstr(" http=HTTP/2 verb=POST peer=in-process duration_ms="));
  EXPECT_THAT(seen, HasSubstr(many_requests ? " request_messages=2 " : " request_messages=1 "));
  EXPECT_THAT(seen, HasSubstr(many_responses ? " response_messages=2" : " response_messages=1"));
  EXPECT_THAT(seen, HasSubstr(" header.authorization=(redacted)"));
  EXPECT_THAT(seen, Not(HasSubstr("abc")));
  // 5 bytes of message, and 5 of each envelope.
  if (kind() == StreamType::unary) {
    const bool enveloped = std::get<Protocol>(GetParam()) != Protocol::connect;
    EXPECT_THAT(seen, HasSubstr(enveloped ? " request_bytes=10 " : " request_bytes=5 "));
    if (!enveloped) {
      EXPECT_THAT(seen, HasSubstr(" response_bytes=11 "));
    }
  }
}

TEST_P(AccessLogCallTest, OneLineForACallThatFails) {
  ASSERT_TRUE(call("fail").error);
  const std::string seen = line();
  EXPECT_THAT(seen, HasSubstr(" code=not_found "));
  EXPECT_THAT(seen, HasSubstr(" message=nobody"));
}

TEST_P(AccessLogCallTest, WhatAHandlerThrowsIsNotTold) {
  ASSERT_TRUE(call("crash").error);
  EXPECT_THAT(line(), HasSubstr(" message=\"the handler failed\""));
}

class AccessLogTest : public ::testing::Test {
 protected:
  AccessLogTest() : server_(options()) { server_.add(greeter_); }
  ServerOptions options() {
    ServerOptions options;
    options.on_call_end = [this](const CallRecord& record) {
      const std::lock_guard lock(mutex_);
      seen_.push_back((record.error == nullptr ? "ok" : std::string(to_string(record.error->code()))) + " " +
                      (record.cancelled ? std::string(to_string(*record.cancelled)) : "-"));
      duration_ = record.duration;
    };
    return options;
  }
  bool comes(const std::string& what) {
    return eventually([&] {
      const std::lock_guard lock(mutex_);
      return seen_ == std::vector<std::string>{what};
    });
  }

  std::mutex mutex_;
  std::vector<std::string> seen_;
  std::chrono::nanoseconds duration_{0};
  Greeter greeter_;
  testing::InMemoryServer server_;
};

TEST_F(AccessLogTest, ADeadline) {
  ASSERT_TRUE(call_block(server_.channel(), StreamType::unary, "wait", CallOptions().timeout(50ms)).error);
  // The client may give up before the server does.
  EXPECT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex_);
    return !seen_.empty();
  }));
  const std::lock_guard lock(mutex_);
  ASSERT_EQ(seen_.size(), 1u);
  EXPECT_THAT(seen_[0], ::testing::AnyOf("deadline_exceeded deadline", "canceled peer", "canceled connection_lost"));
  EXPECT_GE(duration_, 30ms);
}

TEST_F(AccessLogTest, AClientThatGoesAway) {
  ChannelOptions options;
  options.protocol = Protocol::grpc;
  std::stop_source stop;
  std::thread stopper([&] {
    std::this_thread::sleep_for(50ms);
    stop.request_stop();
  });
  static_cast<void>(
      call_block(server_.channel(options), StreamType::unary, "wait", CallOptions().stop_token(stop.get_token())));
  stopper.join();
  EXPECT_TRUE(comes("canceled peer"));
}

}  // namespace
}  // namespace connectrpc
