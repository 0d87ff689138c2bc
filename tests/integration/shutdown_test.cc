// How a server ends: step by step, each within its time, by call and by signal.
#include <csignal>
#include <cstdlib>

#include "integration/harness.h"
#include "integration/http2_frames.h"
#include "integration/raw_client.h"

namespace connectrpc::probe_test {
namespace {

using namespace std::chrono_literals;
using ::probe::v1::ProbeServiceClientSync;
using Clock = std::chrono::steady_clock;

ProbeRequest slow_request(int delay_ms, bool stubborn = false) {
  ProbeRequest request;
  request.set_delay_ms(delay_ms);
  request.set_stubborn(stubborn);
  return request;
}

// A call on a thread of its own.
class Caller {
 public:
  Caller(const TestServer& server, ProbeRequest request, HttpVersion version = HttpVersion::http2)
      : thread_([url = server.url(), request = std::move(request), version, this] {
          ChannelOptions options;
          options.http_version = version;
          const ProbeServiceClientSync client(url, options);
          result_ = as_result([&] { return client.probe(request); });
        }) {}
  ~Caller() {
    if (thread_.joinable()) thread_.join();
  }
  const Result<Response<ProbeResponse>>& result() {
    if (thread_.joinable()) thread_.join();
    return *result_;
  }

 private:
  std::optional<Result<Response<ProbeResponse>>> result_;
  std::thread thread_;
};

TEST(Shutdown, GoAwayComesInTwoSteps) {
  TestServer server;
  RawClient client(server.port());
  ASSERT_TRUE(client.send(std::string(preface) + frame(settings_frame, 0, "")));
  next_frame(client, settings_frame);
  server.server().stop();
  EXPECT_EQ(next_frame(client, goaway_frame), std::string("\x7f\xff\xff\xff\0\0\0\0", 8));
  const std::string ping = next_frame(client, ping_frame);
  ASSERT_TRUE(client.send(frame(ping_frame, 1, ping)));
  EXPECT_EQ(next_frame(client, goaway_frame), std::string(8, '\0'));
  EXPECT_EQ(client.read_all(), "");
  server.server().wait();
}

// For a test whose thread is late.
ServerOptions patient() {
  ServerOptions options;
  options.drain_quiet = 8s;
  return options;
}

// Its request may be on its way, and nobody could know whether it was processed.
TEST(Shutdown, AConnectionInUseGetsOneMoreAnswer) {
  TestServer server(Style::coroutine, patient());
  RawClient client(server.port());
  const std::string request = post("content-type: application/json\r\n", "{}");
  ASSERT_TRUE(client.send(request));
  EXPECT_EQ(client.read_answer().find("connection: close"), std::string::npos);
  server.server().stop();
  std::this_thread::sleep_for(20ms);
  ASSERT_TRUE(client.send(request));
  const std::string last = client.read_all();
  EXPECT_TRUE(last.starts_with("HTTP/1.1 200")) << last;
  EXPECT_NE(last.find("connection: close\r\n"), std::string::npos) << last;
  server.server().wait();
}

TEST(Shutdown, AConnectionWithoutARequestYetIsServed) {
  for (const bool http2 : {false, true}) {
    TestServer server(Style::coroutine, patient());
    RawClient client(server.port());
    ASSERT_TRUE(eventually([&] { return server.server().connections() == 1; }));
    server.server().stop();
    std::this_thread::sleep_for(20ms);
    if (http2) {
      ASSERT_TRUE(client.send(std::string(preface) + frame(settings_frame, 0, "")));
      EXPECT_EQ(next_frame(client, goaway_frame).substr(0, 4), "\x7f\xff\xff\xff");
    } else {
      ASSERT_TRUE(client.send(post("content-type: application/json\r\n", "{}")));
      EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 200"));
    }
  }
}

// Whom the kernel has let in is served, also if the server had no time to accept him.
TEST(Shutdown, WhatWaitsToBeAcceptedIsServed) {
  boost::asio::io_context io(1);
  Counters counters;
  Probe probe(counters);
  Server server(io);
  server.add(probe);
  const std::uint16_t port = server.listen("127.0.0.1:0");
  server.start();
  RawClient client(port);
  ASSERT_TRUE(client.send(post("content-type: application/json\r\n", "{}")));
  server.stop();
  io.run_for(300ms);
  EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 200"));
}

TEST(Shutdown, ConnectionsAtRestAreClosedAtOnce) {
  ServerOptions options;
  options.drain_quiet = 30ms;
  TestServer server(Style::coroutine, options);
  RawClient client(server.port());
  ASSERT_TRUE(client.send(post("content-type: application/json\r\n", "{}")));
  client.read_answer();
  std::this_thread::sleep_for(60ms);
  server.server().stop();
  EXPECT_EQ(client.read_all(), "");
  const auto begin = Clock::now();
  server.server().wait();
  EXPECT_LT(Clock::now() - begin, 2s);
}

TEST(Shutdown, CallsUnderWayEndOnTheirOwn) {
  for (const HttpVersion version : {HttpVersion::http1_1, HttpVersion::http2}) {
    TestServer server;
    Caller caller(server, slow_request(200), version);
    ASSERT_TRUE(eventually([&] { return server.counters().started == 1; }));
    server.server().stop();
    server.server().wait();
    EXPECT_TRUE(caller.result().has_value());
    EXPECT_EQ(server.counters().cancelled, -1);
  }
}

ServerOptions short_times() {
  ServerOptions options;
  options.drain_timeout = 50ms;
  options.cancel_timeout = 300ms;
  return options;
}

// A handler may tidy up; what it ignores ends for its caller all the same.
TEST(Shutdown, CancelledHandlersGetTimeToEnd) {
  for (const Style style : {Style::coroutine, Style::blocking}) {
    TestServer server(style, short_times());
    Caller caller(server, slow_request(200, true));
    ASSERT_TRUE(eventually([&] { return server.counters().started == 1; }));
    server.server().stop();
    server.server().wait();
    EXPECT_EQ(server.counters().ended, 1);
    EXPECT_EQ(server.counters().cancelled, static_cast<int>(CancelReason::shutdown));
    ASSERT_FALSE(caller.result().has_value());
    EXPECT_EQ(caller.result().error().code(), Code::unavailable);
  }
}

TEST(Shutdown, WaitReturnsThoughAHandlerIgnoresItsEnd) {
  for (const Style style : {Style::coroutine, Style::blocking}) {
    TestServer server(style, short_times());
    Caller caller(server, slow_request(2'000, true));
    ASSERT_TRUE(eventually([&] { return server.counters().started == 1; }));
    const auto begin = Clock::now();
    server.server().stop();
    server.server().wait();
    EXPECT_GE(Clock::now() - begin, 300ms);
    EXPECT_LT(Clock::now() - begin, 1500ms);
    EXPECT_EQ(server.counters().ended, 0);
    EXPECT_FALSE(caller.result().has_value());
  }
}

TEST(Shutdown, StopNowCutsADrainShort) {
  TestServer server;
  Caller caller(server, slow_request(8'000));
  ASSERT_TRUE(eventually([&] { return server.counters().started == 1; }));
  const auto begin = Clock::now();
  server.server().stop();
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(server.counters().ended, 0);
  server.server().stop_now();
  server.server().wait();
  EXPECT_LT(Clock::now() - begin, 3s);
  EXPECT_EQ(server.counters().reasons[static_cast<std::size_t>(CancelReason::shutdown)], 1);
}

TEST(Shutdown, TheDestructorCutsADrainShort) {
  std::optional<TestServer> server(std::in_place);
  Caller caller(*server, slow_request(8'000));
  ASSERT_TRUE(eventually([&] { return server->counters().started == 1; }));
  const auto begin = Clock::now();
  server->server().stop();
  server.reset();
  EXPECT_LT(Clock::now() - begin, 3s);
}

void interrupt_twice(Server& server, Counters& counters, std::uint16_t port) {
  std::thread caller([&] {
    const ProbeServiceClientSync client("http://127.0.0.1:" + std::to_string(port));
    const auto result = as_result([&] { return client.probe(slow_request(8'000)); });
    EXPECT_FALSE(result.has_value());
  });
  std::thread interrupter([&] {
    EXPECT_TRUE(eventually([&] { return counters.started == 1; }));
    ::kill(::getpid(), SIGTERM);
    std::this_thread::sleep_for(100ms);
    EXPECT_EQ(counters.ended, 0);
    ::kill(::getpid(), SIGINT);
  });
  const auto begin = Clock::now();
  server.run();
  EXPECT_LT(Clock::now() - begin, 4s);
  EXPECT_EQ(counters.cancelled, static_cast<int>(CancelReason::shutdown));
  interrupter.join();
  caller.join();
}

TEST(Shutdown, ASecondSignalCancelsAtOnce) {
  for (const bool users_loop : {false, true}) {
    boost::asio::io_context io(1);
    Counters counters;
    Probe probe(counters);
    std::optional<Server> server;
    if (users_loop) {
      server.emplace(io);
    } else {
      ServerOptions options;
      options.threads = 2;
      server.emplace(options);
    }
    server->add(probe);
    const std::uint16_t port = server->listen("127.0.0.1:0");
    interrupt_twice(*server, counters, port);
  }
}

TEST(Shutdown, AllPortsClose) {
  ServerOptions options;
  options.threads = 2;
  Counters counters;
  Probe probe(counters);
  Server server(options);
  server.add(probe);
  const std::uint16_t first = server.listen("127.0.0.1:0");
  const std::uint16_t second = server.listen("127.0.0.1:0");
  const std::string unix_address = "unix:@connectrpc-shutdown-" + std::to_string(::getpid());
  server.listen(unix_address);
  server.start();
  EXPECT_EQ((*ProbeServiceClientSync(unix_address).probe(ProbeRequest())).text(), "hello ");
  server.stop();
  server.wait();
  EXPECT_ANY_THROW(RawClient{first});
  EXPECT_ANY_THROW(RawClient{second});
  EXPECT_EQ(as_result([&] { return ProbeServiceClientSync(unix_address).probe(ProbeRequest()); }).error().code(),
            Code::unavailable);
}

// On the user's loop what stop() asked for may come after the server's end.
TEST(Shutdown, AStopThatIsNotDoneBeforeTheEnd) {
  boost::asio::io_context io(1);
  {
    Server server(io);
    server.listen("127.0.0.1:0");
    server.start();
    server.stop();
    server.stop_now();
  }
  io.run();
}

}  // namespace
}  // namespace connectrpc::probe_test
