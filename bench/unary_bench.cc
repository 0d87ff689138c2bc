// A unary round trip in memory: client, protocol, HTTP, server and handler on one loop, no sockets.
#include <benchmark/benchmark.h>
#include <google/protobuf/wrappers.pb.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <stdexcept>
#include <string>

#include "bench/nothing.h"
#include "connectrpc/client.h"
#include "connectrpc/detail/request_message.h"
#include "connectrpc/testing/in_memory_server.h"

namespace connectrpc {
namespace {

using google::protobuf::StringValue;

constexpr MethodSpec echo_method{
    "/bench.Echo/Echo", StreamType::unary, Idempotency::unknown, 0, nullptr,
};

class Echo final : public Service {
 public:
  std::string_view service_name() const noexcept override { return "bench.Echo"; }
  std::span<const MethodSpec* const> methods() const noexcept override {
    static constexpr const MethodSpec* all[] = {&echo_method};
    return all;
  }
  Task<> call(const MethodSpec&, detail::ServerCall& call) override {
    detail::RequestMessage<StringValue> message;
    co_await call.receive(message);
    for (int i = 0; i < headers_; ++i) call.context().response_headers().add(name_of(i), "some other value");
    call.respond(*message);
  }
  /// How many headers answers have.
  void answer_with(int headers) { headers_ = headers; }
  static std::string_view name_of(int i) {
    constexpr std::string_view names[] = {"x-answer-0", "x-answer-1", "x-answer-2", "x-answer-3", "x-answer-4",
                                          "x-answer-5", "x-answer-6", "x-answer-7", "x-answer-8", "x-answer-9"};
    return names[i % 10];
  }

 private:
  int headers_ = 0;
};

// `in_flight` coroutines call until `left` is used up.
Task<> keep_calling(const ChannelPtr& channel, const StringValue& request, const CallOptions& options,
                    std::int64_t& left) {
  while (left-- > 0) {
    auto response = co_await detail::unary<StringValue>(channel, echo_method, request, options);
    if (response->value().size() != request.value().size()) throw std::runtime_error("a wrong answer");
  }
}

void unary_in_memory(benchmark::State& state, Protocol protocol, HttpVersion version, Codec codec, int headers,
                     int server_interceptors = 0, int client_interceptors = 0, int answered_headers = 0) {
  const auto in_flight = static_cast<int>(state.range(0));
  boost::asio::io_context io(1);
  Echo echo;
  echo.answer_with(answered_headers);
  testing::InMemoryServer server(io);
  server.add(echo);
  for (int i = 0; i < server_interceptors; ++i) server.intercept(std::make_shared<bench::Nothing>());
  ChannelOptions channel_options;
  channel_options.protocol = protocol;
  channel_options.http_version = version;
  channel_options.codec = codec;
  for (int i = 0; i < client_interceptors; ++i)
    channel_options.interceptors.push_back(std::make_shared<bench::Nothing>());
  const ChannelPtr channel = server.channel(channel_options);
  StringValue request;
  request.set_value("hello, world");
  CallOptions options;
  for (int i = 0; i < headers; ++i) options.header("x-header-" + std::to_string(i), "some value " + std::to_string(i));
  const auto run = [&](std::int64_t calls) {
    std::int64_t left = calls;
    int running = in_flight;
    std::exception_ptr failed;
    for (int i = 0; i < in_flight; ++i) {
      boost::asio::co_spawn(io, keep_calling(channel, request, options, left), [&](std::exception_ptr error) {
        if (error) failed = error;
        if (--running == 0) io.stop();
      });
    }
    io.restart();
    io.run();
    if (failed) std::rethrow_exception(failed);
  };
  run(100);
  constexpr std::int64_t batch = 1000;
  for (auto _ : state) run(batch);
  state.SetItemsProcessed(state.iterations() * batch);
}
BENCHMARK_CAPTURE(unary_in_memory, grpc, Protocol::grpc, HttpVersion::http2, Codec::proto, 0)->Arg(1)->Arg(32);
BENCHMARK_CAPTURE(unary_in_memory, grpc_server_interceptor, Protocol::grpc, HttpVersion::http2, Codec::proto, 0, 1, 0)
    ->Arg(32);
BENCHMARK_CAPTURE(unary_in_memory, grpc_client_interceptor, Protocol::grpc, HttpVersion::http2, Codec::proto, 0, 0, 1)
    ->Arg(32);
BENCHMARK_CAPTURE(unary_in_memory, grpc_10_headers, Protocol::grpc, HttpVersion::http2, Codec::proto, 10)->Arg(32);
// Beside the call without any: what ten headers each way cost.
BENCHMARK_CAPTURE(unary_in_memory, grpc_10_and_10_headers, Protocol::grpc, HttpVersion::http2, Codec::proto, 10, 0, 0,
                  10)
    ->Arg(32);
BENCHMARK_CAPTURE(unary_in_memory, connect_http2_10_and_10_headers, Protocol::connect, HttpVersion::http2, Codec::proto,
                  10, 0, 0, 10)
    ->Arg(32);
BENCHMARK_CAPTURE(unary_in_memory, connect_http1_10_and_10_headers, Protocol::connect, HttpVersion::http1_1,
                  Codec::proto, 10, 0, 0, 10)
    ->Arg(32);
BENCHMARK_CAPTURE(unary_in_memory, grpc_web, Protocol::grpc_web, HttpVersion::http2, Codec::proto, 0)->Arg(32);
BENCHMARK_CAPTURE(unary_in_memory, connect_http2, Protocol::connect, HttpVersion::http2, Codec::proto, 0)
    ->Arg(1)
    ->Arg(32);
BENCHMARK_CAPTURE(unary_in_memory, connect_http1, Protocol::connect, HttpVersion::http1_1, Codec::proto, 0)
    ->Arg(1)
    ->Arg(32);
BENCHMARK_CAPTURE(unary_in_memory, connect_http2_json, Protocol::connect, HttpVersion::http2, Codec::json, 0)->Arg(32);

}  // namespace
}  // namespace connectrpc
