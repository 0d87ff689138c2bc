// A thousand calls over a network with delays, cuts and a slow reader: quick, and the same for the same seed.
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <string>
#include <vector>

#include "connectrpc/client.h"
#include "connectrpc/testing/in_memory_server.h"
#include "greet/v1/greet.connect.h"
#include "integration/greet_caller.h"

namespace connectrpc {
namespace {

class Echo : public greet::v1::GreetServiceHandler {
  using Request = greet::v1::GreetRequest;
  using Response = greet::v1::GreetResponse;

  Task<Response> greet(const Request& request, Context&) override {
    Response response;
    response.set_greeting(request.name());
    co_return response;
  }
  Task<> greet_many(const Request& request, StreamWriter<Response>& responses, Context&) override {
    Response response;
    response.set_greeting(request.name());
    for (int i = 0; i < 5; ++i) co_await responses.send(response);
  }
  Task<Response> greet_all(StreamReader<Request>& requests, Context&) override {
    Response response;
    while (const auto request = co_await requests.receive()) response.set_greeting(request->name());
    co_return response;
  }
  Task<> converse(StreamReader<Request>& requests, StreamWriter<Response>& responses, Context&) override {
    Response response;
    while (const auto request = co_await requests.receive()) {
      response.set_greeting(request->name());
      co_await responses.send(response);
    }
  }
};

struct Trial {
  std::vector<std::string> outcomes;
  testing::NetworkReport network;
  int failed = 0;
};

Task<> call_often(ChannelPtr channel, int calls, int number, Trial& run) {
  for (int i = 0; i < calls; ++i) {
    const auto kind = static_cast<StreamType>((i + number) % 4);
    const std::string name(static_cast<std::size_t>((i * 997 + number * 131) % 20'000), 'x');
    const auto outcome = co_await greet_test::call_await(channel, kind, name, CallOptions());
    run.failed += outcome.error ? 1 : 0;
    run.outcomes.push_back(std::to_string(number) + "." + std::to_string(i) + " " +
                           (outcome.error
                                ? std::string(to_string(outcome.error->code())) + " " + outcome.error->message()
                                : std::to_string(outcome.greetings.size())));
  }
}

Trial run_with(std::uint64_t seed) {
  testing::NetworkOptions network;
  network.seed = seed;
  network.delay = std::chrono::milliseconds(20);
  network.jitter = std::chrono::milliseconds(30);
  network.bytes_per_second = 200'000;
  network.cuts_per_million = 4000;
  boost::asio::io_context io(1);
  Trial run;
  {
    Echo echo;
    testing::InMemoryServer server(io, {}, network);
    server.add(echo);
    std::vector<ChannelPtr> channels;
    for (const Protocol protocol : {Protocol::connect, Protocol::grpc, Protocol::grpc_web}) {
      ChannelOptions options;
      options.protocol = protocol;
      options.http_version = protocol == Protocol::grpc_web ? HttpVersion::http1_1 : HttpVersion::http2;
      channels.push_back(server.channel(std::move(options)));
    }
    int open = 0;
    for (int i = 0; i < 20; ++i) {
      ++open;
      boost::asio::co_spawn(io, call_often(channels[static_cast<std::size_t>(i % 3)], 50, i, run),
                            [&](std::exception_ptr error) {
                              if (error) std::rethrow_exception(error);
                              if (--open == 0) io.stop();
                            });
    }
    io.run_for(std::chrono::seconds(30));
    EXPECT_EQ(open, 0);
    run.network = server.network();
  }
  return run;
}

TEST(VirtualNetwork, AThousandCallsAreTheSameForTheSameSeed) {
  const auto start = std::chrono::steady_clock::now();
  const Trial first = run_with(7);
  const auto took = std::chrono::steady_clock::now() - start;
  ASSERT_EQ(first.outcomes.size(), 1000u);
  EXPECT_GT(first.network.cuts, 5u);
  EXPECT_GT(first.failed, 0);
  EXPECT_LT(first.failed, 500);
  // Virtual time is long, real time short; sanitizers and busy machines get some more.
  EXPECT_GT(first.network.now, std::chrono::seconds(5));
  EXPECT_LT(took, std::chrono::seconds(10));
  std::printf("%zu calls, %d failed, %llu cuts, %lld ms virtual, %lld ms real\n", first.outcomes.size(), first.failed,
              static_cast<unsigned long long>(first.network.cuts),
              static_cast<long long>(first.network.now / std::chrono::milliseconds(1)),
              static_cast<long long>(took / std::chrono::milliseconds(1)));

  const Trial again = run_with(7);
  EXPECT_EQ(again.outcomes, first.outcomes);
  EXPECT_EQ(again.network.now, first.network.now);
  EXPECT_EQ(again.network.deliveries, first.network.deliveries);

  const Trial other = run_with(8);
  EXPECT_NE(other.outcomes, first.outcomes);
}

}  // namespace
}  // namespace connectrpc
