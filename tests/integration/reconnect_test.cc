// Connections are reused, shared and replaced, and no call fails for it that was not processed.
#include "integration/harness.h"

namespace connectrpc::probe_test {
namespace {

using namespace std::chrono_literals;
using ::probe::v1::ProbeServiceClient;
using ::probe::v1::ProbeServiceClientSync;

class Reconnect : public ::testing::TestWithParam<HttpVersion> {
 protected:
  static ChannelOptions options() {
    ChannelOptions options;
    options.http_version = GetParam();
    return options;
  }
};

TEST_P(Reconnect, OneConnectionServesManyCalls) {
  TestServer server;
  const ProbeServiceClientSync client(server.url(), options());
  std::string peer;
  for (int i = 0; i < 20; ++i) {
    const auto response = client.probe(ProbeRequest());
    if (i == 0) peer = response->peer();
    EXPECT_EQ(response->peer(), peer);
  }
  EXPECT_EQ(server.server().connections(), 1u);
}

Task<> one_call(const ProbeServiceClient& client, ProbeRequest request, int& good) {
  auto response = co_await client.probe(request);
  if (response->text() == "hello ") ++good;
}

TEST_P(Reconnect, CallsAtOnceShareWhatTheVersionAllows) {
  TestServer server;
  boost::asio::io_context io(1);
  const ProbeServiceClient client(io, server.url(), options());
  ProbeRequest request;
  request.set_delay_ms(100);
  int good = 0;
  int ended = 0;
  for (int i = 0; i < 20; ++i) {
    boost::asio::co_spawn(io, one_call(client, request, good), [&](std::exception_ptr error) {
      EXPECT_FALSE(error);
      if (++ended == 20) io.stop();
    });
  }
  const auto begin = std::chrono::steady_clock::now();
  io.run_for(10s);
  EXPECT_EQ(good, 20);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1500ms);
  EXPECT_EQ(server.server().connections(), GetParam() == HttpVersion::http2 ? 1u : 20u);
}

TEST_P(Reconnect, AFullPoolMakesCallsWait) {
  TestServer server;
  ChannelOptions narrow = options();
  narrow.max_connections = 2;
  boost::asio::io_context io(1);
  const ProbeServiceClient client(io, server.url(), narrow);
  ProbeRequest request;
  request.set_delay_ms(20);
  int good = 0;
  int ended = 0;
  for (int i = 0; i < 10; ++i) {
    boost::asio::co_spawn(io, one_call(client, request, good), [&](std::exception_ptr) {
      if (++ended == 10) io.stop();
    });
  }
  io.run_for(10s);
  EXPECT_EQ(good, 10);
  EXPECT_LE(server.server().connections(), 2u);
}

TEST_P(Reconnect, AfterTheServerWasReplaced) {
  std::optional<TestServer> first(std::in_place);
  Counters counters;
  Probe probe(counters);
  const ProbeServiceClientSync client(first->url(), options());
  const std::string address = "127.0.0.1:" + std::to_string(first->port());
  for (int round = 0; round < 5; ++round) {
    if (round == 0) {
      client.probe(ProbeRequest());
      first.reset();
    }
    Server next;
    next.add(probe);
    next.listen(address);
    next.start();
    EXPECT_NO_THROW(client.probe(ProbeRequest())) << round;
    next.stop();
    next.wait();
  }
  EXPECT_EQ(counters.started, 5);
}

// A drain lets calls under way end, while new ones go elsewhere.
TEST_P(Reconnect, CallsUnderWaySurviveADrain) {
  TestServer server;
  const ProbeServiceClientSync client(server.url(), options());
  std::optional<Result<Response<ProbeResponse>>> result;
  std::thread caller([&] {
    ProbeRequest slow;
    slow.set_delay_ms(300);
    result = as_result([&] { return client.probe(slow); });
  });
  ASSERT_TRUE(eventually([&] { return server.counters().started == 1; }));
  server.server().stop();
  caller.join();
  server.server().wait();
  ASSERT_TRUE(result->has_value()) << result->error().what();
}

TEST_P(Reconnect, NobodyThere) {
  std::uint16_t port = 0;
  {
    TestServer gone;
    port = gone.port();
  }
  const ProbeServiceClientSync client("http://127.0.0.1:" + std::to_string(port), options());
  const auto result = as_result([&] { return client.probe(ProbeRequest()); });
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code(), Code::unavailable);
  EXPECT_NE(result.error().message().find("127.0.0.1:" + std::to_string(port)), std::string::npos)
      << result.error().message();
  const auto timed = as_result([&] { return client.probe(ProbeRequest(), CallOptions().timeout(1s)); });
  EXPECT_EQ(timed.error().code(), Code::unavailable);
}

TEST_P(Reconnect, IdleConnectionsAreClosed) {
  TestServer server;
  ChannelOptions short_lived = options();
  short_lived.idle_timeout = 50ms;
  const ProbeServiceClientSync client(server.url(), short_lived);
  client.probe(ProbeRequest());
  EXPECT_EQ(server.server().connections(), 1u);
  EXPECT_TRUE(eventually([&] { return server.server().connections() == 0; }));
  client.probe(ProbeRequest());
}

INSTANTIATE_TEST_SUITE_P(All, Reconnect, ::testing::Values(HttpVersion::http1_1, HttpVersion::http2),
                         [](const auto& tested) { return tested.param == HttpVersion::http2 ? "Http2" : "Http1"; });

}  // namespace
}  // namespace connectrpc::probe_test
