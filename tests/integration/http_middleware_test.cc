// Middleware around everything on a port, RPCs included.
#include <gmock/gmock.h>

#include <array>
#include <string>
#include <vector>

#include "connectrpc/http/middleware.h"
#include "integration/harness.h"
#include "integration/plain_http.h"

namespace connectrpc::probe_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr MethodSpec talk_method{"/talk.v1.TalkService/Talk", StreamType::bidi};

/// A bidirectional stream, written without generated code: says what it hears, then as often as it was asked to.
class Talk final : public Service {
 public:
  std::string_view service_name() const noexcept override { return "talk.v1.TalkService"; }
  std::span<const MethodSpec* const> methods() const noexcept override { return methods_; }
  Task<> call(const MethodSpec&, detail::ServerCall& call) override {
    call.context().response_headers().set("talk-begin", "1");
    co_await call.context().send_headers();
    ProbeRequest request;
    ProbeResponse response;
    while (co_await call.receive_next(request)) {
      heard += 1;
      response.set_text(request.text());
      response.set_payload(std::string(static_cast<std::size_t>(request.answer_size()), 'x'));
      for (int i = 0; i < std::max(1, request.delay_ms()); ++i) {
        if (!co_await call.send(response)) co_return;
        said += 1;
      }
      if (request.delay_ms() < 0) co_await stall(call);
    }
    call.context().response_trailers().set("talk-end", "2");
    if (request.code() != 0) throw Error(*code_from_number(request.code()), "as asked");
  }

  std::atomic<int> heard{0};
  std::atomic<int> said{0};
  std::atomic<bool> left{false};

 private:
  // Takes nothing more, until it is cancelled.
  Task<> stall(detail::ServerCall&) {
    struct Leaving {
      std::atomic<bool>& left;
      ~Leaving() { left = true; }
    } const leaving{left};
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, std::chrono::hours(1));
    co_await timer.async_wait(boost::asio::use_awaitable);
  }
  std::array<const MethodSpec*, 1> methods_{&talk_method};
};

/// A server with a middleware that does nothing, so that everything takes the long way.
class HttpMiddlewareTest : public ::testing::Test {
 protected:
  HttpMiddlewareTest() {
    ServerOptions options;
    options.drain_timeout = std::chrono::milliseconds(50);
    // What is counted in bytes must have as many on the wire.
    options.compress_responses = false;
    options.log = [this](const LogRecord& record) {
      const std::lock_guard lock(mutex_);
      log_.emplace_back(record.text);
    };
    server_.emplace(std::move(options));
    server_->add(probe_).add(talk_);
  }
  void pass_through() {
    server_->use([](http::Request&, http::Response&, const http::Next& next) { return next(); });
  }
  std::uint16_t port() {
    if (port_ == 0) {
      port_ = server_->listen("127.0.0.1:0");
      server_->start();
    }
    return port_;
  }
  std::string url() { return "http://127.0.0.1:" + std::to_string(port()); }
  PlainClient client(HttpVersion version = HttpVersion::http1_1) { return PlainClient(port(), version); }
  std::string log() {
    const std::lock_guard lock(mutex_);
    std::string all;
    for (const std::string& line : log_) all += line + "\n";
    return all;
  }
  Answer call(const Headers& more = Headers(), HttpVersion version = HttpVersion::http1_1) {
    Headers headers = raw(Field("content-type", "application/json"));
    detail::HeadersAccess::append_all(headers, more);
    PlainClient one(port(), version);
    return one.request("POST", "/probe.v1.ProbeService/Probe", headers, R"({"text": "you"})");
  }

  Counters counters_;
  Probe probe_{counters_};
  Talk talk_;
  std::mutex mutex_;
  std::vector<std::string> log_;
  std::optional<Server> server_;
  std::uint16_t port_ = 0;
};

TEST_F(HttpMiddlewareTest, SeesEverythingInOrder) {
  std::vector<std::string> seen;
  for (const std::string name : {"a", "b"}) {
    server_->use([&seen, name](http::Request& request, http::Response& response, const http::Next& next) -> Task<> {
      seen.push_back(name + ">" + std::string(request.path()));
      response.on_head([&seen, name](http::Response& leaving) {
        seen.push_back(name + "!" + std::to_string(leaving.status()));
        leaving.add_header("x-passed", name);
      });
      co_await next();
      seen.push_back(name + "<");
    });
  }
  server_->handle("/plain", [](http::Request&, http::Response& response) { return response.send("p"); });
  EXPECT_THAT(client().get("/plain").all("x-passed"), ElementsAre("b", "a"));
  EXPECT_THAT(seen, ElementsAre("a>/plain", "b>/plain", "b!200", "a!200", "b<", "a<"));
  seen.clear();
  EXPECT_EQ(client().get("/none").status, 404);
  EXPECT_THAT(seen, ElementsAre("a>/none", "b>/none", "b!404", "a!404", "b<", "a<"));
  seen.clear();
  EXPECT_EQ(call().header("x-passed"), "b");
  EXPECT_THAT(seen, ElementsAre("a>/probe.v1.ProbeService/Probe", "b>/probe.v1.ProbeService/Probe", "b!200", "a!200",
                                "b<", "a<"));
}

TEST_F(HttpMiddlewareTest, ChangesTheRequestOfAnRpc) {
  server_->use([](http::Request& request, http::Response&, const http::Next& next) -> Task<> {
    EXPECT_EQ(request.headers()["content-type"], "application/json") << "raw fields";
    EXPECT_EQ(request.content_length(), 15U);
    EXPECT_EQ(request.version(), HttpVersion::http1_1);
    EXPECT_EQ(request.peer().kind(), Peer::Kind::ipv4);
    request.set_header("acme-tenant-id", "7");
    request.erase_header("x-secret");
    request.set_target("/probe.v1.ProbeService/Probe");
    co_await next();
  });
  PlainClient one = client();
  const Answer answer =
      one.request("POST", "/old/path", raw(Field("content-type", "application/json"), Field("x-secret", "s")),
                  R"({"text": "you"})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr("acme-tenant-id"));
  EXPECT_THAT(answer.body, ::testing::Not(HasSubstr("x-secret")));
}

TEST_F(HttpMiddlewareTest, ReplacesTheBodyOnItsWayIn) {
  server_->use([](http::Request& request, http::Response&, const http::Next& next) -> Task<> {
    auto inner = std::make_shared<http::Request::Reader>(request.exchange_body(nullptr));
    request.exchange_body([inner]() -> Task<std::optional<std::string>> {
      auto piece = co_await (*inner)();
      if (piece) {
        for (char& c : *piece) c = static_cast<char>(c ^ 1);
      }
      co_return piece;
    });
    co_await next();
  });
  std::string body = R"({"text": "you"})";
  for (char& c : body) c = static_cast<char>(c ^ 1);
  PlainClient one = client();
  const Answer answer =
      one.request("POST", "/probe.v1.ProbeService/Probe", raw(Field("content-type", "application/json")), body);
  EXPECT_THAT(answer.body, HasSubstr("hello you"));
}

TEST_F(HttpMiddlewareTest, AnswersItselfAndInTheCallersProtocol) {
  server_->use([](http::Request& request, http::Response& response, const http::Next& next) -> Task<> {
    const std::string_view token = request.headers()["authorization"];
    if (token == "good") {
      co_await next();
    } else if (token == "teapot") {
      response.set_status(418);
      co_await response.send("short and stout");
    } else if (token == "written") {
      co_await http::write_error(request, response, Error(Code::unauthenticated, "written"));
    } else {
      throw Error(Code::unauthenticated, "no token");
    }
  });
  EXPECT_EQ(call(raw(Field("authorization", "good"))).status, 200);
  EXPECT_EQ(call(raw(Field("authorization", "teapot"))).body, "short and stout");
  EXPECT_THAT(call(raw(Field("authorization", "written"))).body, HasSubstr(R"("message":"written")"));
  EXPECT_EQ(call().status, 401);
  EXPECT_EQ(counters_.started, 1);
  for (const Protocol protocol : {Protocol::connect, Protocol::grpc, Protocol::grpc_web}) {
    ::probe::v1::ProbeServiceClientSync rpc(Channel::make(url(), {.protocol = protocol}));
    ProbeRequest request;
    try {
      rpc.probe(request);
      ADD_FAILURE() << "no error in " << to_string(protocol);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::unauthenticated) << to_string(protocol);
      EXPECT_EQ(error.message(), "no token");
    }
    const auto response = rpc.probe(request, {{"authorization", "good"}});
    EXPECT_EQ(response->text(), "hello ");
  }
  EXPECT_EQ(log(), "") << "an Error is an answer, not a fault";
}

TEST_F(HttpMiddlewareTest, UnaryCallsAreTheSameThroughIt) {
  pass_through();
  ProbeRequest request;
  request.set_text("you");
  const auto pair = [](Pair* made, std::string name, std::string value) {
    made->set_name(std::move(name));
    made->set_value(std::move(value));
  };
  pair(request.add_response_headers(), "acme-head", "1");
  pair(request.add_response_trailers(), "acme-tail", "2");
  request.set_payload(std::string(300'000, 'p'));
  for (const Protocol protocol : {Protocol::connect, Protocol::grpc, Protocol::grpc_web}) {
    for (const HttpVersion version : {HttpVersion::http1_1, HttpVersion::http2}) {
      if (protocol == Protocol::grpc && version == HttpVersion::http1_1) continue;
      SCOPED_TRACE(std::string(to_string(protocol)) + " " + std::string(to_string(version)));
      ::probe::v1::ProbeServiceClientSync rpc(Channel::make(url(), {.protocol = protocol, .http_version = version}));
      const auto response = rpc.probe(request);
      EXPECT_EQ(response->text(), "hello you");
      EXPECT_EQ(response->payload().size(), 300'000U);
      EXPECT_EQ(response.headers()["acme-head"], "1");
      EXPECT_EQ(response.trailers()["acme-tail"], "2");
      ProbeRequest failing;
      failing.set_code(5);
      failing.set_message("gone");
      pair(failing.add_error_metadata(), "acme-why", "x");
      try {
        rpc.probe(failing);
        ADD_FAILURE();
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::not_found);
        EXPECT_EQ(error.metadata()["acme-why"], "x");
      }
    }
  }
}

TEST_F(HttpMiddlewareTest, StreamsGoBothWaysAtOnceThroughIt) {
  pass_through();
  for (const Protocol protocol : {Protocol::connect, Protocol::grpc, Protocol::grpc_web}) {
    SCOPED_TRACE(to_string(protocol));
    auto channel = Channel::make(url(), {.protocol = protocol, .http_version = HttpVersion::http2});
    CallSync call = channel->open_sync(talk_method, CallOptions());
    call.open();
    const Headers begun = call.headers();
    EXPECT_EQ(begun["talk-begin"], "1") << "headers leave before any message";
    ProbeRequest request;
    ProbeResponse response;
    for (int i = 0; i < 3; ++i) {
      request.set_text("word " + std::to_string(i));
      ASSERT_TRUE(call.send(request));
      ASSERT_TRUE(call.receive(response));
      EXPECT_EQ(response.text(), request.text());
    }
    call.close_send();
    EXPECT_FALSE(call.receive(response));
    EXPECT_EQ(call.trailers()["talk-end"], "2");

    CallSync failing = channel->open_sync(talk_method, CallOptions());
    request.set_code(9);
    failing.send(request);
    failing.close_send();
    EXPECT_TRUE(failing.receive(response));
    try {
      failing.receive(response);
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::failed_precondition);
      EXPECT_EQ(failing.trailers()["talk-end"], "2");
    }
  }
}

TEST_F(HttpMiddlewareTest, ASlowReaderStopsTheHandlerBehindIt) {
  pass_through();
  auto channel = Channel::make(url(), {.protocol = Protocol::grpc, .stream_window = 64 * 1024});
  CallSync call = channel->open_sync(talk_method, CallOptions());
  ProbeRequest request;
  request.set_answer_size(50'000);
  request.set_delay_ms(500);
  call.send(request);
  ProbeResponse response;
  ASSERT_TRUE(call.receive(response));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const int early = talk_.said;
  EXPECT_LT(early, 30) << "windows and queues are bounded";
  call.close_send();
  int received = 1;
  while (call.receive(response)) ++received;
  EXPECT_EQ(received, 500);
}

TEST_F(HttpMiddlewareTest, AHandlerThatDoesNotReadStopsTheClientBehindIt) {
  pass_through();
  auto channel = Channel::make(url(), {.protocol = Protocol::grpc});
  std::optional<CallSync> call(channel->open_sync(talk_method, CallOptions()));
  ProbeRequest request;
  request.set_delay_ms(-1);
  ProbeResponse response;
  call->send(request);
  ASSERT_TRUE(call->receive(response));
  std::atomic<int> sent{0};
  std::thread sender([&] {
    ProbeRequest large;
    large.set_payload(std::string(50'000, 'x'));
    try {
      while (call->send(large)) ++sent;
    } catch (const Error&) {
    }
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_LT(sent, 30) << "windows and queues are bounded";
  call->cancel();
  sender.join();
  EXPECT_TRUE(eventually([&] { return talk_.left.load(); })) << "the end of the client reaches the handler";
}

TEST_F(HttpMiddlewareTest, ACallThatIsGivenUpReachesAHandlerThatHasReadAll) {
  pass_through();
  for (const bool blocking_client : {true, false}) {
    const int ended = counters_.ended;
    ProbeRequest request;
    request.set_delay_ms(60'000);
    auto channel = Channel::make(url(), {.protocol = blocking_client ? Protocol::grpc : Protocol::connect});
    ::probe::v1::ProbeServiceClientSync rpc(channel);
    EXPECT_THROW(rpc.probe(request, CallOptions().timeout(std::chrono::milliseconds(50))), Error);
    EXPECT_TRUE(eventually([&] { return counters_.ended == ended + 1; }));
  }
}

TEST_F(HttpMiddlewareTest, TrailersMayBeAddedAfterNext) {
  server_->use([](http::Request&, http::Response& response, const http::Next& next) -> Task<> {
    co_await next();
    response.add_trailer("x-last", "word");
  });
  server_->handle("/plain", [](http::Request&, http::Response& response) { return response.write("p"); });
  EXPECT_EQ(client().get("/plain").trailer("x-last"), "word");
  EXPECT_EQ(client(HttpVersion::http2).get("/plain").trailer("x-last"), "word");
  ::probe::v1::ProbeServiceClientSync rpc(Channel::make(url(), {.protocol = Protocol::grpc}));
  ProbeRequest request;
  const auto response = rpc.probe(request);
  EXPECT_EQ(response.trailers()["x-last"], "word");
  request.set_code(5);
  try {
    rpc.probe(request);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::not_found) << "also where the answer is a head alone";
  }
}

TEST_F(HttpMiddlewareTest, ForgettingNextIsInternal) {
  server_->use([](http::Request&, http::Response&, const http::Next&) -> Task<> { co_return; });
  EXPECT_EQ(call().status, 500);
  EXPECT_THAT(call().body, HasSubstr("\"internal\""));
  EXPECT_EQ(client(HttpVersion::http2).get("/healthz").status, 500);
  EXPECT_THAT(log(), HasSubstr("POST /probe.v1.ProbeService/Probe: a middleware returned without having called next() "
                               "and without an answer"));
  ::probe::v1::ProbeServiceClientSync rpc(Channel::make(url(), {.protocol = Protocol::grpc}));
  try {
    rpc.probe(ProbeRequest());
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::internal);
  }
}

TEST_F(HttpMiddlewareTest, NotAwaitingNextIsInternal) {
  server_->use([](http::Request&, http::Response&, const http::Next& next) -> Task<> {
    {
      const auto forgotten = next();
    }
    co_return;
  });
  server_->handle("/plain", [](http::Request&, http::Response&) -> Task<> { co_return; });
  EXPECT_EQ(call().status, 500);
  EXPECT_EQ(client().get("/plain").status, 500);
  EXPECT_THAT(log(), HasSubstr("a middleware called next() and did not await it"));
}

TEST_F(HttpMiddlewareTest, CallingNextTwiceLeavesTheFirstAnswer) {
  server_->use([](http::Request&, http::Response&, const http::Next& next) -> Task<> {
    co_await next();
    co_await next();
  });
  const Answer answer = call();
  EXPECT_EQ(answer.status, 200);
  EXPECT_FALSE(answer.cut);
  EXPECT_THAT(answer.body, HasSubstr("hello you"));
  EXPECT_EQ(counters_.started, 1);
  EXPECT_THAT(log(), HasSubstr("a middleware called next() twice"));
}

TEST_F(HttpMiddlewareTest, CallingNextAfterAnAnswerLeavesTheAnswer) {
  server_->use([](http::Request&, http::Response& response, const http::Next& next) -> Task<> {
    co_await response.send("mine");
    co_await next();
  });
  server_->handle("/plain", [](http::Request&, http::Response& response) { return response.send("theirs"); });
  EXPECT_EQ(client().get("/plain").body, "mine");
  EXPECT_EQ(call().body, "mine");
  EXPECT_THAT(log(), HasSubstr("the head has been sent"));
}

TEST_F(HttpMiddlewareTest, WhateverIsThrownIsAnswered) {
  std::string what;
  server_->use([&](http::Request&, http::Response& response, const http::Next& next) -> Task<> {
    if (what == "before") throw std::runtime_error("secret of the house");
    if (what == "int") throw 42;
    if (what == "hook") response.on_head([](http::Response&) { throw std::runtime_error("in a hook"); });
    co_await next();
    if (what == "after") throw std::runtime_error("too late");
  });
  for (const std::string now : {"before", "int", "hook"}) {
    what = now;
    const Answer answer = call();
    EXPECT_EQ(answer.status, 500) << now;
    EXPECT_THAT(answer.body, HasSubstr("\"unknown\"")) << now;
    EXPECT_THAT(answer.body, ::testing::Not(HasSubstr("secret"))) << now;
  }
  what = "after";
  EXPECT_THAT(call().body, HasSubstr("hello you"));
  EXPECT_THAT(log(), HasSubstr("threw secret of the house"));
  EXPECT_THAT(log(), HasSubstr("threw no std::exception"));
  EXPECT_THAT(log(), HasSubstr("threw too late"));
}

TEST_F(HttpMiddlewareTest, AShutdownEndsCallsBehindItInTheirProtocol) {
  pass_through();
  ::probe::v1::ProbeServiceClientSync rpc(Channel::make(url(), {.protocol = Protocol::grpc}));
  ProbeRequest request;
  request.set_delay_ms(60'000);
  std::thread stopper([&] {
    eventually([&] { return counters_.started == 1; });
    server_->stop();
  });
  try {
    rpc.probe(request);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::unavailable);
    EXPECT_EQ(error.message(), "the server is shutting down");
  }
  stopper.join();
}

TEST_F(HttpMiddlewareTest, BlockingServicesStandBehindItToo) {
  ProbeBlocking blocking(counters_);
  Router router;
  router.add(blocking);
  server_->mount("/blocking", router);
  pass_through();
  ::probe::v1::ProbeServiceClientSync rpc(Channel::make(url() + "/blocking", {.protocol = Protocol::grpc}));
  ProbeRequest request;
  request.set_text("you");
  const auto response = rpc.probe(request);
  EXPECT_EQ(response->text(), "hello you");
  request.set_delay_ms(60'000);
  EXPECT_THROW(rpc.probe(request, CallOptions().timeout(std::chrono::milliseconds(50))), Error);
  EXPECT_TRUE(eventually([&] { return counters_.ended == 2; }));
  server_.reset();
}

}  // namespace
}  // namespace connectrpc::probe_test
