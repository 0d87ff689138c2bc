// Client and server joined by strings.
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "http1/client_session.h"
#include "http1/server_session.h"
#include "http1/test_support.h"

namespace connectrpc::http1 {
namespace {

using http::ResetReason;
using testing::head_of;
using testing::Keeper;
using testing::Listener;
using testing::print;

// Moves bytes both ways in pieces of at most `most_` until nothing moves; what a side does not want to read waits.
class Wire {
 public:
  Wire(io::Session& client, io::Session& server, std::size_t most) : client_(client), server_(server), most_(most) {}

  void run() {
    bool moved = true;
    while (moved) {
      moved = move(client_, server_, up_);
      moved = move(server_, client_, down_) || moved;
    }
  }

 private:
  bool move(io::Session& from, io::Session& to, std::string& wire) {
    bool moved = false;
    if (wire.size() < 4096) {
      io::Output out;
      from.produce(out, 4096);
      moved = !out.empty();
      wire += io::text_of(out);
    }
    if (!wire.empty() && to.wants_read()) {
      const std::size_t size = std::uniform_int_distribution<std::size_t>(1, most_)(random_);
      const std::string piece = wire.substr(0, size);
      wire.erase(0, piece.size());
      to.receive(piece);
      moved = true;
    }
    return moved;
  }

  io::Session& client_;
  io::Session& server_;
  const std::size_t most_;
  std::minstd_rand random_{7};
  std::string up_;
  std::string down_;
};

class SessionsTest : public ::testing::TestWithParam<std::size_t> {
 protected:
  SessionsTest() {
    handler.when_request = [this](Keeper::Kept& kept) {
      auto* const exchange = kept.exchange.get();
      kept.listener->when_inbound = [this, exchange] { echo(*exchange); };
      echo(*exchange);
    };
  }
  // Sends back head, body as it comes, and trailers.
  void echo(http::ServerExchange& exchange) {
    if (exchange.reset()) return;
    if (!exchange.head_sent()) exchange.send_head(head_of(200, exchange.request().headers), false);
    if (!hold) exchange.send_body(exchange.take_body());
    if (exchange.inbound_ended() && !hold) exchange.finish(exchange.trailers());
  }
  std::unique_ptr<http::ClientExchange> start(std::string method, Headers headers, bool ends) {
    http::RequestHead head;
    head.method = std::move(method);
    head.target = "/echo";
    head.authority = "h";
    head.headers = std::move(headers);
    return client->start(std::move(head), ends);
  }

  static http::SessionLimits small_window() {
    http::SessionLimits limits;
    limits.stream_window = 4 * 1024;
    return limits;
  }

  const http::SessionLimits limits = small_window();
  Keeper handler;
  bool hold = false;
  std::unique_ptr<ServerSession> server = make_server_session(handler, limits, Peer(), "http");
  std::unique_ptr<ClientSession> client = make_client_session(limits, Peer());
  Wire wire{*client, *server, GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Pieces, SessionsTest, ::testing::Values(1, 7, 1000, 100000));

TEST_P(SessionsTest, ManyCallsOnOneConnection) {
  for (int i = 0; i < 20; ++i) {
    SCOPED_TRACE(i);
    const std::string body(static_cast<std::size_t>(i * i * 11), static_cast<char>('a' + i));
    const Headers headers{{"n", std::to_string(i)}, {"a", "x"}, {"n", ""}};
    const auto exchange = start("POST", headers, false);
    if (i % 3 == 0) wire.run();
    exchange->send_body(body);
    if (i % 2 == 0) {
      exchange->finish();
    } else {
      exchange->finish({{"t", "u"}, {"t", "v"}});
    }
    wire.run();
    ASSERT_TRUE(exchange->finished());
    EXPECT_FALSE(exchange->reset());
    EXPECT_EQ(exchange->response().status, 200);
    EXPECT_TRUE(print(exchange->response().headers).starts_with(print(headers)));
    EXPECT_EQ(exchange->body(), body);
    EXPECT_EQ(print(exchange->trailers()), i % 2 == 0 ? "" : "t=u t=v ");
    EXPECT_EQ(client->capacity(), 1U);
  }
  EXPECT_EQ(handler.size(), 20U);
}

TEST_P(SessionsTest, GetAndHead) {
  auto exchange = start("GET", {}, true);
  wire.run();
  EXPECT_TRUE(exchange->finished());
  exchange = start("HEAD", {}, true);
  wire.run();
  EXPECT_TRUE(exchange->finished());
  EXPECT_EQ(handler[1].request().method, "HEAD");
  exchange = start("GET", {}, true);
  wire.run();
  EXPECT_TRUE(exchange->finished());
  EXPECT_EQ(client->capacity(), 1U);
}

TEST_P(SessionsTest, NothingPilesUpWhileTheHandlerDoesNotRead) {
  hold = true;
  const auto exchange = start("POST", {}, false);
  for (int i = 0; i < 16; ++i) exchange->send_body(std::string(2048, 'x'));
  exchange->finish();
  wire.run();
  EXPECT_FALSE(server->wants_read());
  EXPECT_LE(handler[0].body().size(), limits.stream_window + GetParam());
  EXPECT_GT(exchange->unsent(), 0U);
  hold = false;
  echo(handler[0]);
  wire.run();
  // Now the client does not read.
  EXPECT_FALSE(client->wants_read());
  EXPECT_LE(exchange->body().size(), limits.stream_window + GetParam());
  std::size_t total = 0;
  while (!exchange->finished() || !exchange->body().empty()) {
    total += exchange->take_body().size();
    wire.run();
  }
  EXPECT_EQ(total, 16U * 2048U);
  EXPECT_EQ(client->capacity(), 1U);
}

TEST_P(SessionsTest, ClientThatGivesUpResetsTheServersExchange) {
  hold = true;
  auto exchange = start("POST", {}, false);
  wire.run();
  exchange.reset();
  EXPECT_TRUE(client->wants_close());
  server->receive_end();
  EXPECT_EQ(handler[0].reset()->reason, ResetReason::connection_lost);
}

TEST_P(SessionsTest, ServerThatGivesUpResetsTheClientsExchange) {
  hold = true;
  const auto exchange = start("POST", {}, false);
  wire.run();
  handler[0].abort(ResetReason::internal_error);
  EXPECT_TRUE(server->wants_close());
  client->receive_end();
  EXPECT_EQ(exchange->reset()->reason, ResetReason::connection_lost);
  EXPECT_TRUE(exchange->head_received());
}

TEST_P(SessionsTest, EarlyRefusalReachesTheClient) {
  handler.when_request = [](Keeper::Kept& kept) {
    kept.exchange->send_head(head_of(413), false);
    kept.exchange->send_body("too large");
    kept.exchange->finish();
    kept.exchange.reset();
  };
  const auto exchange = start("POST", {}, false);
  wire.run();
  exchange->send_body(std::string(20000, 'x'));
  wire.run();
  EXPECT_TRUE(exchange->finished());
  EXPECT_FALSE(exchange->reset());
  EXPECT_EQ(exchange->response().status, 413);
  EXPECT_EQ(exchange->body(), "too large");
  EXPECT_TRUE(server->wants_close());
  EXPECT_TRUE(client->wants_close());
}

}  // namespace
}  // namespace connectrpc::http1
