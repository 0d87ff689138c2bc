// bench_budget SCENARIO CALLS: makes calls in memory – client, protocol, HTTP, server and handler on one loop, no
// sockets – so that callgrind can count what one costs (budget.py). Without arguments it lists the scenarios.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <exception>
#include <iostream>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "bench/additions.h"
#include "bench/echo_service.h"
#include "connectrpc/testing/in_memory_server.h"

namespace {

using bench::v1::EchoServiceClient;
using connectrpc::CallOptions;
using connectrpc::Task;

constexpr int in_flight = 8;
constexpr int stream_messages = 1000;
constexpr int message_size = 100;
constexpr int headers_each_way = 10;

/// What the calls of a scenario are.
enum class Kind : std::uint8_t { unary, server_stream, client_stream, chat };

/// An interceptor that does nothing.
enum class Around : std::uint8_t { none, nothing, coroutine };

struct Scenario {
  std::string_view name;
  connectrpc::Protocol protocol;
  connectrpc::HttpVersion http_version;
  connectrpc::Codec codec = connectrpc::Codec::proto;
  bool headers = false;
  Kind kind = Kind::unary;
  Around server = Around::none;
  Around client = Around::none;
};

connectrpc::InterceptorList interceptors(Around around) {
  switch (around) {
    case Around::none: break;
    case Around::nothing: return {std::make_shared<bench::Nothing>()};
    case Around::coroutine: return {std::make_shared<bench::NothingAround>()};
  }
  return {};
}

constexpr auto http1 = connectrpc::HttpVersion::http1_1;
constexpr auto http2 = connectrpc::HttpVersion::http2;
constexpr auto proto = connectrpc::Codec::proto;
constexpr auto json = connectrpc::Codec::json;
constexpr auto grpc = connectrpc::Protocol::grpc;
constexpr auto connect = connectrpc::Protocol::connect;

// A call of each has a deadline.
constexpr Scenario scenarios[] = {
    {"grpc_unary", grpc, http2},
    {"grpc_unary_20_headers", grpc, http2, proto, true},
    {"grpc_unary_server_interceptor", grpc, http2, proto, false, Kind::unary, Around::nothing},
    {"grpc_unary_client_interceptor", grpc, http2, proto, false, Kind::unary, Around::none, Around::nothing},
    {"grpc_unary_server_coroutine", grpc, http2, proto, false, Kind::unary, Around::coroutine},
    {"grpc_unary_client_coroutine", grpc, http2, proto, false, Kind::unary, Around::none, Around::coroutine},
    {"grpc_server_stream", grpc, http2, proto, false, Kind::server_stream},
    {"grpc_client_stream", grpc, http2, proto, false, Kind::client_stream},
    {"grpc_chat", grpc, http2, proto, false, Kind::chat},
    {"grpc_web_unary_http1", connectrpc::Protocol::grpc_web, http1},
    {"connect_unary_http1", connect, http1},
    {"connect_unary_http1_20_headers", connect, http1, proto, true},
    {"connect_unary_http2", connect, http2},
    {"connect_json_http1", connect, http1, json},
    {"connect_json_http2", connect, http2, json},
};

Task<> make_calls(const EchoServiceClient& client, const Scenario& scenario, const CallOptions& options, int& left) {
  bench::v1::EchoRequest request;
  request.set_text("hello, world!");
  while (left-- > 0) {
    const auto response = co_await client.echo(request, options);
    if (response->text() != request.text()) throw std::runtime_error("a wrong answer");
    if (response.headers().get("x-response-9").has_value() != scenario.headers)
      throw std::runtime_error("wrong headers");
  }
}

Task<> make_server_streams(const EchoServiceClient& client, const CallOptions& options, int& left) {
  bench::v1::StreamRequest request;
  request.set_count(stream_messages);
  request.set_size(message_size);
  while (left-- > 0) {
    auto call = client.stream(request, options);
    int received = 0;
    while (const auto message = co_await call.receive()) received += message->payload().size() == message_size ? 1 : 0;
    if (received != stream_messages) throw std::runtime_error("a wrong number of messages");
  }
}

bench::v1::EchoRequest stream_message() {
  bench::v1::EchoRequest message;
  message.set_payload(std::string(message_size, 'x'));
  return message;
}

Task<> make_client_streams(const EchoServiceClient& client, const CallOptions& options, int& left) {
  const bench::v1::EchoRequest message = stream_message();
  while (left-- > 0) {
    auto call = client.upload(options);
    for (int i = 0; i < stream_messages; ++i) co_await call.send(message);
    const auto response = co_await call.finish();
    if (response->count() != stream_messages) throw std::runtime_error("a wrong number of messages");
  }
}

Task<> make_chats(const EchoServiceClient& client, const CallOptions& options, int& left) {
  const bench::v1::EchoRequest message = stream_message();
  while (left-- > 0) {
    auto call = client.chat(options);
    for (int i = 0; i < stream_messages; ++i) {
      co_await call.send(message);
      const auto answer = co_await call.receive();
      if (!answer || answer->payload().size() != message_size) throw std::runtime_error("a wrong answer");
    }
    co_await call.close_send();
    const auto more = co_await call.receive();
    if (more) throw std::runtime_error("one answer too many");
  }
}

Task<> make(const EchoServiceClient& client, const Scenario& scenario, const CallOptions& options, int& left) {
  switch (scenario.kind) {
    case Kind::server_stream: return make_server_streams(client, options, left);
    case Kind::client_stream: return make_client_streams(client, options, left);
    case Kind::chat: return make_chats(client, options, left);
    case Kind::unary: break;
  }
  return make_calls(client, scenario, options, left);
}

void run(const Scenario& scenario, int calls) {
  boost::asio::io_context io(1);
  bench::EchoService echo;
  bench::HeaderedEcho headered(headers_each_way);
  connectrpc::testing::InMemoryServer server(io);
  if (scenario.headers) {
    server.add(headered);
  } else {
    server.add(echo);
  }
  connectrpc::ChannelOptions channel_options;
  for (const auto& interceptor : interceptors(scenario.server)) server.intercept(interceptor);
  channel_options.interceptors = interceptors(scenario.client);
  channel_options.protocol = scenario.protocol;
  channel_options.http_version = scenario.http_version;
  channel_options.codec = scenario.codec;
  channel_options.timeout = std::chrono::hours(1);
  const EchoServiceClient client(server.channel(channel_options));
  CallOptions options;
  if (scenario.headers) {
    for (const auto& [name, value] : bench::request_pairs(headers_each_way)) options.header(name, value);
  }
  int left = calls;
  int running = in_flight;
  std::exception_ptr failed;
  for (int i = 0; i < in_flight; ++i) {
    boost::asio::co_spawn(io, make(client, scenario, options, left), [&](std::exception_ptr error) {
      if (error) failed = error;
      if (--running == 0) io.stop();
    });
  }
  io.run();
  if (failed) std::rethrow_exception(failed);
}

int main_of(std::span<char*> words) {
  if (words.size() == 1) {
    for (const Scenario& scenario : scenarios) std::cout << scenario.name << "\n";
    return 0;
  }
  if (words.size() != 3) throw std::invalid_argument("usage: bench_budget [SCENARIO CALLS]");
  for (const Scenario& scenario : scenarios) {
    if (scenario.name != words[1]) continue;
    run(scenario, std::stoi(words[2]));
    return 0;
  }
  throw std::invalid_argument("no scenario \"" + std::string(words[1]) + "\"; without arguments they are listed");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return main_of(std::span(argv, static_cast<std::size_t>(argc)));
  } catch (const std::exception& error) {
    std::cerr << "bench_budget: " << error.what() << "\n";
    return 1;
  }
}
