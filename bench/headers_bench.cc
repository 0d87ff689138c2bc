// What metadata costs: building, looking up, binary values.
#include <benchmark/benchmark.h>

#include <boost/beast/http/fields.hpp>
#include <map>
#include <string>
#include <utility>

#ifdef CONNECTRPC_BENCH_GRPCPP
#include <absl/strings/escaping.h>
#include <grpcpp/client_context.h>
#endif

#include "base/base64.h"
#include "connectrpc/detail/headers_access.h"
#include "connectrpc/headers.h"

namespace connectrpc {
namespace {

// The five that everyone builds here, and the three that are looked up.
constexpr std::pair<const char*, const char*> five[] = {
    {"acme-tenant-id", "1234"},
    {"authorization", "Bearer abcdefghijklmnopqrstuvwxyz"},
    {"x-request-id", "7a1b2c3d4e5f"},
    {"user-agent", "bench/1.0"},
    {"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
};

void five_headers(benchmark::State& state) {
  for (auto _ : state) {
    Headers headers;
    for (const auto& [name, value] : five) headers.add(name, value);
    benchmark::DoNotOptimize(headers["authorization"]);
    benchmark::DoNotOptimize(headers["traceparent"]);
    benchmark::DoNotOptimize(headers["absent"]);
  }
}
BENCHMARK(five_headers);

void five_multimap(benchmark::State& state) {
  for (auto _ : state) {
    std::multimap<std::string, std::string, std::less<>> headers;
    for (const auto& [name, value] : five) headers.emplace(name, value);
    benchmark::DoNotOptimize(headers.find("authorization"));
    benchmark::DoNotOptimize(headers.find("traceparent"));
    benchmark::DoNotOptimize(headers.find("absent"));
  }
}
BENCHMARK(five_multimap);

void five_beast(benchmark::State& state) {
  for (auto _ : state) {
    boost::beast::http::fields headers;
    for (const auto& [name, value] : five) headers.insert(name, value);
    benchmark::DoNotOptimize(headers["authorization"]);
    benchmark::DoNotOptimize(headers["traceparent"]);
    benchmark::DoNotOptimize(headers["absent"]);
  }
}
BENCHMARK(five_beast);

#ifdef CONNECTRPC_BENCH_GRPCPP
// A client's context has nothing to look up in: what a server's context gives stands in for that, made of the same.
void five_grpcpp(benchmark::State& state) {
  for (auto _ : state) {
    grpc::ClientContext context;
    for (const auto& [name, value] : five) context.AddMetadata(name, value);
    benchmark::DoNotOptimize(context);
  }
}
BENCHMARK(five_grpcpp);

void look_up_grpcpp(benchmark::State& state) {
  std::multimap<grpc::string_ref, grpc::string_ref> headers;
  for (const auto& [name, value] : five) headers.emplace(name, value);
  for (auto _ : state) {
    benchmark::DoNotOptimize(headers.find("authorization"));
    benchmark::DoNotOptimize(headers.find("traceparent"));
    benchmark::DoNotOptimize(headers.find("absent"));
  }
}
BENCHMARK(look_up_grpcpp);
#endif

void look_up_five(benchmark::State& state) {
  Headers headers;
  for (const auto& [name, value] : five) headers.add(name, value);
  for (auto _ : state) {
    benchmark::DoNotOptimize(headers["authorization"]);
    benchmark::DoNotOptimize(headers["traceparent"]);
    benchmark::DoNotOptimize(headers["absent"]);
  }
}
BENCHMARK(look_up_five);

void look_up_five_beast(benchmark::State& state) {
  boost::beast::http::fields headers;
  for (const auto& [name, value] : five) headers.insert(name, value);
  for (auto _ : state) {
    benchmark::DoNotOptimize(headers["authorization"]);
    benchmark::DoNotOptimize(headers["traceparent"]);
    benchmark::DoNotOptimize(headers["absent"]);
  }
}
BENCHMARK(look_up_five_beast);

void build_headers(benchmark::State& state) {
  for (auto _ : state) {
    Headers headers;
    headers.add("acme-tenant-id", "1234");
    headers.add("authorization", "Bearer abcdefghijklmnopqrstuvwxyz");
    headers.add("x-request-id", "7a1b2c3d4e5f");
    headers.add("user-agent", "bench/1.0");
    headers.add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    benchmark::DoNotOptimize(headers);
  }
}
BENCHMARK(build_headers);

void build_multimap(benchmark::State& state) {
  for (auto _ : state) {
    std::multimap<std::string, std::string> headers;
    headers.emplace("acme-tenant-id", "1234");
    headers.emplace("authorization", "Bearer abcdefghijklmnopqrstuvwxyz");
    headers.emplace("x-request-id", "7a1b2c3d4e5f");
    headers.emplace("user-agent", "bench/1.0");
    headers.emplace("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    benchmark::DoNotOptimize(headers);
  }
}
BENCHMARK(build_multimap);

Headers ten_headers() {
  Headers headers;
  for (int i = 0; i < 10; ++i) headers.add("x-header-" + std::to_string(i), "value " + std::to_string(i));
  return headers;
}

void look_up_headers(benchmark::State& state) {
  const Headers headers = ten_headers();
  for (auto _ : state) {
    benchmark::DoNotOptimize(headers["x-header-0"]);
    benchmark::DoNotOptimize(headers["X-Header-9"]);
    benchmark::DoNotOptimize(headers["absent"]);
  }
}
BENCHMARK(look_up_headers);

void look_up_multimap(benchmark::State& state) {
  std::multimap<std::string, std::string, std::less<>> headers;
  const Headers same = ten_headers();
  for (const auto& [name, value] : same) headers.emplace(name, value);
  for (auto _ : state) {
    benchmark::DoNotOptimize(headers.find("x-header-0"));
    benchmark::DoNotOptimize(headers.find("x-header-9"));
    benchmark::DoNotOptimize(headers.find("absent"));
  }
}
BENCHMARK(look_up_multimap);

// What a request's head becomes for its handler.
void filter_headers(benchmark::State& state) {
  Headers raw = ten_headers();
  for (const auto* name : {"content-type", "grpc-timeout", "te", "grpc-accept-encoding", "accept-encoding"}) {
    detail::HeadersAccess::append(raw, name, "some value");
  }
  for (auto _ : state) benchmark::DoNotOptimize(detail::user_metadata(raw));
}
BENCHMARK(filter_headers);

void base64_encode(benchmark::State& state) {
  const std::string bytes(static_cast<std::size_t>(state.range(0)), '\x5a');
  for (auto _ : state) benchmark::DoNotOptimize(base::base64_encode_unpadded(bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(base64_encode)->Arg(64)->Arg(4096);

void base64_decode(benchmark::State& state) {
  const std::string text = base::base64_encode_unpadded(std::string(static_cast<std::size_t>(state.range(0)), '\x5a'));
  for (auto _ : state) {
    std::string bytes;
    benchmark::DoNotOptimize(base::base64_decode(text, bytes));
    benchmark::DoNotOptimize(bytes);
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(base64_decode)->Arg(64)->Arg(4096);

#ifdef CONNECTRPC_BENCH_GRPCPP
// What protobuf uses for its JSON is abseil's as well, in newer versions.
void base64_encode_absl(benchmark::State& state) {
  const std::string bytes(static_cast<std::size_t>(state.range(0)), '\x5a');
  for (auto _ : state) {
    std::string text;
    absl::Base64Escape(bytes, &text);
    benchmark::DoNotOptimize(text);
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(base64_encode_absl)->Arg(64)->Arg(4096);

void base64_decode_absl(benchmark::State& state) {
  const std::string text = base::base64_encode_unpadded(std::string(static_cast<std::size_t>(state.range(0)), '\x5a'));
  for (auto _ : state) {
    std::string bytes;
    benchmark::DoNotOptimize(absl::Base64Unescape(text, &bytes));
    benchmark::DoNotOptimize(bytes);
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(base64_decode_absl)->Arg(64)->Arg(4096);
#endif

}  // namespace
}  // namespace connectrpc
