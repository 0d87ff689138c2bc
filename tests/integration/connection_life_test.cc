// How long connections live: signs of life, age, idleness, number of requests, slow beginnings.
#include <limits>

#include "integration/harness.h"
#include "integration/http2_frames.h"
#include "integration/raw_client.h"

namespace connectrpc::probe_test {
namespace {

using namespace std::chrono_literals;
using ::probe::v1::ProbeServiceClientSync;
using Clock = std::chrono::steady_clock;

const std::string request = post("content-type: application/json\r\n", "{}");

class ConnectionLife : public ::testing::TestWithParam<HttpVersion> {
 protected:
  static ChannelOptions channel() {
    ChannelOptions options;
    options.http_version = GetParam();
    return options;
  }
};

INSTANTIATE_TEST_SUITE_P(All, ConnectionLife, ::testing::Values(HttpVersion::http1_1, HttpVersion::http2),
                         [](const auto& parameter) {
                           return parameter.param == HttpVersion::http2 ? "Http2" : "Http1";
                         });

std::string open_http2(RawClient& client) {
  client.send(std::string(preface) + frame(settings_frame, 0, ""));
  return next_frame(client, settings_frame);
}

TEST(KeepAlive, AServerAsksAndASilentClientGoes) {
  ServerOptions options;
  options.keepalive_interval = 50ms;
  options.keepalive_timeout = 100ms;
  TestServer server(Style::coroutine, options);
  const auto begin = Clock::now();
  RawClient client(server.port());
  open_http2(client);
  const std::string ping = next_frame(client, ping_frame);
  ASSERT_TRUE(client.send(frame(ping_frame, 1, ping)));
  EXPECT_EQ(next_frame(client, ping_frame), ping);
  EXPECT_EQ(next_frame(client, ping_frame), "closed");
  EXPECT_GE(Clock::now() - begin, 200ms);
  EXPECT_TRUE(eventually([&] { return server.server().connections() == 0; }));
}

// A regression: after an answer the next question waited for the timeout, not for the interval.
TEST(KeepAlive, AnAnswerDoesNotPutTheNextQuestionOff) {
  ServerOptions options;
  options.keepalive_interval = 50ms;
  options.keepalive_timeout = 60s;
  TestServer server(Style::coroutine, options);
  const auto begin = Clock::now();
  RawClient client(server.port());
  open_http2(client);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(client.send(frame(ping_frame, 1, next_frame(client, ping_frame))));
  EXPECT_LT(Clock::now() - begin, 30s);
}

TEST(KeepAlive, WhoPingsTooOftenIsSentAway) {
  TestServer server;
  RawClient client(server.port());
  open_http2(client);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(client.send(frame(ping_frame, 0, "12345678")));
  // Three: the first came in time, and two too early are forgiven.
  ASSERT_TRUE(client.send(frame(ping_frame, 0, "12345678")));
  EXPECT_EQ(next_frame(client, goaway_frame), std::string("\0\0\0\0\0\0\0\x0b", 8) + "too_many_pings");
  EXPECT_EQ(next_frame(client, ping_frame), "closed");
}

TEST(KeepAlive, PingsMayBeFree) {
  ServerOptions options;
  options.keepalive_min_interval = 0ms;
  TestServer server(Style::coroutine, options);
  RawClient client(server.port());
  open_http2(client);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(client.send(frame(ping_frame, 0, "12345678")));
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(server.server().connections(), 1u);
}

// A listener whose connections nobody answers.
class Silence {
 public:
  Silence() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(socket_, reinterpret_cast<const sockaddr*>(&address), size);
    ::listen(socket_, 8);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  Silence(const Silence&) = delete;
  ~Silence() { ::close(socket_); }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

TEST(KeepAlive, AClientGivesUpOnASilentServer) {
  const Silence silence;
  ChannelOptions options;
  options.http_version = HttpVersion::http2;
  options.keepalive_interval = 50ms;
  options.keepalive_timeout = 100ms;
  const ProbeServiceClientSync client(silence.url(), options);
  const auto begin = Clock::now();
  const auto result = as_result([&] { return client.probe(ProbeRequest()); });
  EXPECT_LT(Clock::now() - begin, 3s);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code(), Code::unavailable);
  EXPECT_NE(result.error().message().find("did not answer a PING"), std::string::npos) << result.error().message();
}

TEST(KeepAlive, ALongCallOutlivesMany) {
  ServerOptions options;
  options.keepalive_interval = 30ms;
  options.keepalive_timeout = 1s;
  options.keepalive_min_interval = 10ms;
  TestServer server(Style::coroutine, options);
  ChannelOptions channel;
  channel.http_version = HttpVersion::http2;
  channel.keepalive_interval = 30ms;
  channel.keepalive_timeout = 1s;
  channel.keepalive_without_calls = true;
  const ProbeServiceClientSync client(server.url(), channel);
  ProbeRequest slow;
  slow.set_delay_ms(300);
  EXPECT_EQ((*client.probe(slow)).text(), "hello ");
  std::this_thread::sleep_for(200ms);
  EXPECT_EQ(server.server().connections(), 1u);
}

// gRFC A8: twice the interval after "too_many_pings".
TEST(KeepAlive, AClientThatWasSentAwayAsksHalfAsOften) {
  ServerOptions options;
  options.keepalive_min_interval = 500ms;
  TestServer server(Style::coroutine, options);
  ChannelOptions channel;
  channel.http_version = HttpVersion::http2;
  channel.keepalive_interval = 300ms;
  const ProbeServiceClientSync client(server.url(), channel);
  ProbeRequest slow;
  slow.set_delay_ms(30'000);
  const auto sent_away = as_result([&] { return client.probe(slow); });
  ASSERT_FALSE(sent_away.has_value());
  EXPECT_EQ(sent_away.error().code(), Code::unavailable);
  EXPECT_NE(sent_away.error().message().find("too_many_pings"), std::string::npos) << sent_away.error().message();
  slow.set_delay_ms(3000);
  EXPECT_EQ((*client.probe(slow)).text(), "hello ");
}

TEST(KeepAlive, OptionsThatCannotBeMeant) {
  const auto fault_of = [](const ChannelOptions& options) -> std::string {
    try {
      Channel::make("http://localhost", options);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  };
  ChannelOptions options;
  options.keepalive_interval = -1ns;
  EXPECT_EQ(fault_of(options), "ChannelOptions::keepalive_interval: -1 ns is negative");
  options.keepalive_interval = 5s;
  options.keepalive_timeout = 0s;
  EXPECT_EQ(fault_of(options), "ChannelOptions::keepalive_timeout: 0 ns leaves no time for an answer");
  options.keepalive_timeout = 5s;
  options.http_version = HttpVersion::http1_1;
  EXPECT_EQ(fault_of(options),
            "ChannelOptions::keepalive_interval: 5000000000 ns is given, but http_version says HTTP/1.1, which has no "
            "PING");
  options = ChannelOptions();
  options.keepalive_without_calls = true;
  EXPECT_EQ(fault_of(options), "ChannelOptions::keepalive_without_calls: true, but keepalive_interval is 0");
}

// Calls go on without a failure, on connection after connection.
// Half a second without a byte, and what was kept for further calls is given back.
TEST_P(ConnectionLife, RestingConnectionsServeOn) {
  ServerOptions options;
  options.trim_memory_below = std::numeric_limits<std::size_t>::max();
  TestServer server(Style::coroutine, options);
  const ProbeServiceClientSync client(server.url(), channel());
  std::string peer;
  for (const auto pause : {0ms, 1200ms, 600ms}) {
    std::this_thread::sleep_for(pause);
    const auto response = client.probe(ProbeRequest());
    if (peer.empty()) peer = response->peer();
    EXPECT_EQ(response->peer(), peer);
  }
}

TEST_P(ConnectionLife, AgeEndsConnectionsAndNoCall) {
  ServerOptions options;
  options.max_connection_age = 50ms;
  TestServer server(Style::coroutine, options);
  const ProbeServiceClientSync client(server.url(), channel());
  std::vector<std::string> peers;
  const auto begin = Clock::now();
  while (Clock::now() - begin < 500ms) {
    ProbeRequest slow;
    slow.set_delay_ms(5);
    const auto response = client.probe(slow);
    if (peers.empty() || peers.back() != response->peer()) peers.push_back(response->peer());
  }
  EXPECT_GE(peers.size(), 4u);
  EXPECT_LE(peers.size(), 20u);
}

TEST_P(ConnectionLife, IdleConnectionsGo) {
  ServerOptions options;
  options.max_connection_idle = 100ms;
  TestServer server(Style::coroutine, options);
  const ProbeServiceClientSync client(server.url(), channel());
  ProbeRequest slow;
  slow.set_delay_ms(300);
  EXPECT_EQ((*client.probe(slow)).text(), "hello ");
  EXPECT_EQ(server.server().connections(), 1u);
  EXPECT_TRUE(eventually([&] { return server.server().connections() == 0; }));
  EXPECT_EQ((*client.probe(ProbeRequest())).text(), "hello ");
}

TEST_P(ConnectionLife, SoManyRequestsAConnection) {
  ServerOptions options;
  options.max_connection_requests = 3;
  TestServer server(Style::coroutine, options);
  const ProbeServiceClientSync client(server.url(), channel());
  std::vector<std::string> peers;
  for (int i = 0; i < 9; ++i) {
    const std::string peer = (*client.probe(ProbeRequest())).peer();
    if (peers.empty() || peers.back() != peer) peers.push_back(peer);
  }
  EXPECT_EQ(peers.size(), 3u);
}

TEST_P(ConnectionLife, GraceEndsWhatLasts) {
  ServerOptions options;
  options.max_connection_age = 50ms;
  options.max_connection_grace = 100ms;
  TestServer server(Style::coroutine, options);
  const ProbeServiceClientSync client(server.url(), channel());
  ProbeRequest slow;
  slow.set_delay_ms(5'000);
  const auto begin = Clock::now();
  const auto result = as_result([&] { return client.probe(slow); });
  EXPECT_FALSE(result.has_value());
  EXPECT_LT(Clock::now() - begin, 3s);
}

TEST(SlowBeginnings, NoRequestAtAll) {
  ServerOptions options;
  options.header_timeout = 100ms;
  TestServer server(Style::coroutine, options);
  for (const std::string_view bytes : {"", "POST / HTT", "PRI * HTTP/2.0\r\n"}) {
    const auto begin = Clock::now();
    RawClient client(server.port());
    client.send(bytes);
    EXPECT_EQ(client.read_all(), "");
    EXPECT_GE(Clock::now() - begin, 100ms) << bytes;
  }
}

TEST(SlowBeginnings, ALaterHeadThatDoesNotEnd) {
  ServerOptions options;
  options.header_timeout = 100ms;
  TestServer server(Style::coroutine, options);
  RawClient client(server.port());
  ASSERT_TRUE(client.send(request));
  EXPECT_TRUE(client.read_answer().starts_with("HTTP/1.1 200"));
  // At rest it may stay.
  std::this_thread::sleep_for(250ms);
  ASSERT_TRUE(client.send(request));
  EXPECT_TRUE(client.read_answer().starts_with("HTTP/1.1 200"));
  const auto begin = Clock::now();
  // Drop by drop.
  for (const char c : std::string_view("POST /abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz")) {
    if (!client.send(std::string_view(&c, 1))) break;
    std::this_thread::sleep_for(10ms);
  }
  EXPECT_EQ(client.read_all(), "");
  EXPECT_LT(Clock::now() - begin, 3s);
}

TEST(SlowBeginnings, AHandshakeThatDoesNotEnd) {
  ServerOptions options;
  options.handshake_timeout = 100ms;
  TestServer server(Style::coroutine, options, true);
  const auto begin = Clock::now();
  RawClient client(server.port());
  EXPECT_EQ(client.read_all(), "");
  EXPECT_GE(Clock::now() - begin, 100ms);
  EXPECT_TRUE(eventually([&] { return server.logged("no TLS handshake within handshake_timeout"); }));
}

}  // namespace
}  // namespace connectrpc::probe_test
