// What HTTP/2 costs without sockets: both sessions in memory, one unary gRPC exchange or a stream of messages.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "connectrpc/detail/headers_access.h"
#include "http2/client_session.h"
#include "http2/server_session.h"
#include "io/output_testlib.h"

namespace connectrpc::http2 {
namespace {

constexpr std::size_t output_limit = 256 * 1024;

Headers fields(std::initializer_list<std::pair<const char*, const char*>> pairs) {
  Headers headers;
  for (const auto& [name, value] : pairs) detail::HeadersAccess::append(headers, name, value);
  return headers;
}

http::RequestHead request() {
  http::RequestHead head;
  head.target = "/bench.v1.EchoService/Echo";
  head.authority = "localhost:8080";
  head.headers = fields({{"te", "trailers"},
                         {"content-type", "application/grpc"},
                         {"user-agent", "connect-cpp/0.1"},
                         {"grpc-accept-encoding", "gzip"}});
  return head;
}

/// Answers as a gRPC server does.
class Echo final : public http::RequestHandler {
 public:
  void on_request(std::unique_ptr<http::ServerExchange> exchange) override {
    http::ResponseHead head;
    head.headers = fields({{"content-type", "application/grpc"}, {"grpc-accept-encoding", "gzip"}});
    exchange->send_head(std::move(head), false);
    exchange->send_body(exchange->take_body());
    exchange->finish(fields({{"grpc-status", "0"}}));
  }
};

/// Hands on what there is and leaves it in `bytes`.
void pass(io::Session& from, io::Session& to, std::string& bytes) {
  io::Output out;
  out.prepare();
  from.produce(out, output_limit);
  bytes = io::text_of(out);
  if (!bytes.empty()) to.receive(bytes);
}

struct Pair {
  Pair() {
    for (int i = 0; i < 3; ++i) turn();
  }
  void turn() {
    pass(*client, *server, up);
    pass(*server, *client, down);
  }

  Echo echo;
  std::unique_ptr<ServerSession> server = make_server_session(echo, {}, Peer::in_process(), "http");
  std::unique_ptr<ClientSession> client = make_client_session({}, Peer::in_process());
  std::string up;
  std::string down;
};

/// `range(0)` calls in each turn, as a busy connection has.
void unary(benchmark::State& state) {
  Pair pair;
  const auto calls_a_turn = static_cast<std::size_t>(state.range(0));
  const std::string body(static_cast<std::size_t>(state.range(1)), 'x');
  std::vector<std::unique_ptr<http::ClientExchange>> calls(calls_a_turn);
  for (auto _ : state) {
    for (auto& call : calls) {
      call = pair.client->start(request(), false);
      call->send_body(body);
      call->finish();
    }
    pair.turn();
    for (auto& call : calls) {
      if (!call->finished() || call->take_body().size() != body.size()) state.SkipWithError("no answer");
      call.reset();
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(unary)->Args({1, 100})->Args({32, 100})->Args({1, 16 * 1024});

/// The server's half alone: the client's bytes are recorded, and played again on ever new stream identifiers.
void unary_server(benchmark::State& state) {
  Pair pair;
  pair.up.clear();
  for (int i = 0; i < 2; ++i) {  // the second one uses the table that the first has filled
    auto call = pair.client->start(request(), false);
    call->send_body(std::string(100, 'x'));
    call->finish();
    pair.turn();
  }
  std::string played = pair.up;
  std::uint32_t id = 5;
  const auto patch = [&](std::size_t at) {
    for (int i = 0; i < 4; ++i) played[at + 5 + static_cast<std::size_t>(i)] = static_cast<char>(id >> (24 - 8 * i));
  };
  const auto length = [&](std::size_t at) {
    return static_cast<std::size_t>(static_cast<unsigned char>(played[at + 1])) << 8 |
           static_cast<unsigned char>(played[at + 2]);
  };
  const std::size_t second = 9 + length(0);
  io::Output down;
  for (auto _ : state) {
    patch(0);
    patch(second);
    id += 2;
    pair.server->receive(played);
    down.prepare();
    pair.server->produce(down, output_limit);
    const std::size_t answered = down.size();
    down.clear();
    if (answered < 100) state.SkipWithError("no answer");
    // The client's window is never opened again: a fresh connection in time.
    if (id % 8001 == 0) {
      state.PauseTiming();
      pair.client = make_client_session({}, Peer::in_process());
      pair.server = make_server_session(pair.echo, {}, Peer::in_process(), "http");
      for (int i = 0; i < 3; ++i) pair.turn();
      for (int i = 0; i < 2; ++i) {
        auto call = pair.client->start(request(), false);
        call->send_body(std::string(100, 'x'));
        call->finish();
        pair.turn();
      }
      id = 5;
      state.ResumeTiming();
    }
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(unary_server);

/// A server that streams messages of `range(0)` bytes, 64 a turn.
void server_stream(benchmark::State& state) {
  class Keep final : public http::RequestHandler {
   public:
    void on_request(std::unique_ptr<http::ServerExchange> request) override { exchange = std::move(request); }
    std::unique_ptr<http::ServerExchange> exchange;
  } keep;
  auto server = make_server_session(keep, {}, Peer::in_process(), "http");
  auto client = make_client_session({}, Peer::in_process());
  std::string bytes;
  const auto turn = [&] {
    pass(*client, *server, bytes);
    pass(*server, *client, bytes);
  };
  for (int i = 0; i < 3; ++i) turn();
  auto call = client->start(request(), true);
  turn();
  keep.exchange->send_head({}, false);
  constexpr int messages = 64;
  const std::string message(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    for (int i = 0; i < messages; ++i) keep.exchange->send_body(message);
    turn();
    if (call->take_body().size() != messages * message.size()) state.SkipWithError("bytes are missing");
  }
  state.SetItemsProcessed(state.iterations() * messages);
  state.SetBytesProcessed(state.iterations() * messages * state.range(0));
}
BENCHMARK(server_stream)->Arg(20)->Arg(2000);

}  // namespace
}  // namespace connectrpc::http2
