// Options of servers, channels and calls: compression, GET, mount prefix, limits, required version.
#include <gmock/gmock.h>

#include "integration/harness.h"
#include "integration/protocol_name.h"
#include "integration/raw_client.h"

namespace connectrpc::probe_test {
namespace {

using namespace std::chrono_literals;
using ::probe::v1::ProbeServiceClientSync;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view json = "content-type: application/json\r\n";

class EveryProtocol : public ::testing::TestWithParam<Protocol> {
 protected:
  static ChannelOptions options() {
    ChannelOptions options;
    options.protocol = GetParam();
    return options;
  }
};

TEST_P(EveryProtocol, GzipBothWays) {
  TestServer server;
  ChannelOptions with_gzip = options();
  with_gzip.compression = "gzip";
  const ProbeServiceClientSync client(server.url(), with_gzip);
  ProbeRequest request;
  request.set_payload(std::string(100'000, 'z'));
  for (const char* name : {"gzip", "identity"}) {
    const auto response = client.probe(request, CallOptions().compression(name));
    EXPECT_EQ(response->payload(), request.payload()) << name;
  }
  // Small ones are not worth it, and work as well.
  request.set_payload("z");
  const auto small = client.probe(request);
  EXPECT_EQ(small->payload(), "z");
}

TEST_P(EveryProtocol, LimitsOnBothSides) {
  ServerOptions server_options;
  server_options.receive_limit = 2000;
  TestServer server(Style::coroutine, std::move(server_options));
  ChannelOptions channel_options = options();
  channel_options.receive_limit = 1000;
  const ProbeServiceClientSync client(server.url(), channel_options);
  ProbeRequest request;
  request.set_payload(std::string(3000, 'p'));
  for (const char* compression : {"identity", "gzip"}) {
    const auto sent = as_result([&] { return client.probe(request, CallOptions().compression(compression)); });
    ASSERT_FALSE(sent.has_value());
    EXPECT_EQ(sent.error().code(), Code::resource_exhausted) << compression;
    EXPECT_TRUE(sent.error().is_remote());
  }
  ProbeRequest ask;
  ask.set_answer_size(1500);
  const auto received = as_result([&] { return client.probe(ask); });
  ASSERT_FALSE(received.has_value());
  EXPECT_EQ(received.error().code(), Code::resource_exhausted);
  EXPECT_FALSE(received.error().is_remote());
  const auto raised = client.probe(ask, CallOptions().receive_limit(10'000));
  EXPECT_EQ(raised->payload().size(), 1500u);
}

TEST_P(EveryProtocol, ReceiveLimitOfOneMethod) {
  Counters counters;
  Probe probe(counters);
  Server server;
  server.add(probe).add(probe, "/api");
  server.receive_limit("probe.v1.ProbeService", 1000).receive_limit("probe.v1.ProbeService/Look", 3000);
  const std::string url = "http://127.0.0.1:" + std::to_string(server.listen("127.0.0.1:0"));
  server.start();
  ProbeRequest request;
  request.set_payload(std::string(2000, 'p'));
  for (const char* prefix : {"", "/api"}) {
    const ProbeServiceClientSync client(url + prefix, options());
    const auto raised = client.look(request);
    EXPECT_EQ(raised->payload().size(), 2000u);
    const auto over = as_result([&] { return client.probe(request); });
    ASSERT_FALSE(over.has_value());
    EXPECT_EQ(over.error().code(), Code::resource_exhausted);
    EXPECT_THAT(over.error().message(), HasSubstr("the receive limit of 1000 bytes"));
    const auto within = client.probe(ProbeRequest());
    EXPECT_EQ(within->text(), "hello ");
  }
}

TEST(ReceiveLimit, OfWhatIsNotServedIsRefused) {
  Counters counters;
  Probe probe(counters);
  Server server;
  EXPECT_THROW(server.receive_limit("probe.v1.ProbeService", 1), std::invalid_argument);
  server.add(probe);
  for (const char* name :
       {"", "/probe.v1.ProbeService", "probe.v1", "probe.v1.ProbeService/", "probe.v1.ProbeService/X"})
    EXPECT_THROW(server.receive_limit(name, 1), std::invalid_argument) << name;
}

TEST_P(EveryProtocol, MountPrefix) {
  Counters counters;
  Probe probe(counters);
  Server server;
  server.add(probe, "/api/v2");
  const auto port = server.listen("127.0.0.1:0");
  server.start();
  const std::string url = "http://127.0.0.1:" + std::to_string(port);
  ProbeRequest request;
  request.set_text("x");
  for (const char* prefix : {"/api/v2", "/api/v2/"}) {
    const ProbeServiceClientSync client(url + prefix, options());
    EXPECT_EQ((*client.probe(request)).text(), "hello x");
  }
  const ProbeServiceClientSync elsewhere(url, options());
  const auto result = as_result([&] { return elsewhere.probe(request); });
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code(), Code::unimplemented);
}

// metadata.md C1: client-wide headers come before those of the call; timeouts fail locally where nothing is left.
TEST_P(EveryProtocol, DefaultsOfTheChannel) {
  TestServer server;
  ChannelOptions channel_options = options();
  channel_options.headers = {{"x-from", "channel"}};
  channel_options.timeout = 20s;
  const ProbeServiceClientSync client(server.url(), channel_options);
  const auto response = client.probe(ProbeRequest(), {{"x-from", "call"}});
  std::vector<std::string> from;
  for (const Pair& pair : response->request_headers())
    if (pair.name() == "x-from") from.push_back(pair.value());
  EXPECT_EQ(from, (std::vector<std::string>{"channel", "call"}));
  EXPECT_GT(response->remaining_ms(), 10'000);
  EXPECT_LE(response->remaining_ms(), 20'000);
  const int before = server.counters().started;
  for (const auto timeout : {0ns, -1ns}) {
    const auto result = as_result([&] { return client.probe(ProbeRequest(), CallOptions().timeout(timeout)); });
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code(), Code::deadline_exceeded);
    EXPECT_FALSE(result.error().is_remote());
  }
  EXPECT_EQ(server.counters().started, before);
}

TEST_P(EveryProtocol, UserAgentIsOursOrTheUsers) {
  TestServer server;
  const ProbeServiceClientSync client(server.url(), options());
  const auto agent = [](const ProbeResponse& response) {
    std::string all;
    for (const Pair& pair : response.request_headers())
      if (pair.name() == "user-agent") all += pair.value() + ";";
    return all;
  };
  // gRPC's own form begins with "grpc-".
  EXPECT_THAT(agent(*client.probe(ProbeRequest())),
              StartsWith(GetParam() == Protocol::connect ? "connect-cpp/" : "grpc-c++-connect/"));
  EXPECT_EQ(agent(*client.probe(ProbeRequest(), {{"user-agent", "acme/1"}})), "acme/1;");
}

TEST_P(EveryProtocol, HeadersSentBeforeTheAnswer) {
  for (const Style style : {Style::coroutine, Style::blocking}) {
    TestServer server(style);
    const ProbeServiceClientSync client(server.url(), options());
    ProbeRequest request;
    request.set_headers_first(true);
    Pair* pair = request.add_response_headers();
    pair->set_name("x-early");
    pair->set_value("1");
    const auto response = client.probe(request);
    EXPECT_EQ(response.headers()["x-early"], "1");
    request.set_code(9);
    const auto failed = as_result([&] { return client.probe(request); });
    ASSERT_FALSE(failed.has_value());
    EXPECT_EQ(failed.error().headers()["x-early"], "1");
    EXPECT_EQ(failed.error().code(), Code::failed_precondition);
  }
}

INSTANTIATE_TEST_SUITE_P(All, EveryProtocol, ::testing::Values(Protocol::connect, Protocol::grpc, Protocol::grpc_web),
                         [](const auto& tested) { return protocol_name(tested.param); });

TEST(Compression, OfAnswersFollowsTheClientAndTheMinimum) {
  TestServer server;
  RawClient client(server.port());
  client.send(post(std::string(json) + "accept-encoding: br;q=0, gzip\r\n", R"({"answerSize": 50000})"));
  EXPECT_THAT(client.read_answer(), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("content-encoding: gzip\r\n")));
  client.send(post(std::string(json) + "accept-encoding: gzip\r\n", R"({"answerSize": 10})"));
  EXPECT_THAT(client.read_answer(), Not(HasSubstr("content-encoding")));
  client.send(post(std::string(json) + "accept-encoding: identity\r\n", R"({"answerSize": 50000})"));
  EXPECT_THAT(client.read_answer(), Not(HasSubstr("content-encoding")));
}

TEST(Get, FallsBackToPostWhereTheUrlIsTooLong) {
  TestServer server;
  ChannelOptions options;
  options.use_get = true;
  options.get_url_limit = 500;
  const ProbeServiceClientSync client(server.url(), options);
  ProbeRequest request;
  request.set_text("short");
  EXPECT_EQ((*client.look(request)).http_method(), "GET");
  request.set_text(std::string(1000, 'l'));
  EXPECT_EQ((*client.look(request)).http_method(), "POST");
  // A method with side effects is never asked for by GET, whatever the channel says.
  EXPECT_EQ((*client.probe(request)).http_method(), "POST");
  request.set_text("short");
  EXPECT_EQ((*client.look(request, CallOptions().use_get(false))).http_method(), "POST");
}

TEST(Get, CarriesCompressedMessages) {
  TestServer server;
  ChannelOptions options;
  options.use_get = true;
  options.compression = "gzip";
  options.compress_min_bytes = 10;
  const ProbeServiceClientSync client(server.url(), options);
  ProbeRequest request;
  request.set_text(std::string(5000, 'l'));
  const auto response = client.look(request);
  EXPECT_EQ(response->http_method(), "GET");
  EXPECT_EQ(response->text(), "hello " + request.text());
}

TEST(ConnectVersion, IsRequiredByOption) {
  ServerOptions options;
  options.require_connect_version = true;
  TestServer server(Style::coroutine, std::move(options));
  RawClient client(server.port());
  client.send(post(json, "{}"));
  EXPECT_THAT(client.read_answer(), AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("connect-protocol-version")));
  client.send(post(std::string(json) + "connect-protocol-version: 1\r\n", "{}"));
  EXPECT_THAT(client.read_answer(), StartsWith("HTTP/1.1 200"));
  client.send(post(std::string(json) + "connect-protocol-version: 2\r\n", "{}"));
  EXPECT_THAT(client.read_answer(), StartsWith("HTTP/1.1 400"));
  EXPECT_EQ((*ProbeServiceClientSync(server.url()).probe(ProbeRequest())).text(), "hello ");
}

TEST(BlockingHandlers, AreRefusedWhereTheQueueIsFull) {
  ServerOptions options;
  options.workers = 1;
  options.worker_queue = 1;
  TestServer server(Style::blocking, std::move(options));
  const ProbeServiceClientSync client(server.url());
  ProbeRequest slow;
  slow.set_delay_ms(400);
  std::atomic<int> good{0};
  std::atomic<int> refused{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const auto result = as_result([&] { return client.probe(slow); });
      if (result) {
        ++good;
      } else if (result.error().code() == Code::resource_exhausted) {
        ++refused;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 2);
  EXPECT_EQ(refused, 2);
  // The deadline runs while queued.
  std::thread first([&] { client.probe(slow); });
  ASSERT_TRUE(eventually([&] { return server.counters().started == 3; }));
  const auto queued = as_result([&] { return client.probe(slow, CallOptions().timeout(50ms)); });
  first.join();
  ASSERT_FALSE(queued.has_value());
  EXPECT_EQ(queued.error().code(), Code::deadline_exceeded);
  EXPECT_EQ(server.counters().started, 3);
}

}  // namespace
}  // namespace connectrpc::probe_test
