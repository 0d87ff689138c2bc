// Plain routes beside RPCs on one port.
#include <gmock/gmock.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <string>

#include "connectrpc/http/middleware.h"
#include "integration/harness.h"
#include "integration/plain_http.h"
#include "integration/raw_client.h"

namespace connectrpc::probe_test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

http::Handler says(std::string text) {
  return [text](http::Request&, http::Response& response) { return response.send(text, "text/plain"); };
}

class HttpRoutesTest : public ::testing::TestWithParam<HttpVersion> {
 protected:
  HttpRoutesTest() {
    ServerOptions options;
    options.drain_timeout = std::chrono::milliseconds(50);
    server_.emplace(std::move(options));
    server_->add(probe_);
  }
  PlainClient& client() {
    if (!client_) {
      port_ = server_->listen("127.0.0.1:0");
      server_->start();
      client_.emplace(port_, GetParam());
    }
    return *client_;
  }

  Counters counters_;
  Probe probe_{counters_};
  std::optional<Server> server_;
  std::uint16_t port_ = 0;
  std::optional<PlainClient> client_;
};

TEST_P(HttpRoutesTest, ExactPathsAndTheLongestPrefixAnswer) {
  server_->handle("/healthz", says("fine")).handle("/static/", [](http::Request& request, http::Response& response) {
    return response.send("static:" + std::string(request.rest()) + "?" + std::string(request.query()));
  });
  server_->handle("/static/deep/", says("deep")).handle("/static/one", says("one"));
  EXPECT_EQ(client().get("/healthz").body, "fine");
  EXPECT_EQ(client().get("/healthz").header("content-type"), "text/plain");
  EXPECT_EQ(client().get("/static/a/b.js?v=1").body, "static:a/b.js?v=1");
  EXPECT_EQ(client().get("/static/").body, "static:?");
  EXPECT_EQ(client().get("/static/deep/x").body, "deep");
  EXPECT_EQ(client().get("/static/one").body, "one");
  EXPECT_EQ(client().get("/static").status, 404);
  EXPECT_EQ(client().get("/healthz/").status, 404);
  // The RPC beside them.
  const Answer call = client().request("POST", "/probe.v1.ProbeService/Probe",
                                       raw(Field("content-type", "application/json")), R"({"text": "you"})");
  EXPECT_EQ(call.status, 200);
  EXPECT_THAT(call.body, HasSubstr("hello you"));
}

TEST_P(HttpRoutesTest, MethodsChooseAmongHandlersOfAPath) {
  server_->handle("GET", "/thing", says("got")).handle("PUT", "/thing", says("put"));
  EXPECT_EQ(client().get("/thing").body, "got");
  EXPECT_EQ(client().request("PUT", "/thing").body, "put");
  const Answer head = client().request("HEAD", "/thing");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  const Answer other = client().request("DELETE", "/thing");
  EXPECT_EQ(other.status, 405);
  EXPECT_EQ(other.header("allow"), "GET, HEAD, PUT");
}

TEST_P(HttpRoutesTest, AStatusAloneIsAnAnswer) {
  server_->handle("/gone", [](http::Request&, http::Response& response) -> Task<> {
    response.set_status(204);
    response.set_header("x-mood", "calm");
    co_return;
  });
  server_->handle("/nothing", [](http::Request&, http::Response&) -> Task<> { co_return; });
  const Answer gone = client().get("/gone");
  EXPECT_EQ(gone.status, 204);
  EXPECT_EQ(gone.header("x-mood"), "calm");
  EXPECT_EQ(client().get("/nothing").status, 200);
}

TEST_P(HttpRoutesTest, BodiesAreReadPieceByPieceAndWhole) {
  server_->handle("POST", "/count", [](http::Request& request, http::Response& response) -> Task<> {
    std::size_t size = 0;
    std::size_t largest = 0;
    while (auto piece = co_await request.read()) {
      size += piece->size();
      largest = std::max(largest, piece->size());
    }
    std::string text = std::to_string(size) + (largest <= 512 * 1024 ? " in pieces" : " at once");
    co_await response.send(std::move(text));
  });
  server_->handle("POST", "/limited", [](http::Request& request, http::Response& response) -> Task<> {
    std::string body = co_await request.read_all(1000);
    co_await response.send(std::move(body));
  });
  EXPECT_EQ(client().request("POST", "/count", Headers(), std::string(3'000'000, 'x')).body, "3000000 in pieces");
  EXPECT_EQ(client().request("POST", "/limited", Headers(), "small").body, "small");
  const Answer refused = client().request("POST", "/limited", Headers(), std::string(1001, 'x'));
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(refused.body, HasSubstr("the limit (http::Request::read_all) is 1000"));
}

TEST_P(HttpRoutesTest, WritingWaitsForAClientThatDoesNotRead) {
  std::atomic<int> written{0};
  server_->handle("/endless", [&](http::Request&, http::Response& response) -> Task<> {
    for (; written < 300; ++written) co_await response.write(std::string(100'000, 'x'));
    response.add_trailer("x-sum", "30000000");
  });
  client().start("GET", "/endless", Headers(), true);
  client().turn_until([&] { return client().exchange().head_received(); });
  // HTTP/1.1 has no window but the sockets' buffers, which take some megabytes.
  if (GetParam() == HttpVersion::http2) {
    for (int i = 0; i < 20; ++i) client().turn_until([i = 0]() mutable { return ++i > 2; });
    EXPECT_LT(written, 20);
  }
  const Answer answer = client().wait();
  EXPECT_EQ(answer.body.size(), 30'000'000U);
  EXPECT_EQ(answer.trailer("x-sum"), "30000000");
}

TEST_P(HttpRoutesTest, AHandlerThatThrowsIsAnsweredFor) {
  server_->handle("/error", [](http::Request&, http::Response&) -> Task<> {
    throw Error(Code::permission_denied, "not you");
    co_return;
  });
  server_->handle("/odd", [](http::Request&, http::Response&) -> Task<> {
    throw 42;
    co_return;
  });
  server_->handle("/halfway", [](http::Request&, http::Response& response) -> Task<> {
    co_await response.write("half");
    throw std::runtime_error("and no more");
  });
  const Answer error = client().get("/error");
  EXPECT_EQ(error.status, 403);
  EXPECT_THAT(error.body, HasSubstr("\"permission_denied\""));
  EXPECT_EQ(client().get("/odd").status, 500);
  EXPECT_TRUE(client().get("/halfway").cut);
}

TEST_P(HttpRoutesTest, UnknownPathsGoToTheCatchAll) {
  server_->handle("/healthz", says("fine"));
  server_->unknown([](http::Request& request, http::Response& response) -> Task<> {
    std::string body = co_await request.read_all();
    response.set_status(202);
    std::string text = request.method() + " " + request.target() + " " + request.authority() + " " +
                       std::string(request.headers()["x-any"]) + " " + body;
    co_await response.send(std::move(text));
  });
  const Answer answer = client().request("PATCH", "/no/such?x=1", raw(Field("x-any", "thing")), "body");
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.body, "PATCH /no/such?x=1 test.example thing body");
  EXPECT_EQ(client().get("/healthz").body, "fine");
  EXPECT_EQ(client().get("/probe.v1.ProbeService/NoSuchMethod").status, 202);
}

TEST_P(HttpRoutesTest, AClientThatLeavesCancelsTheHandler) {
  std::atomic<bool> cancelled{false};
  std::atomic<bool> waiting{false};
  server_->handle("/slow", [&](http::Request&, http::Response& response) -> Task<> {
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, std::chrono::hours(1));
    struct Leaving {
      std::atomic<bool>& left;
      ~Leaving() { left = true; }
    } const leaving{cancelled};
    waiting = true;
    co_await timer.async_wait(boost::asio::use_awaitable);
    co_await response.send("late");
  });
  client().start("GET", "/slow", Headers(), true);
  client().turn_until([&] { return waiting.load(); });
  client_.reset();
  EXPECT_TRUE(eventually([&] { return cancelled.load(); }));
}

TEST_P(HttpRoutesTest, AShutdownAnswersHandlersThatTakeTooLong) {
  std::atomic<bool> waiting{false};
  server_->handle("/slow", [&](http::Request&, http::Response& response) -> Task<> {
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, std::chrono::hours(1));
    waiting = true;
    co_await timer.async_wait(boost::asio::use_awaitable);
    co_await response.send("late");
  });
  client().start("GET", "/slow", Headers(), true);
  client().turn_until([&] { return waiting.load(); });
  server_->stop();
  const Answer answer = client().wait();
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.body, HasSubstr("shutting down"));
  server_->wait();
}

INSTANTIATE_TEST_SUITE_P(Versions, HttpRoutesTest, ::testing::Values(HttpVersion::http1_1, HttpVersion::http2),
                         [](const auto& version) { return version.param == HttpVersion::http2 ? "Http2" : "Http1"; });

TEST(HttpRoutesRulesTest, DuplicatesAndBadPathsAreErrorsThatNameThem) {
  const auto message = [](auto change) {
    try {
      change();
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
    return std::string("nothing was thrown");
  };
  Counters counters;
  Probe probe(counters);
  Server server;
  server.add(probe).handle("/healthz", says("fine")).handle("GET", "/thing", says("got"));
  EXPECT_EQ(message([&] { server.handle("/healthz", says("again")); }), "the path /healthz has a handler already");
  EXPECT_EQ(message([&] { server.handle("GET", "/thing", says("again")); }),
            "the path /thing has a handler already for GET");
  EXPECT_EQ(message([&] { server.handle("/probe.v1.ProbeService/Probe", says("mine")); }),
            "the method /probe.v1.ProbeService/Probe is served already");
  EXPECT_EQ(message([&] { server.handle("healthz", says("x")); }),
            "a path is like \"/healthz\" or \"/static/\", not \"healthz\"");
  EXPECT_EQ(message([&] { server.handle("/empty", nullptr); }), "the handler of the path /empty is empty");
  EXPECT_EQ(message([&] { server.use(nullptr); }), "Server::use: the middleware is empty");
  server.unknown(says("all"));
  EXPECT_EQ(message([&] { server.unknown(says("all")); }), "the path / has a handler already");
  server.listen("127.0.0.1:0");
  server.start();
  EXPECT_THROW(server.handle("/late", says("late")), std::logic_error);
  EXPECT_THROW(server.router().handle("/late", says("late")), std::logic_error);
}

TEST(HttpRoutesRulesTest, FieldsThatWouldBreakTheAnswerAreRefused) {
  std::string thrown;
  Server server;
  server.handle("/split", [&](http::Request&, http::Response& response) -> Task<> {
    try {
      response.set_header("x-a", "1\r\nset-cookie: stolen=1");
    } catch (const std::invalid_argument& error) {
      thrown = error.what();
    }
    EXPECT_THROW(response.set_header("bad name", "x"), std::invalid_argument);
    EXPECT_THROW(response.set_status(100), std::invalid_argument);
    co_await response.send("ok");
    EXPECT_THROW(response.set_header("x-late", "x"), std::logic_error);
  });
  const auto port = server.listen("127.0.0.1:0");
  server.start();
  RawClient client(port);
  client.send("GET /split HTTP/1.1\r\nhost: a\r\n\r\n");
  const std::string answer = client.read_answer();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(answer, HasSubstr("content-length: 2\r\n"));
  EXPECT_THAT(thrown, HasSubstr("\"x-a\""));
}

}  // namespace
}  // namespace connectrpc::probe_test
