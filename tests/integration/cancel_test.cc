// A call that is given up in any state leaves no trace: the handler learns of it, the next call is as good as ever.
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "integration/harness.h"
#include "integration/protocol_name.h"
#include "integration/raw_client.h"

namespace connectrpc::probe_test {
namespace {

using namespace std::chrono_literals;
using namespace boost::asio::experimental::awaitable_operators;
using ::probe::v1::ProbeServiceClient;
using ::probe::v1::ProbeServiceClientSync;

struct Case {
  Protocol protocol;
  HttpVersion version;
  Style server;
};

class Cancel : public ::testing::TestWithParam<Case> {
 protected:
  Cancel() : server_(GetParam().server) {
    ChannelOptions options;
    options.protocol = GetParam().protocol;
    options.http_version = GetParam().version;
    channel_ = Channel::make(io_, server_.url(), options);
  }

  static Task<> sleep(std::chrono::milliseconds time) {
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, time);
    co_await timer.async_wait(boost::asio::use_awaitable);
  }

  // Calls, and gives up after `patience`.
  Task<bool> call_for(ProbeRequest request, std::chrono::milliseconds patience) {
    const ProbeServiceClient client(channel_);
    auto outcome = co_await (as_result(client.probe(request)) || sleep(patience));
    co_return outcome.index() == 0 && std::get<0>(outcome).has_value();
  }

  void expect_good_call() {
    ProbeRequest request;
    request.set_text("again");
    EXPECT_TRUE(run_on(io_, call_for(request, 10s)));
  }

  TestServer server_;
  // After the server, which waits for connections that go down with it.
  boost::asio::io_context io_{1};
  ChannelPtr channel_;
};

TEST_P(Cancel, WhileIdle) {
  expect_good_call();
  expect_good_call();
  EXPECT_TRUE(eventually([&] { return server_.counters().ended == 2; }));
  EXPECT_EQ(server_.counters().cancelled, -1);
}

TEST_P(Cancel, BeforeTheConnectionIsThere) {
  EXPECT_FALSE(run_on(io_, call_for(ProbeRequest(), 0ms)));
  expect_good_call();
}

TEST_P(Cancel, InTheHandler) {
  ProbeRequest request;
  request.set_delay_ms(10'000);
  EXPECT_FALSE(run_on(io_, call_for(request, 100ms)));
  io_.restart();
  io_.run_for(50ms);
  EXPECT_TRUE(eventually([&] { return server_.counters().ended == 1; }));
  EXPECT_NE(server_.counters().cancelled, -1);
  expect_good_call();
}

TEST_P(Cancel, InAHandlerThatIgnoresIt) {
  ProbeRequest request;
  request.set_delay_ms(400);
  request.set_stubborn(true);
  EXPECT_FALSE(run_on(io_, call_for(request, 100ms)));
  expect_good_call();
  EXPECT_TRUE(eventually([&] { return server_.counters().ended == 2; }));
  expect_good_call();
}

TEST_P(Cancel, WhileTheRequestIsWritten) {
  ProbeRequest request;
  request.set_payload(std::string(3'000'000, 'x'));
  for (const auto patience : {0ms, 1ms, 2ms, 5ms}) run_on(io_, call_for(request, patience));
  expect_good_call();
}

TEST_P(Cancel, WhileTheAnswerIsWritten) {
  ProbeRequest request;
  request.set_answer_size(4'000'000);
  for (const auto patience : {1ms, 3ms, 6ms, 12ms}) run_on(io_, call_for(request, patience));
  expect_good_call();
}

TEST_P(Cancel, ByLosingTheConnection) {
  ProbeRequest request;
  request.set_delay_ms(10'000);
  {
    boost::asio::io_context io(1);
    ChannelOptions options;
    options.protocol = GetParam().protocol;
    options.http_version = GetParam().version;
    const ChannelPtr channel = Channel::make(io, server_.url(), options);
    const ProbeServiceClient client(channel);
    boost::asio::co_spawn(io, as_result(client.probe(request)),
                          [](std::exception_ptr, Result<Response<ProbeResponse>>) {});
    io.run_for(150ms);
    // The loop dies with the call under way.
  }
  EXPECT_TRUE(eventually([&] { return server_.counters().ended == 1; }));
  EXPECT_NE(server_.counters().cancelled, -1);
  expect_good_call();
}

// Both ends watch the deadline; whichever is first, the caller sees one code and the handler a cancellation.
TEST_P(Cancel, ByADeadlineThatTheHandlerIgnores) {
  ProbeRequest request;
  request.set_delay_ms(500);
  request.set_stubborn(true);
  const ProbeServiceClientSync client(Channel::make(server_.url(), channel_->options()));
  const auto begin = std::chrono::steady_clock::now();
  const auto result = as_result([&] { return client.probe(request, CallOptions().timeout(100ms)); });
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code(), Code::deadline_exceeded);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 400ms);
  EXPECT_TRUE(eventually([&] { return server_.counters().ended == 1; }));
  EXPECT_NE(server_.counters().cancelled, -1);
  expect_good_call();
}

// metadata.md section 5: a server answers at the deadline, whoever else watches it and whatever its handler does.
TEST_P(Cancel, ByADeadlineThatOnlyTheServerWatches) {
  const bool connect = GetParam().protocol == Protocol::connect;
  const std::string json = R"({"delayMs": 600, "stubborn": true})";
  RawClient client(server_.port());
  const auto begin = std::chrono::steady_clock::now();
  if (connect) {
    client.send(post("content-type: application/json\r\nconnect-timeout-ms: 100\r\n", json));
  } else {
    const std::string framed = std::string(4, '\0') + static_cast<char>(json.size()) + json;
    client.send(post("content-type: application/grpc-web+json\r\ngrpc-timeout: 100m\r\n", framed));
  }
  const std::string answer = client.read_answer();
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_NE(answer.find(connect ? "\"deadline_exceeded\"" : "grpc-status: 4"), std::string::npos) << answer;
  EXPECT_GE(took, 100ms);
  EXPECT_LT(took, 400ms);
  EXPECT_TRUE(eventually([&] { return server_.counters().ended == 1; }));
  EXPECT_EQ(server_.counters().cancelled, static_cast<int>(CancelReason::deadline));
  expect_good_call();
}

INSTANTIATE_TEST_SUITE_P(All, Cancel,
                         ::testing::Values(Case{Protocol::connect, HttpVersion::http1_1, Style::coroutine},
                                           Case{Protocol::connect, HttpVersion::http2, Style::coroutine},
                                           Case{Protocol::grpc, HttpVersion::http2, Style::coroutine},
                                           Case{Protocol::grpc_web, HttpVersion::http1_1, Style::coroutine},
                                           Case{Protocol::connect, HttpVersion::http1_1, Style::blocking},
                                           Case{Protocol::grpc, HttpVersion::http2, Style::blocking}),
                         [](const auto& tested) {
                           std::string name = protocol_name(tested.param.protocol);
                           name += tested.param.version == HttpVersion::http2 ? "Http2" : "Http1";
                           return name + (tested.param.server == Style::coroutine ? "Coroutine" : "Blocking");
                         });

}  // namespace
}  // namespace connectrpc::probe_test
