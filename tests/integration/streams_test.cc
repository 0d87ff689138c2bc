// Streams mean the same in every protocol, HTTP version and style: messages, metadata, errors, each step told or left
// out.
#include <gmock/gmock.h>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "integration/stream_caller.h"

namespace connectrpc::probe_test {
namespace {

using namespace boost::asio::experimental::awaitable_operators;
using ::probe::v1::ProbeServiceClient;
using ::probe::v1::ProbeServiceClientSync;
using ::probe::v1::ProbeServiceHandler;
using ::testing::ElementsAre;

std::vector<std::string> values(const ProbeResponse& response, std::string_view name) {
  std::vector<std::string> found;
  for (const Pair& pair : response.request_headers())
    if (pair.name() == name) found.push_back(pair.value());
  return found;
}

void add_metadata(ProbeRequest& plan) {
  add(plan.mutable_response_headers(), "x-head", "one");
  add(plan.mutable_response_headers(), "x-head", "two, three");
  add(plan.mutable_response_headers(), "x-raw-bin", std::string("\0\x01", 2));
  add(plan.mutable_response_trailers(), "x-cost", "3ms");
  add(plan.mutable_response_trailers(), "x-cost", "");
  add(plan.mutable_response_trailers(), "x-sum-bin", std::string("\xff\0", 2));
}

CallOptions request_metadata() {
  CallOptions options({"x-tenant", "1234"}, {"x-many", "a"}, {"x-many", "b"});
  options.binary_header("x-token-bin", std::string_view("\xfe\x00", 2));
  return options;
}

void expect_headers(const Headers& headers) {
  EXPECT_THAT(headers.get_all("x-head"), ElementsAre("one", "two, three"));
  EXPECT_EQ(headers.get_binary("x-raw-bin").value(), std::string("\0\x01", 2));
  EXPECT_FALSE(headers.contains("x-cost"));
  EXPECT_FALSE(headers.contains("content-type"));
}

void expect_trailers(const Headers& trailers) {
  EXPECT_THAT(trailers.get_all("x-cost"), ElementsAre("3ms", ""));
  EXPECT_EQ(trailers.get_binary("x-sum-bin").value(), std::string("\xff\0", 2));
  EXPECT_EQ(trailers.size(), 3u);
}

std::vector<std::string> numbered(const std::string& prefix, int count) {
  std::vector<std::string> texts;
  for (int i = 0; i < count; ++i) texts.push_back(prefix + std::to_string(i));
  return texts;
}

class Streams : public ::testing::TestWithParam<StreamCase> {
 protected:
  bool has_requests() const { return GetParam().kind != StreamType::server; }
  bool has_answers() const { return GetParam().kind != StreamType::client; }

  // What a call with `count` messages each way answers.
  ProbeRequest plan_for(int count) const {
    ProbeRequest plan;
    add_metadata(plan);
    if (GetParam().kind == StreamType::server) plan.set_answers(count);
    if (GetParam().kind == StreamType::bidi) plan.set_echo(true);
    return plan;
  }
  std::vector<std::string> answers_for(int count) const {
    if (GetParam().kind == StreamType::server) return numbered("answer ", count);
    if (GetParam().kind == StreamType::bidi) return numbered("hello ", count);
    std::string all;
    for (const std::string& text : numbered("|", count)) all += text;
    return {all};
  }

  // Every step, one after the other.
  void expect_all_steps(Caller& call, int count, bool headers_first) {
    call.open();
    EXPECT_EQ(call.peer().to_string(), "127.0.0.1:" + std::to_string(rig_.server().port()));
    if (headers_first) expect_headers(call.headers());
    std::vector<std::string> texts;
    std::optional<ProbeResponse> first;
    const auto receive = [&] {
      std::optional<ProbeResponse> answer = call.receive();
      if (!answer) return false;
      texts.push_back(answer->text());
      if (!first) first = std::move(answer);
      return true;
    };
    for (int i = 0; has_requests() && i < count; ++i) {
      EXPECT_TRUE(call.send(request_of(std::to_string(i))));
      if (GetParam().kind == StreamType::bidi && GetParam().full_duplex()) {
        EXPECT_TRUE(receive());
      }
    }
    call.close_send();
    // A typed client stream ends its request only when it waits for the answer.
    if (!headers_first && has_answers()) expect_headers(call.headers());
    while (receive()) {
    }
    expect_headers(call.headers());
    EXPECT_EQ(texts, answers_for(count));
    expect_trailers(call.trailers());
    if (!first) return;
    EXPECT_THAT(values(*first, "x-tenant"), ElementsAre("1234"));
    EXPECT_THAT(values(*first, "x-many"), ElementsAre("a", "b"));
    EXPECT_THAT(values(*first, "x-token-bin"), ElementsAre("/gA"));
    EXPECT_EQ(first->protocol(), to_string(GetParam().protocol));
    EXPECT_EQ(first->http_version(), to_string(GetParam().version));
  }

  void expect_error(Caller& call, std::vector<std::string> before) {
    std::vector<std::string> texts;
    for (int times = 0; times < 2; ++times) {
      try {
        while (const auto message = call.receive()) texts.push_back(message->text());
        ADD_FAILURE() << "no error";
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::failed_precondition);
        EXPECT_EQ(error.message(), "50 % of it\nfäiled");
        EXPECT_TRUE(error.is_remote());
        EXPECT_EQ(error.detail<ProbeRequest>().value().text(), "because");
        EXPECT_EQ(error.headers()["x-head"], "one");
        EXPECT_EQ(error.trailers()["x-cost"], "3ms");
        EXPECT_THAT(error.metadata().get_all("x-own"), ElementsAre("1", "2"));
        EXPECT_EQ(error.metadata().get_binary("x-own-bin").value(), std::string("\0", 1));
      }
    }
    EXPECT_EQ(texts, before);
    EXPECT_EQ(call.trailers()["x-cost"], "3ms");
  }

  static ProbeRequest failing(ProbeRequest plan) {
    plan.set_code(static_cast<int>(Code::failed_precondition));
    plan.set_message("50 % of it\nfäiled");
    plan.set_detail("because");
    add(plan.mutable_error_metadata(), "x-own", "1");
    add(plan.mutable_error_metadata(), "x-own", "2");
    add(plan.mutable_error_metadata(), "x-own-bin", std::string("\0", 1));
    return plan;
  }

  StreamRig rig_{GetParam()};
};

TEST_P(Streams, EveryStepTold) {
  for (const int count : {0, 1, 5}) {
    for (const bool headers_first : {true, false}) {
      ProbeRequest plan = plan_for(count);
      plan.set_headers_first(headers_first);
      SCOPED_TRACE(std::to_string(count) + (headers_first ? ", headers first" : ""));
      expect_all_steps(*rig_.call(with_plan(plan, request_metadata())), count, headers_first);
    }
  }
  EXPECT_TRUE(rig_.eventually([&] { return rig_.counters().ended == 6; }));
  EXPECT_EQ(rig_.counters().cancelled, -1);
}

TEST_P(Streams, EveryStepLeftOut) {
  for (const int count : {0, 1, 5}) {
    SCOPED_TRACE(count);
    const auto call = rig_.call(with_plan(plan_for(count)));
    for (int i = 0; has_requests() && i < count; ++i) EXPECT_TRUE(call->send(request_of(std::to_string(i))));
    call->close_send();
    EXPECT_EQ(call->receive_all(), answers_for(count));
    expect_trailers(call->trailers());
  }
}

TEST_P(Streams, ByTheirMethodsAlone) {
  ProbeRequest plan = plan_for(2);
  plan.set_headers_first(true);
  const auto call = rig_.open(rig_.method(), with_plan(plan, request_metadata()));
  if (GetParam().kind == StreamType::server) {
    EXPECT_TRUE(call->send(request_of("request")));
    call->close_send();
  }
  expect_all_steps(*call, 2, true);
}

// They were lost when the first message was taken before anyone asked for them.
TEST_P(Streams, HeadersAfterTheFirstMessage) {
  if (!has_answers()) return;
  ProbeRequest plan;
  add_metadata(plan);
  plan.set_answers(2);
  const auto call = rig_.call(with_plan(plan));
  call->close_send();
  EXPECT_TRUE(call->receive());
  expect_headers(call->headers());
  EXPECT_TRUE(call->receive());
  EXPECT_FALSE(call->receive());
  expect_headers(call->headers());
}

TEST_P(Streams, ErrorBeforeAnyMessage) {
  for (const bool headers_first : {false, true}) {
    ProbeRequest plan = failing(plan_for(0));
    plan.set_headers_first(headers_first);
    plan.set_take(-1);
    SCOPED_TRACE(headers_first);
    const auto call = rig_.call(with_plan(plan));
    call->close_send();
    expect_error(*call, {});
  }
}

TEST_P(Streams, ErrorAfterTwoMessages) {
  ProbeRequest plan = failing(plan_for(2));
  plan.set_take(2);
  const auto call = rig_.call(with_plan(plan));
  for (int i = 0; has_requests() && i < 2; ++i) EXPECT_TRUE(call->send(request_of(std::to_string(i))));
  expect_error(*call, has_answers() ? answers_for(2) : std::vector<std::string>());
  rig_.expect_good_call();
}

TEST_P(Streams, HideWhatAHandlerThrows) {
  ProbeRequest plan = plan_for(1);
  plan.set_crash(true);
  const auto call = rig_.call(with_plan(plan));
  call->close_send();
  try {
    call->receive_all();
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::unknown);
    EXPECT_EQ(error.message().find("secret"), std::string::npos);
  }
  EXPECT_TRUE(rig_.server().logged("secret of the house"));
}

TEST_P(Streams, CarryLargeMessages) {
  ProbeRequest plan;
  plan.set_answers(3);
  plan.set_answer_size(700'000);
  const auto call = rig_.call(with_plan(plan));
  ProbeRequest large = request_of("large");
  large.set_payload(std::string(700'000, 'p'));
  for (int i = 0; has_requests() && i < 3; ++i) EXPECT_TRUE(call->send(large));
  call->close_send();
  int count = 0;
  for (; const auto answer = call->receive(); ++count) {
    EXPECT_EQ(answer->payload().size(), has_answers() ? 700'000u : 0u);
  }
  EXPECT_EQ(count, has_answers() ? 3 : 1);
}

INSTANTIATE_TEST_SUITE_P(All, Streams, ::testing::ValuesIn(all_stream_cases()),
                         [](const auto& tested) { return name_of(tested.param); });

// ---- Unary methods step by step

class UnaryBySteps : public Streams {};

TEST_P(UnaryBySteps, EveryStepTold) {
  ProbeRequest request = request_of("world");
  add_metadata(request);
  const auto call = rig_.open(ProbeServiceHandler::probe_method, request_metadata());
  call->open();
  EXPECT_TRUE(call->send(request));
  call->close_send();
  expect_headers(call->headers());
  const auto answer = call->receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->text(), "hello world");
  EXPECT_THAT(values(*answer, "x-many"), ElementsAre("a", "b"));
  EXPECT_FALSE(call->receive());
  EXPECT_FALSE(call->receive());
  expect_trailers(call->trailers());
}

TEST_P(UnaryBySteps, EveryStepLeftOut) {
  ProbeRequest request = request_of("world");
  add_metadata(request);
  const auto call = rig_.open(ProbeServiceHandler::look_method, CallOptions().use_get());
  EXPECT_TRUE(call->send(request));
  call->close_send();
  EXPECT_THAT(call->receive_all(), ElementsAre("hello world"));
  expect_trailers(call->trailers());
}

TEST_P(UnaryBySteps, Error) {
  ProbeRequest request = failing(request_of("world"));
  add_metadata(request);
  const auto call = rig_.open(ProbeServiceHandler::probe_method, CallOptions());
  EXPECT_TRUE(call->send(request));
  call->close_send();
  expect_error(*call, {});
}

INSTANTIATE_TEST_SUITE_P(All, UnaryBySteps, ::testing::ValuesIn(all_stream_cases({StreamType::unary})),
                         [](const auto& tested) { return name_of(tested.param); });

// ---- Both sides at once

constexpr int many = 300;

Task<> send_all(BidiStreamCall<ProbeRequest, ProbeResponse>& call) {
  for (int i = 0; i < many; ++i) {
    ProbeRequest request = request_of(std::to_string(i));
    request.set_payload(payload_of(1000));
    EXPECT_TRUE(co_await call.send(request));
  }
  co_await call.close_send();
}

Task<> receive_all(BidiStreamCall<ProbeRequest, ProbeResponse>& call, std::vector<std::string>& texts) {
  while (const auto answer = co_await call.receive()) texts.push_back(answer->text());
}

// Reads and writes in two coroutines, or on two threads.
class TwoSided final : public ProbeServiceHandler {
 public:
  Task<> talk(StreamReader<ProbeRequest>& requests, StreamWriter<ProbeResponse>& responses, Context&) override {
    co_await (read(requests) && write(responses));
  }

 private:
  static Task<> read(StreamReader<ProbeRequest>& requests) {
    int count = 0;
    while (const auto request = co_await requests.receive()) count += request->text() == std::to_string(count) ? 1 : 0;
    EXPECT_EQ(count, many);
  }
  static Task<> write(StreamWriter<ProbeResponse>& responses) {
    for (int i = 0; i < many; ++i) {
      ProbeResponse response;
      response.set_text("hello " + std::to_string(i));
      response.set_payload(payload_of(1000));
      EXPECT_TRUE(co_await responses.send(response));
    }
  }
};

class TwoSidedBlocking final : public ::probe::v1::ProbeServiceHandlerSync {
 public:
  void talk(StreamReaderSync<ProbeRequest>& requests, StreamWriterSync<ProbeResponse>& responses, Context&) override {
    std::thread reader([&] {
      int count = 0;
      while (const auto request = requests.receive()) count += request->text() == std::to_string(count) ? 1 : 0;
      EXPECT_EQ(count, many);
    });
    for (int i = 0; i < many; ++i) {
      ProbeResponse response;
      response.set_text("hello " + std::to_string(i));
      response.set_payload(payload_of(1000));
      EXPECT_TRUE(responses.send(response));
    }
    reader.join();
  }
};

class BothSides : public ::testing::TestWithParam<StreamCase> {
 protected:
  static std::vector<std::string> converse(StreamRig& rig, const ChannelPtr& channel, const CallOptions& options) {
    std::vector<std::string> texts;
    if (GetParam().client == ClientStyle::blocking) {
      auto call = ProbeServiceClientSync(channel).talk(options);
      std::thread reader([&] {
        while (const auto answer = call.receive()) texts.push_back(answer->text());
      });
      for (int i = 0; i < many; ++i) {
        ProbeRequest request = request_of(std::to_string(i));
        request.set_payload(payload_of(1000));
        EXPECT_TRUE(call.send(request));
      }
      call.close_send();
      reader.join();
    } else {
      auto call = ProbeServiceClient(channel).talk(options);
      run_on(rig.io(), send_all(call) && receive_all(call, texts));
    }
    return texts;
  }
};

TEST_P(BothSides, OfTheClientAtOnce) {
  StreamRig rig(GetParam());
  ProbeRequest plan;
  plan.set_echo(GetParam().full_duplex());
  plan.set_answers(GetParam().full_duplex() ? 0 : many);
  EXPECT_EQ(converse(rig, rig.channel(), with_plan(plan)),
            numbered(GetParam().full_duplex() ? "hello " : "answer ", many));
}

TEST_P(BothSides, OfTheHandlerAtOnce) {
  TwoSided coroutine;
  TwoSidedBlocking blocking;
  Server server;
  StreamRig rig(GetParam());
  if (GetParam().server == Style::coroutine) {
    server.add(coroutine);
  } else {
    server.add(blocking);
  }
  const auto port = server.listen("127.0.0.1:0");
  server.start();
  const ChannelPtr channel = Channel::make("http://127.0.0.1:" + std::to_string(port), rig.channel()->options());
  EXPECT_EQ(converse(rig, channel, CallOptions()), numbered("hello ", many));
}

INSTANTIATE_TEST_SUITE_P(All, BothSides, ::testing::ValuesIn(all_stream_cases({StreamType::bidi})),
                         [](const auto& tested) { return name_of(tested.param); });

}  // namespace
}  // namespace connectrpc::probe_test
