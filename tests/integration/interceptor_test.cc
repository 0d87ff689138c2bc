// Interceptors on servers and channels, the same around all four kinds of call.
#include "connectrpc/interceptor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstdio>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "connectrpc/client.h"
#include "connectrpc/server.h"
#include "connectrpc/testing/in_memory_server.h"
#include "greet/v1/greet.connect.h"
#include "integration/greet_caller.h"
#include "integration/run.h"

namespace connectrpc {
namespace {

using greet::v1::GreetRequest;
using greet::v1::GreetResponse;
using greet::v1::GreetServiceHandler;
using greet_test::call_await;
using greet_test::call_block;
using greet_test::named;
using greet_test::Outcome;
using probe_test::Style;
using ::testing::ElementsAre;

struct Tenant {
  std::string name;
};

// What both handlers do: greets each name with the tenant that an interceptor left, fails for the name "fail".
class Handler {
 public:
  static GreetResponse greet(const GreetRequest& request, Context& context) {
    if (!context.headers_sent()) context.response_headers().set("from-handler", context.request_headers()["added"]);
    context.response_trailers().set("cost", "1");
    if (request.name() == "fail") throw Error(Code::not_found, "nobody").with_metadata("why", "asked");
    if (request.name() == "crash") throw std::runtime_error("crashed");
    const Tenant* tenant = context.value<Tenant>();
    GreetResponse response;
    response.set_greeting("hello " + request.name() + (tenant != nullptr ? " of " + tenant->name : ""));
    return response;
  }
};

class Greeter : public GreetServiceHandler {
 public:
  int calls = 0;

 private:
  Task<GreetResponse> greet(const GreetRequest& request, Context& context) override {
    ++calls;
    co_return Handler::greet(request, context);
  }
  Task<> greet_many(const GreetRequest& request, StreamWriter<GreetResponse>& responses, Context& context) override {
    ++calls;
    for (int i = 0; i < 2; ++i) {
      const GreetResponse response = Handler::greet(request, context);
      co_await responses.send(response);
    }
  }
  Task<GreetResponse> greet_all(StreamReader<GreetRequest>& requests, Context& context) override {
    ++calls;
    GreetRequest last;
    while (const auto request = co_await requests.receive()) last = *request;
    co_return Handler::greet(last, context);
  }
  Task<> converse(StreamReader<GreetRequest>& requests, StreamWriter<GreetResponse>& responses,
                  Context& context) override {
    ++calls;
    while (const auto request = co_await requests.receive()) {
      const GreetResponse response = Handler::greet(*request, context);
      co_await responses.send(response);
    }
  }
};

class GreeterSync : public greet::v1::GreetServiceHandlerSync {
  GreetResponse greet(const GreetRequest& request, Context& context) override {
    return Handler::greet(request, context);
  }
  void greet_many(const GreetRequest& request, StreamWriterSync<GreetResponse>& responses, Context& context) override {
    for (int i = 0; i < 2; ++i) responses.send(Handler::greet(request, context));
  }
  GreetResponse greet_all(StreamReaderSync<GreetRequest>& requests, Context& context) override {
    GreetRequest last;
    while (const auto request = requests.receive()) last = *request;
    return Handler::greet(last, context);
  }
  void converse(StreamReaderSync<GreetRequest>& requests, StreamWriterSync<GreetResponse>& responses,
                Context& context) override {
    while (const auto request = requests.receive()) responses.send(Handler::greet(*request, context));
  }
};

// What interceptors saw, in order; from any thread.
class Journal {
 public:
  void add(std::string line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
  }
  std::vector<std::string> lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

class Tracing : public Interceptor {
 public:
  Tracing(Journal& journal, std::string name) : journal_(journal), name_(std::move(name)) {}

 private:
  Task<> intercept(Context& context, const Next& next) override {
    journal_.add(name_ + " begins " + std::string(context.method().name()));
    context.request_headers().add("added", name_);
    std::optional<Error> failed;
    try {
      co_await next();
    } catch (const Error& error) {
      failed = error;
    }
    journal_.add(name_ + (failed ? " ends with " + std::string(to_string(failed->code())) : " ends"));
    context.response_trailers().add("seen-by", name_);
    if (failed) throw *failed;
  }

  Journal& journal_;
  const std::string name_;
};

// Made of a function.
class Made : public Interceptor {
 public:
  using Function = std::function<Task<>(Context& context, const Next& next)>;
  explicit Made(Function function) : function_(std::move(function)) {}

 private:
  Task<> intercept(Context& context, const Next& next) override { return function_(context, next); }
  Function function_;
};

std::shared_ptr<Interceptor> made(Made::Function function) { return std::make_shared<Made>(std::move(function)); }

struct Way {
  Protocol protocol;
  StreamType kind;
  Style server;
  Style client;
};

std::vector<Way> all_ways() {
  std::vector<Way> ways;
  for (const Protocol protocol : {Protocol::connect, Protocol::grpc, Protocol::grpc_web}) {
    for (const StreamType kind : {StreamType::unary, StreamType::server, StreamType::client, StreamType::bidi}) {
      for (const Style server : {Style::coroutine, Style::blocking}) {
        for (const Style client : {Style::coroutine, Style::blocking}) ways.push_back({protocol, kind, server, client});
      }
    }
  }
  return ways;
}

class InterceptorTest : public ::testing::TestWithParam<Way> {
 protected:
  InterceptorTest() : server_(options()) {
    if (GetParam().server == Style::coroutine) {
      server_.add(greeter_);
    } else {
      server_.add(greeter_sync_);
    }
  }

  Outcome call(const std::string& name, InterceptorList interceptors = {}, CallOptions options = CallOptions()) {
    ChannelOptions channel_options;
    channel_options.protocol = GetParam().protocol;
    channel_options.http_version = HttpVersion::http2;
    channel_options.interceptors = std::move(interceptors);
    channel_options.log = [this](const LogRecord& record) { log_.add(std::string(record.text)); };
    const ChannelPtr channel = server_.channel(std::move(channel_options));
    if (GetParam().client == Style::blocking) return call_block(channel, GetParam().kind, name, options);
    return probe_test::run(call_await(channel, GetParam().kind, name, options));
  }
  bool single() const { return GetParam().kind == StreamType::unary || GetParam().kind == StreamType::client; }
  std::shared_ptr<Interceptor> tracing(const std::string& name) { return std::make_shared<Tracing>(journal_, name); }

  Journal journal_;
  Journal log_;
  Greeter greeter_;
  GreeterSync greeter_sync_;

 private:
  ServerOptions options() {
    ServerOptions options;
    options.log = [this](const LogRecord& record) { log_.add(std::string(record.text)); };
    return options;
  }

 protected:
  testing::InMemoryServer server_;
};

TEST_P(InterceptorTest, OrderHeadersTrailers) {
  server_.intercept(tracing("outer"));
  server_.intercept("greet.v1.GreetService", tracing("inner"));
  const Outcome outcome = call("Ann", {tracing("client outer"), tracing("client inner")});
  ASSERT_FALSE(outcome.error) << outcome.error->message();
  EXPECT_EQ(outcome.greetings, std::vector<std::string>(single() ? 1 : 2, "hello Ann"));
  const auto lines = journal_.lines();
  ASSERT_EQ(lines.size(), 8u);
  EXPECT_EQ(lines[0].substr(0, 19), "client outer begins");
  EXPECT_EQ(lines[1].substr(0, 19), "client inner begins");
  EXPECT_EQ(lines[2].substr(0, 12), "outer begins");
  EXPECT_EQ(lines[3].substr(0, 12), "inner begins");
  EXPECT_EQ(lines[4], "inner ends");
  EXPECT_EQ(lines[5], "outer ends");
  EXPECT_EQ(lines[6], "client inner ends");
  EXPECT_EQ(lines[7], "client outer ends");
  // The first of four values.
  EXPECT_EQ(outcome.headers["from-handler"], "client outer");
  EXPECT_THAT(outcome.trailers.get_all("seen-by"), ElementsAre("inner", "outer", "client inner", "client outer"));
  EXPECT_EQ(outcome.trailers["cost"], "1");
}

TEST_P(InterceptorTest, ErrorsPassAllOfThem) {
  server_.intercept(tracing("server"));
  const Outcome outcome = call("fail", {tracing("client")});
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code(), Code::not_found);
  EXPECT_EQ(outcome.error->message(), "nobody");
  EXPECT_EQ(outcome.error->metadata()["why"], "asked");
  const auto lines = journal_.lines();
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[2], "server ends with not_found");
  EXPECT_EQ(lines[3], "client ends with not_found");
}

TEST_P(InterceptorTest, RefusesOnTheServer) {
  server_.intercept(made([](Context& context, const Next& next) -> Task<> {
    if (context.request_headers()["token"] != "good") throw Error(Code::unauthenticated, "bad token");
    co_await next();
  }));
  const Outcome refused = call("Ann");
  ASSERT_TRUE(refused.error);
  EXPECT_EQ(refused.error->code(), Code::unauthenticated);
  EXPECT_EQ(greeter_.calls, 0);
  const Outcome good = call("Ann", {}, CallOptions().header("token", "good"));
  EXPECT_FALSE(good.error);
}

TEST_P(InterceptorTest, RefusesOnTheClientWithoutSendingAnything) {
  server_.intercept(tracing("server"));
  const Outcome refused = call("Ann", {made([](Context&, const Next&) -> Task<> {
                                 throw Error(Code::failed_precondition, "not now");
                                 co_return;
                               })});
  ASSERT_TRUE(refused.error);
  EXPECT_EQ(refused.error->code(), Code::failed_precondition);
  EXPECT_FALSE(refused.error->is_remote());
  EXPECT_TRUE(journal_.lines().empty());
}

TEST_P(InterceptorTest, ReplacesErrors) {
  const auto replace = [](const char* from, const char* to) {
    return made([from = std::string(from), to = std::string(to)](Context&, const Next& next) -> Task<> {
      std::optional<Error> failed;
      try {
        co_await next();
      } catch (const Error& error) {
        failed = error;
      }
      if (failed && failed->message() == from) throw Error(Code::aborted, to);
      if (failed) throw *failed;
    });
  };
  server_.intercept(replace("nobody", "from the server"));
  const Outcome outcome = call("fail", {replace("from the server", "from the client")});
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code(), Code::aborted);
  EXPECT_EQ(outcome.error->message(), "from the client");
}

TEST_P(InterceptorTest, LeavesValuesForTheHandler) {
  server_.intercept(made([](Context& context, const Next& next) -> Task<> {
    context.set_value(Tenant{std::string(context.request_headers()["tenant"])});
    co_await next();
  }));
  const Outcome outcome = call("Ann", {}, CallOptions().header("tenant", "acme"));
  ASSERT_FALSE(outcome.error);
  EXPECT_EQ(outcome.greetings.front(), "hello Ann of acme");
}

TEST_P(InterceptorTest, SeesAndChangesMessages) {
  const auto shout = [](const char* sign) {
    return made([sign = std::string(sign)](Context& context, const Next& next) -> Task<> {
      context.on_request_message([&](google::protobuf::MessageLite& message) {
        auto& request = dynamic_cast<GreetRequest&>(message);
        request.set_name(request.name() + sign);
      });
      context.on_response_message([&](google::protobuf::MessageLite& message) {
        auto& response = dynamic_cast<GreetResponse&>(message);
        response.set_greeting(response.greeting() + sign);
      });
      co_await next();
    });
  };
  server_.intercept(shout("!"));
  const Outcome outcome = call("Ann", {shout("?"), shout(".")});
  ASSERT_FALSE(outcome.error) << outcome.error->message();
  EXPECT_EQ(outcome.greetings, std::vector<std::string>(single() ? 1 : 2, "hello Ann?.!!.?"));
}

TEST_P(InterceptorTest, ChangesResponseHeaders) {
  const auto stamp = [](const char* name) {
    return made([name = std::string(name)](Context& context, const Next& next) -> Task<> {
      context.on_response_headers([&](Headers& headers) { headers.add("stamp", name); });
      co_await next();
    });
  };
  server_.intercept(stamp("server"));
  const Outcome outcome = call("Ann", {stamp("client")});
  ASSERT_FALSE(outcome.error);
  EXPECT_THAT(outcome.headers.get_all("stamp"), ElementsAre("server", "client"));
}

TEST_P(InterceptorTest, AHookThatThrowsFailsTheCall) {
  const auto refuse = [](bool requests) {
    return made([requests](Context& context, const Next& next) -> Task<> {
      const auto hook = [](google::protobuf::MessageLite&) { throw Error(Code::out_of_range, "refused"); };
      requests ? context.on_request_message(hook) : context.on_response_message(hook);
      co_await next();
    });
  };
  for (const bool requests : {true, false}) {
    const Outcome outcome = call("Ann", {refuse(requests)});
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->code(), Code::out_of_range);
  }
}

TEST_P(InterceptorTest, GivesTheAnswerItself) {
  const auto answer = made([](Context& context, const Next&) -> Task<> {
    GreetResponse response;
    response.set_greeting("cached");
    context.respond(response);
    co_return;
  });
  const Outcome here = call("Ann", {answer});
  if (single()) {
    ASSERT_FALSE(here.error) << here.error->message();
    EXPECT_THAT(here.greetings, ElementsAre("cached"));
  } else {
    ASSERT_TRUE(here.error);
    EXPECT_EQ(here.error->code(), Code::unknown);
  }
}

TEST_P(InterceptorTest, PutsAnotherAnswerInPlace) {
  const auto replace = [](const char* with) {
    return made([with = std::string(with)](Context& context, const Next& next) -> Task<> {
      co_await next();
      GreetResponse response;
      response.set_greeting(with);
      context.respond(response);
    });
  };
  if (!single()) return;
  server_.intercept(replace("of the server"));
  EXPECT_THAT(call("Ann").greetings, ElementsAre("of the server"));
  EXPECT_THAT(call("Ann", {replace("of the client")}).greetings, ElementsAre("of the client"));
}

TEST_P(InterceptorTest, WaitsForSomethingBeforeAndAfter) {
  const auto pause = made([](Context&, const Next& next) -> Task<> {
    const auto executor = co_await boost::asio::this_coro::executor;
    boost::asio::steady_timer timer(executor, std::chrono::milliseconds(5));
    co_await timer.async_wait(boost::asio::use_awaitable);
    co_await next();
    timer.expires_after(std::chrono::milliseconds(5));
    co_await timer.async_wait(boost::asio::use_awaitable);
  });
  server_.intercept(pause);
  const Outcome outcome = call("Ann", {pause});
  EXPECT_FALSE(outcome.error) << outcome.error->message();
}

// The call ends while the interceptor is given what it needs to ask that.
TEST_P(InterceptorTest, RefusesAfterHavingAskedForItsLoop) {
  const auto refusing = made([](Context&, const Next&) -> Task<> {
    const auto executor = co_await boost::asio::this_coro::executor;
    if (executor) throw Error(Code::unauthenticated, "bad token");
  });
  for (int i = 0; i < 3; ++i) {
    const Outcome outcome = call("Ann", {tracing("outer"), refusing, tracing("inner")});
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->code(), Code::unauthenticated);
  }
  EXPECT_EQ(journal_.lines().size(), 6u);
  EXPECT_EQ(greeter_.calls, 0);
}

// Each kind of thing that a coroutine of Asio's may await, in one interceptor of several.
TEST_P(InterceptorTest, WaitsForAnythingInOneOfSeveral) {
  using Timer = boost::asio::steady_timer;
  const auto wait = [](std::string_view where) -> Task<std::string> {
    const auto executor = co_await boost::asio::this_coro::executor;
    Timer timer(executor, std::chrono::milliseconds(1));
    co_await timer.async_wait(boost::asio::use_awaitable);
    co_return std::string(where);
  };
  const auto pass_on = [](const Next& next) -> Task<> { co_await next(); };
  const auto busy = made([&](Context&, const Next& next) -> Task<> {
    const std::string before = co_await wait("before");
    journal_.add(before);
    Task<> passed = pass_on(next);
    co_await std::move(passed);
    const auto executor = co_await boost::asio::this_coro::executor;
    Timer timer(executor, std::chrono::milliseconds(1));
    co_await timer.async_wait(boost::asio::deferred);
    const std::string after = co_await wait("after");
    journal_.add(after);
  });
  const auto late = made([&](Context&, const Next& next) -> Task<> {
    std::optional<Error> failed;
    try {
      co_await next();
    } catch (const Error& error) {
      failed = error;
    }
    const std::string behind = co_await wait("late");
    journal_.add(behind);
    if (failed) throw *failed;
  });
  server_.intercept(busy);
  server_.intercept(late);
  for (const std::string name : {"Ann", "fail"}) {
    for (const InterceptorList& list : {InterceptorList{tracing("outer"), busy, tracing("inner")},
                                        InterceptorList{tracing("outer"), late, busy, late}}) {
      const std::size_t began = journal_.lines().size();
      const Outcome outcome = call(name, list);
      EXPECT_EQ(outcome.error.has_value(), name == "fail");
      const auto lines = journal_.lines();
      ASSERT_GT(lines.size(), began + 6);
      EXPECT_EQ(lines[began].substr(0, 12), "outer begins");
      EXPECT_EQ(lines[began + 1], "before");
      EXPECT_EQ(lines.back().substr(0, 10), "outer ends");
    }
  }
}

TEST_P(InterceptorTest, OneThatHangsIsCancelledAtTheDeadline) {
  const auto hang = made([](Context&, const Next& next) -> Task<> {
    const auto executor = co_await boost::asio::this_coro::executor;
    boost::asio::steady_timer timer(executor, std::chrono::hours(1));
    co_await timer.async_wait(boost::asio::use_awaitable);
    co_await next();
  });
  server_.intercept("greet.v1.GreetService", hang);
  for (const InterceptorList& list : {InterceptorList{hang}, InterceptorList{}}) {
    const Outcome outcome = call("Ann", list, CallOptions().timeout(std::chrono::milliseconds(30)));
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->code(), Code::deadline_exceeded);
  }
}

std::shared_ptr<Interceptor> hanging_behind_next() {
  return made([](Context&, const Next& next) -> Task<> {
    co_await next();
    const auto executor = co_await boost::asio::this_coro::executor;
    boost::asio::steady_timer timer(executor, std::chrono::hours(1));
    co_await timer.async_wait(boost::asio::use_awaitable);
  });
}

TEST_P(InterceptorTest, OneThatHangsBehindNextIsCancelledAtTheDeadline) {
  const auto hang = hanging_behind_next();
  server_.intercept("greet.v1.GreetService", hang);
  for (const InterceptorList& list : {InterceptorList{}, InterceptorList{hang}}) {
    const Outcome outcome = call("Ann", list, CallOptions().timeout(std::chrono::milliseconds(100)));
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->code(), Code::deadline_exceeded);
  }
}

TEST_P(InterceptorTest, OneOfAChannelThatHangsBehindNextIsCancelledAtTheDeadline) {
  const auto hang = hanging_behind_next();
  const Outcome outcome = call("Ann", {hang}, CallOptions().timeout(std::chrono::milliseconds(300)));
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code(), Code::deadline_exceeded);
}

TEST_P(InterceptorTest, LimitsTheTimeOfWhatIsFurtherIn) {
  using namespace boost::asio::experimental::awaitable_operators;
  const auto hang = made([](Context&, const Next& next) -> Task<> {
    const auto executor = co_await boost::asio::this_coro::executor;
    boost::asio::steady_timer timer(executor, std::chrono::hours(1));
    co_await timer.async_wait(boost::asio::use_awaitable);
    co_await next();
  });
  // Its coroutines are of its own: next() must hear of their cancellation, not only of the call's.
  const auto limit = made([](Context&, const Next& next) -> Task<> {
    const auto executor = co_await boost::asio::this_coro::executor;
    boost::asio::steady_timer timer(executor, std::chrono::milliseconds(5));
    const auto first = co_await (next() || timer.async_wait(boost::asio::use_awaitable));
    if (first.index() == 1) throw Error(Code::aborted, "too slow");
  });
  server_.intercept(hang);
  for (const InterceptorList& list : {InterceptorList{limit}, InterceptorList{limit, hang}}) {
    const auto began = std::chrono::steady_clock::now();
    const Outcome outcome = call("Ann", list);
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->code(), Code::aborted);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10));
  }
}

TEST_P(InterceptorTest, Misuse) {
  const auto forgets = made([](Context&, const Next&) -> Task<> { co_return; });
  const auto twice = made([](Context&, const Next& next) -> Task<> {
    co_await next();
    co_await next();
  });
  const auto throws = made([](Context&, const Next&) -> Task<> {
    throw std::runtime_error("no Error");
    co_return;
  });
  const auto throws_odd = made([](Context&, const Next&) -> Task<> {
    throw 7;
    co_return;
  });
  const auto swallows = made([](Context&, const Next& next) -> Task<> {
    try {
      co_await next();
    } catch (const Error&) {
    }
  });
  for (const auto& wrong : {forgets, twice, throws, throws_odd}) {
    const Outcome outcome = call("Ann", {wrong});
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->code(), Code::unknown);
  }
  EXPECT_GE(log_.lines().size(), 4u);
  const Outcome swallowed = call("fail", {swallows});
  EXPECT_EQ(swallowed.error.has_value(), single());
}

TEST_P(InterceptorTest, MisuseOnTheServer) {
  server_.intercept(made([](Context& context, const Next& next) -> Task<> {
    const std::string_view way = context.request_headers()["way"];
    if (way == "throw") throw std::runtime_error("no Error");
    if (way == "odd") throw 7;
    if (way == "forget") co_return;
    co_await next();
    if (way == "twice") co_await next();
    if (way == "late hook") context.on_request_message([](google::protobuf::MessageLite&) {});
  }));
  int logged = 0;
  for (const char* way : {"throw", "odd", "forget", "twice", "late hook"}) {
    const Outcome outcome = call("Ann", {}, CallOptions().header("way", way));
    ASSERT_TRUE(outcome.error) << way;
    EXPECT_EQ(outcome.error->code(), Code::unknown) << way;
    EXPECT_EQ(log_.lines().size(), static_cast<std::size_t>(++logged)) << way;
  }
  // A crash of the handler is an Error to interceptors.
  const Outcome crashed = call("crash");
  ASSERT_TRUE(crashed.error);
  EXPECT_EQ(crashed.error->code(), Code::unknown);
  EXPECT_EQ(crashed.error->message(), "the handler failed");
}

TEST_P(InterceptorTest, StartAndEndOnly) {
  class Stamp : public MetadataInterceptor {
   public:
    explicit Stamp(Journal& journal) : journal_(journal) {}
    void on_start(Context& context) override {
      journal_.add("start");
      context.request_headers().set("added", "stamp");
    }
    void on_end(Context& context, const Error* error) override {
      journal_.add(error == nullptr ? "end" : "end: " + error->message());
      context.response_trailers().set("stamped", "1");
    }

   private:
    Journal& journal_;
  };
  server_.intercept(std::make_shared<Stamp>(journal_));
  const Outcome good = call("Ann");
  EXPECT_EQ(good.headers["from-handler"], "stamp");
  EXPECT_EQ(good.trailers["stamped"], "1");
  call("fail", {std::make_shared<Stamp>(journal_)});
  EXPECT_THAT(journal_.lines(), ElementsAre("start", "end", "start", "start", "end: nobody", "end: nobody"));
}

std::string name_of(const ::testing::TestParamInfo<Way>& info) {
  const auto style = [](Style which) { return which == Style::coroutine ? "Coroutine" : "Blocking"; };
  std::string protocol(to_string(info.param.protocol));
  std::erase(protocol, '-');
  return protocol + "_" + std::string(to_string(info.param.kind)) + "_" + style(info.param.server) + "Server_" +
         style(info.param.client) + "Client";
}

INSTANTIATE_TEST_SUITE_P(Ways, InterceptorTest, ::testing::ValuesIn(all_ways()), name_of);

TEST(Interceptor, MustExistAndBelongToSomething) {
  Greeter greeter;
  Server server;
  server.add(greeter);
  EXPECT_THROW(server.intercept(nullptr), std::invalid_argument);
  EXPECT_THROW(server.intercept("greet.v1.Nobody", made(nullptr)), std::invalid_argument);
  EXPECT_THROW(server.intercept("", made(nullptr)), std::invalid_argument);
}

TEST(Interceptor, OfOneMethod) {
  Greeter greeter;
  Journal journal;
  testing::InMemoryServer server;
  server.add(greeter);
  server.intercept("greet.v1.GreetService/Greet", std::make_shared<Tracing>(journal, "one"));
  const ChannelPtr channel = server.channel();
  call_block(channel, StreamType::unary, "Ann", CallOptions());
  call_block(channel, StreamType::server, "Ann", CallOptions());
  EXPECT_THAT(journal.lines(), ElementsAre("one begins Greet", "one ends"));
}

// Refused before the body: neither read nor decoded.
TEST(Interceptor, AnUnauthorisedCallCostsNoBody) {
  Greeter greeter;
  testing::InMemoryServer server;
  server.add(greeter);
  std::atomic<int> decoded = 0;
  server.intercept(made([&decoded](Context& context, const Next& next) -> Task<> {
    context.on_request_message([&](google::protobuf::MessageLite&) { ++decoded; });
    if (context.request_headers()["token"] != "good") throw Error(Code::unauthenticated, "bad token");
    co_await next();
  }));
  for (const Protocol protocol : {Protocol::connect, Protocol::grpc, Protocol::grpc_web}) {
    ChannelOptions options;
    options.protocol = protocol;
    options.http_version = HttpVersion::http2;
    const ChannelPtr channel = server.channel(std::move(options));
    const auto cost = [&](const char* token) {
      // The same work on the client either way; what differs is the server's.
      decoded = 0;
      auto best = std::chrono::steady_clock::duration::max();
      for (int i = 0; i < 5; ++i) {
        const auto start = std::chrono::steady_clock::now();
        const Outcome outcome = call_block(channel, StreamType::unary, std::string((4 << 20) - 1000, 'x'),
                                           CallOptions().header("token", token));
        best = std::min(best, std::chrono::steady_clock::now() - start);
        EXPECT_EQ(outcome.error.has_value(), std::string_view(token) != "good");
      }
      return best;
    };
    const auto accepted = cost("good");
    EXPECT_EQ(decoded, 5);
    const auto refused = cost("bad");
    EXPECT_EQ(decoded, 0);
    EXPECT_LT(refused, accepted) << to_string(protocol);
    std::printf("%s: 4 MiB refused in %lld us, taken in %lld us\n", std::string(to_string(protocol)).c_str(),
                static_cast<long long>(refused / std::chrono::microseconds(1)),
                static_cast<long long>(accepted / std::chrono::microseconds(1)));
  }
  EXPECT_EQ(greeter.calls, 15);
}

TEST(Interceptor, GivesUpWithItsCall) {
  Greeter greeter;
  testing::InMemoryServer server;
  server.add(greeter);
  Journal journal;
  ChannelOptions options;
  options.http_version = HttpVersion::http2;
  options.interceptors.push_back(std::make_shared<Tracing>(journal, "client"));
  const ChannelPtr channel = server.channel(std::move(options));
  {
    const greet::v1::GreetServiceClientSync client(channel);
    auto call = client.converse();
    call.send(named("Ann"));
    EXPECT_TRUE(call.receive());
  }
  EXPECT_TRUE(probe_test::eventually([&] { return journal.lines().size() == 2; }));
  EXPECT_EQ(journal.lines().back(), "client ends with canceled");
}

// It is the last that has the call when it needs a thread of Asio's.
TEST(Interceptor, GoesOnWhenItsCallWasGivenUp) {
  for (const bool on_its_loop : {true, false}) {
    std::atomic<bool> done = false;
    std::string code;
    Peer peer;
    ChannelOptions options;
    options.http_version = HttpVersion::http2;
    options.interceptors = {made([&](Context& context, const Next& next) -> Task<> {
      try {
        co_await next();
      } catch (const Error& error) {
        code = to_string(error.code());
      }
      const auto executor = co_await boost::asio::this_coro::executor;
      boost::asio::steady_timer timer(executor, std::chrono::milliseconds(2));
      co_await timer.async_wait(boost::asio::use_awaitable);
      peer = context.peer();
      done = true;
    })};
    Greeter greeter;
    boost::asio::io_context loop(1);
    std::optional<testing::InMemoryServer> server;
    if (on_its_loop) {
      server.emplace(loop);
    } else {
      server.emplace();
    }
    server->add(greeter);
    const ChannelPtr channel = server->channel(std::move(options));
    if (on_its_loop) {
      const auto leave_early = [&]() -> Task<> {
        const greet::v1::GreetServiceClient client(channel);
        auto call = client.converse();
        const GreetRequest request = named("Ann");
        co_await call.send(request);
        co_await call.receive();
      };
      probe_test::run_on(loop, leave_early());
    } else {
      const greet::v1::GreetServiceClientSync client(channel);
      auto call = client.converse();
      call.send(named("Ann"));
      EXPECT_TRUE(call.receive());
    }
    EXPECT_TRUE(probe_test::eventually([&] {
      loop.restart();
      loop.poll();
      return done.load();
    }));
    EXPECT_EQ(code, "canceled");
    EXPECT_EQ(peer.kind(), Peer::Kind::in_process);
  }
}

// The client's loop ends before the call.
TEST(Interceptor, GoesWithItsLoop) {
  class Gone {
   public:
    explicit Gone(int& count) : count_(&count) {}
    ~Gone() { ++*count_; }
    Gone(const Gone&) = delete;
    Gone& operator=(const Gone&) = delete;

   private:
    int* count_;
  };
  for (const bool waits_for_a_timer : {false, true}) {
    int gone = 0;
    ChannelOptions options;
    // Connects, and never hears anything.
    boost::asio::io_context silent;
    boost::asio::ip::tcp::acceptor acceptor(silent, {boost::asio::ip::address_v4::loopback(), 0});
    options.interceptors = {made([&](Context&, const Next& next) -> Task<> {
                              const Gone guard(gone);
                              co_await next();
                            }),
                            made([&](Context&, const Next& next) -> Task<> {
                              const Gone guard(gone);
                              if (waits_for_a_timer) {
                                const auto executor = co_await boost::asio::this_coro::executor;
                                boost::asio::steady_timer timer(executor, std::chrono::hours(1));
                                co_await timer.async_wait(boost::asio::use_awaitable);
                              }
                              co_await next();
                            })};
    {
      boost::asio::io_context loop;
      const ChannelPtr channel = Channel::make(
          loop, "http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()), std::move(options));
      const greet::v1::GreetServiceClient client(channel);
      boost::asio::co_spawn(
          loop,
          [&]() -> Task<> {
            const GreetRequest request = named("Ann");
            const CallOptions patient = CallOptions().timeout(std::chrono::hours(1));
            co_await client.greet(request, patient);
          },
          boost::asio::detached);
      loop.run_for(std::chrono::milliseconds(20));
      EXPECT_EQ(gone, 0);
    }
    EXPECT_EQ(gone, 2);
  }
}

}  // namespace
}  // namespace connectrpc
