// Where calls run: loops of the server, of the user, of another channel; many threads. Also run under ThreadSanitizer.
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "integration/harness.h"
#include "integration/protocol_name.h"

namespace connectrpc::probe_test {
namespace {

using namespace std::chrono_literals;
using ::probe::v1::ProbeServiceClient;
using ::probe::v1::ProbeServiceClientSync;

ProbeRequest request_with(const std::string& text) {
  ProbeRequest request;
  request.set_text(text);
  return request;
}

Task<> some_calls(const ProbeServiceClient& client, int count, std::atomic<int>& good) {
  for (int i = 0; i < count; ++i) {
    const ProbeRequest request = request_with(std::to_string(i));
    auto response = co_await client.probe(request, {{"x-i", std::to_string(i)}});
    if (response->text() == "hello " + std::to_string(i)) ++good;
  }
}

ServerOptions with_threads(int threads) {
  ServerOptions options;
  options.threads = threads;
  return options;
}

class Loops : public ::testing::TestWithParam<Protocol> {
 protected:
  static ChannelOptions options() {
    ChannelOptions options;
    options.protocol = GetParam();
    return options;
  }
};

TEST_P(Loops, OneClientOnFourLoopsOfAServer) {
  TestServer server(Style::coroutine, with_threads(4));
  const ProbeServiceClient client(server.url(), options());
  std::atomic<int> good{0};
  std::atomic<int> ended{0};
  for (std::size_t i = 0; i < server.server().loops(); ++i) {
    for (int k = 0; k < 4; ++k) {
      boost::asio::co_spawn(server.server().loop(i), some_calls(client, 25, good),
                            [&](std::exception_ptr error) { ended += error ? 1000 : 1; });
    }
  }
  EXPECT_TRUE(eventually([&] { return ended >= 16; }));
  EXPECT_EQ(ended, 16);
  EXPECT_EQ(good, 400);
}

TEST_P(Loops, OneBlockingClientOnEightThreads) {
  for (const Style style : {Style::coroutine, Style::blocking}) {
    TestServer server(style, with_threads(2));
    const ProbeServiceClientSync client(server.url(), options());
    std::atomic<int> good{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 25; ++i) {
          const auto response = client.probe(request_with(std::to_string(i)), {{"x-i", "y"}});
          if (response->text() == "hello " + std::to_string(i)) ++good;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(good, 200);
  }
}

// A channel bound to one loop, used by a coroutine of another.
TEST_P(Loops, AChannelOfAnotherLoop) {
  TestServer server;
  boost::asio::io_context connections(1);
  const auto guard = boost::asio::make_work_guard(connections);
  std::thread runner([&] { connections.run(); });
  {
    const ProbeServiceClient client(Channel::make(connections, server.url(), options()));
    std::atomic<int> good{0};
    run(some_calls(client, 50, good));
    EXPECT_EQ(good, 50);
    // Given up on this loop while it runs on that one.
    ProbeRequest slow = request_with("slow");
    slow.set_delay_ms(5'000);
    boost::asio::io_context io(1);
    boost::asio::co_spawn(io, as_result(client.probe(slow)),
                          [](std::exception_ptr, Result<Response<ProbeResponse>>) {});
    io.run_for(100ms);
  }
  EXPECT_TRUE(eventually([&] { return server.counters().ended == 51; }));
  connections.stop();
  runner.join();
}

// Everything on one loop of the user's: the server, the client, the coroutine.
TEST_P(Loops, ServerAndClientOnTheUsersLoop) {
  boost::asio::io_context io(1);
  Counters counters;
  Probe probe(counters);
  Server server(io);
  server.add(probe);
  const auto port = server.listen("127.0.0.1:0");
  server.start();
  const ProbeServiceClient client(io, "http://127.0.0.1:" + std::to_string(port), options());
  std::atomic<int> good{0};
  run_on(io, some_calls(client, 50, good));
  EXPECT_EQ(good, 50);
}

Task<> call_and_stop(Server& server, const ProbeServiceClient& client, bool& ok) {
  const ProbeRequest request = request_with("one");
  auto response = co_await client.probe(request);
  ok = response->text() == "hello one";
  server.stop();
}

TEST_P(Loops, RunReturnsWhenStopped) {
  boost::asio::io_context io(1);
  Counters counters;
  Probe probe(counters);
  Server server(io);
  server.add(probe);
  const auto port = server.listen("127.0.0.1:0");
  bool ok = false;
  {
    const ProbeServiceClient client("http://127.0.0.1:" + std::to_string(port), options());
    boost::asio::co_spawn(io, call_and_stop(server, client, ok), boost::asio::detached);
    server.run();
  }
  EXPECT_TRUE(ok);
}

// A handler that calls another server on its own loop: the microservice pattern.
class Front final : public ::probe::v1::ProbeServiceHandler {
 public:
  explicit Front(std::string url, ChannelOptions options) : back_(url, std::move(options)) {}
  Task<ProbeResponse> probe(const ProbeRequest& request, Context&) override {
    auto response = co_await back_.probe(request);
    co_return *std::move(response);
  }

 private:
  ProbeServiceClient back_;
};

TEST_P(Loops, AHandlerCallsOn) {
  TestServer back(Style::coroutine, with_threads(2));
  Front front(back.url(), options());
  Server server(with_threads(2));
  server.add(front);
  const auto port = server.listen("127.0.0.1:0");
  server.start();
  const ProbeServiceClientSync client("http://127.0.0.1:" + std::to_string(port), options());
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 25; ++i) {
        const auto response = client.probe(request_with(std::to_string(i)));
        if (response->text() == "hello " + std::to_string(i)) ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 100);
}

TEST(Connections, GoToTheLoopWithTheFewest) {
  TestServer server(Style::coroutine, with_threads(4));
  std::vector<ChannelPtr> channels;
  for (int i = 0; i < 8; ++i) {
    channels.push_back(Channel::make(server.url()));
    ProbeServiceClientSync(channels.back()).probe(ProbeRequest());
  }
  EXPECT_EQ(server.server().connections(), 8u);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(server.server().connections(i), 2u) << i;
  channels.clear();
  EXPECT_TRUE(eventually([&] { return server.server().connections() == 0; }));
}

TEST(Server, SharesAPortAmongLoopsByReusePort) {
  ServerOptions options = with_threads(2);
  options.reuse_port = true;
  TestServer server(Style::coroutine, std::move(options));
  for (int i = 0; i < 8; ++i) {
    const ProbeServiceClientSync client(server.url());
    const auto response = client.probe(request_with("x"));
    EXPECT_EQ(response->text(), "hello x");
  }
}

TEST(Server, StopsWithCallsUnderWay) {
  for (const Style style : {Style::coroutine, Style::blocking}) {
    ServerOptions options;
    options.drain_timeout = 50ms;
    TestServer server(style, std::move(options));
    const ProbeServiceClientSync client(server.url());
    std::optional<Code> code;
    std::thread caller([&] {
      ProbeRequest slow;
      slow.set_delay_ms(20'000);
      const auto result = as_result([&] { return client.probe(slow); });
      if (!result) code = result.error().code();
    });
    ASSERT_TRUE(eventually([&] { return server.counters().started == 1; }));
    const auto begin = std::chrono::steady_clock::now();
    server.server().stop();
    server.server().wait();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
    caller.join();
    EXPECT_EQ(code, Code::unavailable);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Loops, ::testing::Values(Protocol::connect, Protocol::grpc, Protocol::grpc_web),
                         [](const auto& tested) { return protocol_name(tested.param); });

}  // namespace
}  // namespace connectrpc::probe_test
