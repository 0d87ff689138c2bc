// Routers: mounted, merged, and serving requests of another HTTP library.
#include <gmock/gmock.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <string>
#include <vector>

#include "connectrpc/router.h"
#include "integration/harness.h"
#include "integration/plain_http.h"

namespace connectrpc::probe_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

http::Handler says(std::string text) {
  return [text](http::Request&, http::Response& response) { return response.send(text); };
}

http::Middleware marks(std::string name) {
  return [name](http::Request&, http::Response& response, const http::Next& next) {
    response.add_header("x-mark", name);
    return next();
  };
}

class Mark final : public MetadataInterceptor {
 public:
  explicit Mark(std::string name) : name_(std::move(name)) {}
  void on_start(Context& context) override { context.response_headers().add("x-interceptor", name_); }

 private:
  std::string name_;
};

/// What a foreign HTTP library would put on its connection.
class Recorder final : public http::ResponseWriter {
 public:
  Task<> write_head(const http::Response& response, bool ends) override {
    status = response.status();
    headers = response.headers();
    ended = ends;
    co_return;
  }
  Task<> write_body(std::string bytes) override {
    // In a later turn, as a socket would.
    co_await boost::asio::post(co_await boost::asio::this_coro::executor, boost::asio::use_awaitable);
    body += bytes;
    if (fails) throw std::runtime_error("the connection broke");
  }
  Task<> end(const http::Response& response) override {
    trailers = response.trailers();
    ended = true;
    co_return;
  }

  int status = 0;
  Headers headers;
  std::string body;
  Headers trailers;
  bool ended = false;
  bool fails = false;
};

class RouterTest : public ::testing::Test {
 protected:
  Counters counters_;
  Probe probe_{counters_};
  ProbeBlocking blocking_{counters_};
};

constexpr const char* json_call = R"({"text": "you"})";

http::Request::Reader body_of(std::string text) {
  auto left = std::make_shared<std::optional<std::string>>(std::move(text));
  return [left]() -> Task<std::optional<std::string>> { co_return std::exchange(*left, std::nullopt); };
}

TEST_F(RouterTest, IsMountedWithWhatStandsAroundIt) {
  Router inner;
  inner.use(marks("inner")).intercept(std::make_shared<Mark>("inner"));
  inner.add(probe_).handle("/info", says("inner info")).unknown(says("inner unknown"));
  Router middle;
  middle.use(marks("middle")).mount("/v1", inner).handle("/info", says("middle info"));
  Server server;
  server.use(marks("outer")).intercept(std::make_shared<Mark>("outer"));
  server.mount("/api", middle).handle("/info", says("outer info"));
  PlainClient client(server.listen("127.0.0.1:0"), HttpVersion::http1_1);
  server.start();
  EXPECT_THAT(client.get("/info").all("x-mark"), ElementsAre("outer"));
  EXPECT_EQ(client.get("/api/info").body, "middle info");
  EXPECT_THAT(client.get("/api/info").all("x-mark"), ElementsAre("outer", "middle"));
  EXPECT_EQ(client.get("/api/v1/info").body, "inner info");
  EXPECT_THAT(client.get("/api/v1/else").all("x-mark"), ElementsAre("outer", "middle", "inner"));
  EXPECT_EQ(client.get("/api/v1/else").body, "inner unknown");
  EXPECT_EQ(client.get("/api/else").status, 404);
  const Answer call = client.request("POST", "/api/v1/probe.v1.ProbeService/Probe",
                                     raw(Field("content-type", "application/json")), json_call);
  EXPECT_EQ(call.status, 200);
  EXPECT_THAT(call.all("x-interceptor"), ElementsAre("outer", "inner"));
  EXPECT_THAT(call.all("x-mark"), ElementsAre("outer", "middle", "inner"));
}

TEST_F(RouterTest, DuplicatesInAMergeAreNamedAndNothingIsTakenOver) {
  Router first;
  first.handle("/a", says("first")).add(probe_);
  Router second;
  second.handle("/b", says("second")).handle("/a", says("second"));
  try {
    first.merge(second);
    ADD_FAILURE();
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "the path /a has a handler already");
  }
  EXPECT_NO_THROW(first.handle("/b", says("free"))) << "nothing was taken over";
  Router third;
  third.add(blocking_);
  try {
    first.merge(third);
    ADD_FAILURE();
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), HasSubstr("the method /probe.v1.ProbeService/"));
    EXPECT_THAT(error.what(), HasSubstr("is served already"));
  }
  EXPECT_NO_THROW(first.mount("/blocking", third));
  EXPECT_THROW(first.mount("/loop", first), std::invalid_argument);
  EXPECT_THROW(first.mount("no-slash", third), std::invalid_argument);
}

TEST_F(RouterTest, ServesRequestsOfAnotherLibrary) {
  Router blocking;
  blocking.add(blocking_);
  Router router;
  router.use(marks("mine"));
  router.add(probe_).mount("/blocking", blocking);
  router.handle("/healthz", says("fine"));
  const auto serve = [&]() -> Task<> {
    {
      http::Request request("GET", "/healthz");
      Recorder recorder;
      http::Response response(request, recorder);
      co_await router.serve(request, response);
      EXPECT_EQ(recorder.status, 200);
      EXPECT_EQ(recorder.body, "fine");
      EXPECT_EQ(recorder.headers["content-length"], "4");
      EXPECT_TRUE(recorder.ended);
    }
    for (const std::string prefix : {"", "/blocking"}) {
      http::Request request("POST", prefix + "/probe.v1.ProbeService/Probe", body_of(json_call));
      request.add_header("content-type", "application/json");
      Recorder recorder;
      http::Response response(request, recorder);
      co_await router.serve(request, response);
      EXPECT_EQ(recorder.status, 200) << recorder.body;
      EXPECT_THAT(recorder.body, HasSubstr("hello you"));
      EXPECT_EQ(recorder.headers["x-mark"], "mine");
    }
    {
      http::Request request("POST", "/probe.v1.ProbeService/Probe", body_of(std::string(5, '\0')));
      request.add_header("content-type", "application/grpc");
      request.set_version(HttpVersion::http2);
      Recorder recorder;
      http::Response response(request, recorder);
      co_await router.serve(request, response);
      EXPECT_EQ(recorder.trailers["grpc-status"], "0");
    }
    {
      http::Request request("GET", "/none");
      Recorder recorder;
      http::Response response(request, recorder);
      co_await router.serve(request, response);
      EXPECT_EQ(recorder.status, 404);
    }
  };
  run(serve());
}

TEST_F(RouterTest, ACallIsAnsweredWithoutReadingABodyThatNeverEnds) {
  Router router;
  router.add(probe_);
  bool let_go = false;
  const auto serve = [&]() -> Task<> {
    http::Request::Reader endless = [&]() -> Task<std::optional<std::string>> {
      struct Leaving {
        bool& left;
        ~Leaving() { left = true; }
      } const leaving{let_go};
      boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, std::chrono::hours(1));
      co_await timer.async_wait(boost::asio::use_awaitable);
      co_return std::nullopt;
    };
    http::Request request("POST", "/probe.v1.ProbeService/Probe", endless);
    request.add_header("content-type", "application/json");
    request.add_header("connect-timeout-ms", "30");
    Recorder recorder;
    http::Response response(request, recorder);
    co_await router.serve(request, response);
    EXPECT_THAT(recorder.body, HasSubstr("deadline_exceeded"));
  };
  run(serve());
  EXPECT_TRUE(let_go);
}

TEST_F(RouterTest, AWriterThatFailsEndsTheCall) {
  Router router;
  router.add(probe_);
  const auto serve = [&]() -> Task<> {
    http::Request request("POST", "/probe.v1.ProbeService/Probe", body_of(json_call));
    request.add_header("content-type", "application/json");
    Recorder recorder;
    recorder.fails = true;
    http::Response response(request, recorder);
    co_await router.serve(request, response);
  };
  EXPECT_THROW(run(serve()), Error);
}

TEST_F(RouterTest, AReaderThatFailsEndsTheCall) {
  Router router;
  router.add(probe_);
  const auto serve = [&]() -> Task<> {
    http::Request::Reader broken = []() -> Task<std::optional<std::string>> {
      throw std::runtime_error("the connection broke");
      co_return std::nullopt;
    };
    http::Request request("POST", "/probe.v1.ProbeService/Probe", broken);
    request.add_header("content-type", "application/json");
    Recorder recorder;
    http::Response response(request, recorder);
    co_await router.serve(request, response);
    EXPECT_EQ(recorder.status, 500);
  };
  run(serve());
  EXPECT_EQ(counters_.started, 0);
}

TEST_F(RouterTest, ACancelledServeCancelsTheCallAndThrows) {
  Router router;
  router.add(probe_);
  boost::asio::io_context io(1);
  boost::asio::cancellation_signal cancel;
  std::exception_ptr thrown;
  bool ended = false;
  const auto serve = [&]() -> Task<> {
    http::Request request("POST", "/probe.v1.ProbeService/Probe", body_of(R"({"delayMs": 60000})"));
    request.add_header("content-type", "application/json");
    Recorder recorder;
    http::Response response(request, recorder);
    co_await router.serve(request, response);
  };
  boost::asio::co_spawn(io, serve(), boost::asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr error) {
                          thrown = std::move(error);
                          ended = true;
                        }));
  for (int i = 0; i < 500 && counters_.started == 0; ++i) io.run_one_for(std::chrono::milliseconds(10));
  ASSERT_EQ(counters_.started, 1);
  cancel.emit(boost::asio::cancellation_type::terminal);
  for (int i = 0; i < 500 && (!ended || counters_.ended == 0); ++i) {
    io.restart();
    io.run_one_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(ended);
  EXPECT_TRUE(thrown);
  EXPECT_EQ(counters_.ended, 1) << "the handler was cancelled";
}

TEST_F(RouterTest, ALoopThatEndsTakesEverythingWithIt) {
  Router router;
  router.use([](http::Request&, http::Response&, const http::Next& next) { return next(); });
  router.add(probe_);
  {
    boost::asio::io_context io(1);
    const auto serve = [&]() -> Task<> {
      http::Request request("POST", "/probe.v1.ProbeService/Probe", body_of(R"({"delayMs": 60000})"));
      request.add_header("content-type", "application/json");
      Recorder recorder;
      http::Response response(request, recorder);
      co_await router.serve(request, response);
    };
    boost::asio::co_spawn(io, serve(), [](const std::exception_ptr&) {});
    for (int i = 0; i < 500 && counters_.started == 0; ++i) io.run_one_for(std::chrono::milliseconds(10));
    EXPECT_EQ(counters_.started, 1);
  }
  EXPECT_EQ(counters_.ended, 1);
}

}  // namespace
}  // namespace connectrpc::probe_test
