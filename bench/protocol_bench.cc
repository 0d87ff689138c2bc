// What the protocols cost without HTTP: one call between a client and a server, of messages that are bytes already.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "connectrpc/detail/headers_access.h"
#include "protocol/client_call.h"
#include "protocol/json_reader.h"
#include "protocol/server_call.h"

namespace connectrpc::protocol {
namespace {

constexpr MethodSpec unary{"/bench.v1.EchoService/Echo", StreamType::unary};
constexpr MethodSpec stream{"/bench.v1.EchoService/Chat", StreamType::bidi};

ClientTarget target() {
  ClientTarget made;
  made.scheme = "http";
  made.authority = "localhost:8080";
  return made;
}

std::string prefixed(std::size_t prefix, std::string_view message) {
  std::string bytes(prefix, '\0');
  bytes += message;
  return bytes;
}

http::RequestHead request(Protocol protocol, const MethodSpec& method, std::string& body, std::string_view message) {
  const ClientSettings settings;
  const auto client = make_client_call(protocol, Codec::proto, method, settings);
  ClientOutput out;
  client->open(target(), {}, std::nullopt, out);
  benchmark::DoNotOptimize(client->send_message(prefixed(client->message_prefix(), message), out));
  client->close_send(out);
  body = std::move(out.body);
  return *std::move(out.head);
}

// From a request's head and body to the answer, as a handler that echoes gives it.
void serve_unary(benchmark::State& state, Protocol protocol) {
  const ServerSettings settings;
  std::string body;
  const http::RequestHead head = request(protocol, unary, body, std::string(16, 'x'));
  for (auto _ : state) {
    auto accepted = accept(head, unary, settings);
    ServerCall& call = *std::get<0>(accepted);
    const ServerInput input = call.receive(body, true, std::nullopt);
    ServerOutput out;
    out.body = prefixed(call.message_prefix(), input.payload);
    benchmark::DoNotOptimize(call.receive(std::string_view(body).substr(input.consumed), true, std::nullopt));
    call.send_headers({}, out);
    benchmark::DoNotOptimize(call.send_message(out.body, 0));
    call.finish({}, out);
    benchmark::DoNotOptimize(out);
  }
}
BENCHMARK_CAPTURE(serve_unary, connect, Protocol::connect);
BENCHMARK_CAPTURE(serve_unary, grpc, Protocol::grpc);
BENCHMARK_CAPTURE(serve_unary, grpc_web, Protocol::grpc_web);

// From options and a message to the request, and from the answer to a message.
void call_unary(benchmark::State& state, Protocol protocol) {
  const ClientSettings settings;
  std::string body;
  const http::RequestHead head = request(protocol, unary, body, std::string(16, 'x'));
  ServerOutput answer;
  {
    const ServerSettings server_settings;
    auto accepted = accept(head, unary, server_settings);
    ServerCall& call = *std::get<0>(accepted);
    call.send_headers({}, answer);
    answer.body = prefixed(call.message_prefix(), "0123456789abcdef");
    benchmark::DoNotOptimize(call.send_message(answer.body, 0));
    call.finish({}, answer);
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(request(protocol, unary, body, "0123456789abcdef"));
    const auto client = make_client_call(protocol, Codec::proto, unary, settings);
    ClientArrived arrived;
    arrived.head = &*answer.head;
    arrived.body = answer.body;
    arrived.ended = true;
    arrived.trailers = &answer.trailers;
    const ClientInput input = client->receive(arrived);
    arrived.body.remove_prefix(input.consumed);
    const ClientInput end = client->receive(arrived);
    if (input.kind != ClientInput::Kind::message || end.error) state.SkipWithError("no message");
  }
}
BENCHMARK_CAPTURE(call_unary, connect, Protocol::connect);
BENCHMARK_CAPTURE(call_unary, grpc, Protocol::grpc);
BENCHMARK_CAPTURE(call_unary, grpc_web, Protocol::grpc_web);

// One message of a stream, from the body to the body.
void stream_message(benchmark::State& state, Protocol protocol) {
  const ServerSettings settings;
  const std::string message(static_cast<std::size_t>(state.range(0)), 'x');
  std::string body;
  const http::RequestHead head = request(protocol, stream, body, message);
  auto accepted = accept(head, stream, settings);
  ServerCall& call = *std::get<0>(accepted);
  ServerOutput head_out;
  call.send_headers({}, head_out);
  for (auto _ : state) {
    const ServerInput input = call.receive(body, false, std::nullopt);
    std::string out = prefixed(call.message_prefix(), input.payload);
    benchmark::DoNotOptimize(call.send_message(out, 0));
    benchmark::DoNotOptimize(out);
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK_CAPTURE(stream_message, connect, Protocol::connect)->Arg(16)->Arg(16 * 1024);
BENCHMARK_CAPTURE(stream_message, grpc, Protocol::grpc)->Arg(16)->Arg(16 * 1024);

void gzip(benchmark::State& state) {
  const Compression& compression = *CompressionRegistry::built_in().find("gzip");
  std::string text;
  for (unsigned i = 0; text.size() < 16 * 1024; ++i) text += "user " + std::to_string(i * i % 1009) + " said hello; ";
  std::string packed;
  compression.compress(text, packed);
  const bool unpack = state.range(0) != 0;
  for (auto _ : state) {
    std::string out;
    if (unpack) {
      benchmark::DoNotOptimize(compression.decompress(packed, text.size(), out));
    } else {
      compression.compress(text, out);
    }
    benchmark::DoNotOptimize(out);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(gzip)->ArgName("unpack")->Arg(0)->Arg(1);

void read_json(benchmark::State& state) {
  constexpr std::string_view json =
      R"({"error":{"code":"not_found","message":"no such user","details":[{"type":"a.B","value":"AQIDBA"}]}})";
  for (auto _ : state) {
    JsonReader reader(json);
    benchmark::DoNotOptimize(reader.skip());
  }
}
BENCHMARK(read_json);

}  // namespace
}  // namespace connectrpc::protocol
