// Streams in memory: client, protocol, HTTP, server and handler on one loop, no sockets. Items are messages.
#include <benchmark/benchmark.h>
#include <google/protobuf/wrappers.pb.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <span>
#include <stdexcept>
#include <string>

#include "connectrpc/client.h"
#include "connectrpc/detail/request_message.h"
#include "connectrpc/testing/in_memory_server.h"

namespace connectrpc {
namespace {

using google::protobuf::StringValue;

constexpr int messages = 1000;
constexpr MethodSpec many_method{"/bench.Streams/Many", StreamType::server, Idempotency::unknown, 0, nullptr};
constexpr MethodSpec all_method{"/bench.Streams/All", StreamType::client, Idempotency::unknown, 1, nullptr};
constexpr MethodSpec talk_method{"/bench.Streams/Talk", StreamType::bidi, Idempotency::unknown, 2, nullptr};

class Streams final : public Service {
 public:
  std::string_view service_name() const noexcept override { return "bench.Streams"; }
  std::span<const MethodSpec* const> methods() const noexcept override {
    static constexpr std::array<const MethodSpec*, 3> all = {&many_method, &all_method, &talk_method};
    return all;
  }
  Task<> call(const MethodSpec& method, detail::ServerCall& call) override {
    StringValue message;
    switch (method.stream_type) {
      case StreamType::server: {
        detail::RequestMessage<StringValue> request;
        co_await call.receive(request);
        for (int i = 0; i < messages; ++i) co_await call.send(*request);
        break;
      }
      case StreamType::client:
        for (bool more = true; more;) more = co_await call.receive_next(message);
        call.respond(message);
        break;
      default:
        for (bool more = co_await call.receive_next(message); more; more = co_await call.receive_next(message)) {
          co_await call.send(message);
        }
    }
  }
};

Task<> run_stream(ChannelPtr channel, const MethodSpec& method) {
  Call call = channel->open(method, CallOptions());
  StringValue message;
  message.set_value("hello, world");
  if (method.stream_type == StreamType::bidi) {
    for (int i = 0; i < messages; ++i) {
      co_await call.send(message);
      if (!co_await call.receive(message)) throw std::runtime_error("too few messages");
    }
    co_await call.close_send();
  } else {
    const int requests = method.stream_type == StreamType::server ? 1 : messages;
    for (int i = 0; i < requests; ++i) co_await call.send(message);
    co_await call.close_send();
  }
  int received = 0;
  for (bool more = true; more;) {
    more = co_await call.receive(message);
    received += more ? 1 : 0;
  }
  const int expected = method.stream_type == StreamType::server ? messages : method.stream_type == StreamType::client;
  if (received != expected) throw std::runtime_error("a wrong number of messages");
}

void stream_in_memory(benchmark::State& state, Protocol protocol, const MethodSpec& method) {
  const auto streams = static_cast<int>(state.range(0));
  boost::asio::io_context io(1);
  Streams service;
  testing::InMemoryServer server(io);
  server.add(service);
  ChannelOptions options;
  options.protocol = protocol;
  options.http_version = HttpVersion::http2;
  const ChannelPtr channel = server.channel(options);
  for (auto _ : state) {
    int running = streams;
    std::exception_ptr failed;
    for (int i = 0; i < streams; ++i) {
      boost::asio::co_spawn(io, run_stream(channel, method), [&](std::exception_ptr error) {
        if (error) failed = error;
        if (--running == 0) io.stop();
      });
    }
    io.restart();
    io.run();
    if (failed) std::rethrow_exception(failed);
  }
  state.SetItemsProcessed(state.iterations() * streams * messages);
}
BENCHMARK_CAPTURE(stream_in_memory, grpc_server, Protocol::grpc, many_method)->Arg(1)->Arg(8);
BENCHMARK_CAPTURE(stream_in_memory, grpc_client, Protocol::grpc, all_method)->Arg(1)->Arg(8);
BENCHMARK_CAPTURE(stream_in_memory, grpc_ping_pong, Protocol::grpc, talk_method)->Arg(1)->Arg(64);
BENCHMARK_CAPTURE(stream_in_memory, connect_server, Protocol::connect, many_method)->Arg(8);

}  // namespace
}  // namespace connectrpc
