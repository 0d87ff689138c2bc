// How streams end, and what may not be done with them: the same in every protocol and style.
#include "integration/stream_caller.h"

namespace connectrpc::probe_test {
namespace {

using namespace std::chrono_literals;

ProbeRequest large_request() {
  ProbeRequest request;
  request.set_payload(payload_of(100'000));
  return request;
}

/// Of bidi methods where nothing else is said.
class StreamMisuse : public ::testing::TestWithParam<StreamCase> {
 protected:
  // A handler that reads nothing and waits until it is cancelled.
  static ProbeRequest deaf_plan() {
    ProbeRequest plan;
    plan.set_pause(ProbeRequest::PAUSE_AT_ONCE);
    plan.set_delay_ms(20'000);
    return plan;
  }
  static ProbeRequest echo_plan() {
    ProbeRequest plan;
    plan.set_echo(true);
    return plan;
  }

  template <class Function>
  auto step(Function function) {
    return take_step(rig_.io(), std::move(function));
  }

  // The handler of the only call has seen that its client went away.
  void expect_given_up() {
    ASSERT_TRUE(rig_.eventually([&] { return rig_.counters().ended >= 1; }));
    EXPECT_EQ(rig_.counters().ended, 1);
    EXPECT_EQ(rig_.counters().cancelled,
              static_cast<int>(GetParam().version == HttpVersion::http2 ? CancelReason::peer
                                                                        : CancelReason::connection_lost));
    rig_.expect_good_call();
  }

  StreamRig rig_{GetParam()};
};

TEST_P(StreamMisuse, SendAfterCloseSend) {
  const auto call = rig_.call(with_plan(echo_plan()));
  EXPECT_TRUE(call->send(request_of("0")));
  call->close_send();
  EXPECT_THROW(call->send(request_of("1")), std::logic_error);
  // The call is as it was.
  EXPECT_EQ(call->receive_all(), std::vector<std::string>{"hello 0"});
  EXPECT_THROW(call->send(request_of("1")), std::logic_error);
}

TEST_P(StreamMisuse, CloseSendAgainDoesNothing) {
  const auto call = rig_.call(with_plan(echo_plan()));
  EXPECT_TRUE(call->send(request_of("0")));
  for (int i = 0; i < 3; ++i) call->close_send();
  EXPECT_EQ(call->receive_all(), std::vector<std::string>{"hello 0"});
  call->close_send();
}

TEST_P(StreamMisuse, ReceiveAfterTheEnd) {
  const auto call = rig_.call(with_plan(echo_plan()));
  call->close_send();
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(call->receive());
}

TEST_P(StreamMisuse, TrailersBeforeTheEnd) {
  const auto call = rig_.call(with_plan(echo_plan()));
  EXPECT_THROW(call->trailers(), std::logic_error);
  EXPECT_TRUE(call->send(request_of("0")));
  call->close_send();
  EXPECT_TRUE(call->receive());
  EXPECT_THROW(call->trailers(), std::logic_error);
  EXPECT_FALSE(call->receive());
  EXPECT_TRUE(call->trailers().empty());
}

TEST_P(StreamMisuse, TwoSendsAtOnce) {
  ProbeRequest plan = deaf_plan();
  // Behind what is not read no server sees the end of an HTTP/1.1 connection: then it reads after all.
  if (!GetParam().full_duplex()) plan.set_delay_ms(200);
  rig_.with_talk(with_plan(plan), [&](auto call) {
    const ProbeRequest request = large_request();
    {
      Background sending(rig_.io(), [&] {
        // Until the windows are full.
        if constexpr (IsTask<decltype(call.send(request))>::value) {
          return [](auto& talk, const ProbeRequest& message) -> Task<bool> {
            while (co_await talk.send(message)) {
            }
            co_return false;
          }(call, request);
        } else {
          while (call.send(request)) {
          }
          return false;
        }
      });
      rig_.idle(60ms);
      EXPECT_FALSE(sending.done());
      EXPECT_THROW(step([&] { return call.send(request); }), std::logic_error);
      EXPECT_THROW(step([&] { return call.close_send(); }), std::logic_error);
      EXPECT_FALSE(sending.done());
      call.cancel();
      EXPECT_FALSE(sending.result());
    }
  });
  expect_given_up();
}

TEST_P(StreamMisuse, TwoReceivesAtOnce) {
  rig_.with_talk(with_plan(deaf_plan()), [&](auto call) {
    Background receiving(rig_.io(), [&] { return call.receive(); });
    ASSERT_TRUE(rig_.eventually([&] { return rig_.counters().started == 1; }));
    EXPECT_THROW(step([&] { return call.receive(); }), std::logic_error);
    EXPECT_THROW(step([&] { return call.headers(); }), std::logic_error);
    EXPECT_FALSE(receiving.done());
    call.cancel();
    EXPECT_EQ(receiving.code(), Code::canceled);
  });
  expect_given_up();
}

TEST_P(StreamMisuse, SendGivesFalseOnceTheServerHasEnded) {
  for (const Code code : {Code::unknown, Code::aborted}) {
    ProbeRequest plan;
    plan.set_take(-1);
    if (code == Code::aborted) plan.set_code(static_cast<int>(code));
    const auto call = rig_.call(with_plan(plan));
    const auto end = std::chrono::steady_clock::now() + 10s;
    const ProbeRequest request = request_of("into the void");
    while (call->send(request) && std::chrono::steady_clock::now() < end) rig_.idle(1ms);
    EXPECT_FALSE(call->send(request));
    EXPECT_FALSE(call->send(request));
    call->close_send();
    if (code == Code::aborted) {
      for (int i = 0; i < 2; ++i) EXPECT_EQ(as_result([&] { return call->receive(); }).error().code(), code);
    } else {
      EXPECT_FALSE(call->receive());
    }
    EXPECT_TRUE(call->trailers().empty());
    rig_.expect_good_call();
  }
}

TEST_P(StreamMisuse, SendThatWaitsGivesFalseOnceTheServerEnds) {
  ProbeRequest plan = deaf_plan();
  plan.set_delay_ms(100);
  plan.set_take(-1);
  const auto call = rig_.call(with_plan(plan));
  const ProbeRequest request = large_request();
  const auto begin = std::chrono::steady_clock::now();
  while (call->send(request)) {
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  EXPECT_FALSE(call->receive());
}

TEST_P(StreamMisuse, DestroyedEarlyItResetsItsStream) {
  ProbeRequest plan = deaf_plan();
  plan.set_pause(ProbeRequest::PAUSE_AFTER_HEADERS);
  plan.set_headers_first(true);
  {
    const auto call = rig_.call(with_plan(plan));
    call->open();
    call->headers();
  }
  expect_given_up();
}

TEST_P(StreamMisuse, DestroyedBeforeTheAnswerItResetsItsStream) {
  {
    const auto call = rig_.call(with_plan(deaf_plan()));
    EXPECT_TRUE(call->send(request_of("0")));
    ASSERT_TRUE(rig_.eventually([&] { return rig_.counters().started == 1; }));
  }
  expect_given_up();
}

TEST_P(StreamMisuse, DestroyedWhileTheHandlerWaitsForMessages) {
  {
    const auto call = rig_.call(with_plan(echo_plan()));
    EXPECT_TRUE(call->send(request_of("0")));
    EXPECT_TRUE(call->receive());
  }
  expect_given_up();
}

TEST_P(StreamMisuse, NeverAwaitedItSendsNothing) {
  {
    const auto call = rig_.call(with_plan(echo_plan()));
    const auto generic = rig_.open(rig_.method(), with_plan(echo_plan()));
    EXPECT_EQ(call->peer().kind(), Peer::Kind::unknown);
    call->cancel();
  }
  {
    auto unary = ::probe::v1::ProbeServiceClient(rig_.channel()).talk(CallOptions());
    if (GetParam().client != ClientStyle::blocking) {
      // A step that is made and not awaited is none, except that its message is encoded.
      auto never = unary.open();
      auto send = unary.send(request_of("0"));
    }
  }
  rig_.idle(20ms);
  EXPECT_EQ(rig_.counters().started, 0);
  EXPECT_EQ(rig_.server().server().connections(), 0u);
}

TEST_P(StreamMisuse, Moved) {
  rig_.with_talk(with_plan(echo_plan()), [&](auto call) {
    EXPECT_TRUE(step([&] { return call.send(request_of("0")); }));
    auto moved = std::move(call);
    const auto first = step([&] { return moved.receive(); });
    ASSERT_TRUE(first);
    EXPECT_EQ(first->text(), "hello 0");
    rig_.with_talk(with_plan(deaf_plan()), [&](auto other) {
      step([&] { return other.open(); });
      EXPECT_TRUE(rig_.eventually([&] { return rig_.counters().started == 2; }));
      // Gives up what it held.
      if constexpr (std::is_same_v<std::decay_t<decltype(other)>, std::decay_t<decltype(moved)>>) {
        other = std::move(moved);
      } else {
        FAIL() << "calls of one style have one type";
      }
      EXPECT_TRUE(rig_.eventually([&] { return rig_.counters().ended == 1; }));
      EXPECT_NE(rig_.counters().cancelled, -1);
      EXPECT_TRUE(step([&] { return other.send(request_of("1")); }));
      step([&] { return other.close_send(); });
      EXPECT_TRUE(step([&] { return other.receive(); }));
      EXPECT_FALSE(step([&] { return other.receive(); }));
    });
  });
  EXPECT_TRUE(rig_.eventually([&] { return rig_.counters().ended == 2; }));
}

INSTANTIATE_TEST_SUITE_P(All, StreamMisuse, ::testing::ValuesIn(all_stream_cases({StreamType::bidi})),
                         [](const auto& tested) { return name_of(tested.param); });

/// The rules of the other kinds.
class StreamEnds : public ::testing::TestWithParam<StreamCase> {};

TEST_P(StreamEnds, DestroyedEarlyItResetsItsStream) {
  StreamRig rig(GetParam());
  ProbeRequest plan;
  plan.set_pause(ProbeRequest::PAUSE_AFTER_HEADERS);
  plan.set_headers_first(true);
  plan.set_delay_ms(20'000);
  {
    const auto call = rig.call(with_plan(plan));
    call->headers();
  }
  ASSERT_TRUE(rig.eventually([&] { return rig.counters().ended >= 1; }));
  EXPECT_NE(rig.counters().cancelled, -1);
  rig.expect_good_call();
}

TEST_P(StreamEnds, TrailersOnlyAtTheEnd) {
  StreamRig rig(GetParam());
  ProbeRequest plan;
  plan.set_answers(1);
  add(plan.mutable_response_trailers(), "x-cost", "3ms");
  const auto call = rig.call(with_plan(plan));
  EXPECT_THROW(call->trailers(), std::logic_error);
  call->close_send();
  call->receive_all();
  EXPECT_EQ(call->trailers()["x-cost"], "3ms");
}

TEST_P(StreamEnds, FinishOnce) {
  if (GetParam().kind != StreamType::client) return;
  StreamRig rig(GetParam());
  auto call = ::probe::v1::ProbeServiceClientSync(Channel::make(rig.server().url(), rig.channel()->options()))
                  .collect(with_plan(ProbeRequest()));
  const Response<ProbeResponse> response = call.finish();
  EXPECT_EQ(response->text(), "");
  EXPECT_THROW(static_cast<void>(call.finish()), std::logic_error);
  EXPECT_THROW(static_cast<void>(call.send(ProbeRequest())), std::logic_error);
}

INSTANTIATE_TEST_SUITE_P(All, StreamEnds,
                         ::testing::ValuesIn(all_stream_cases({StreamType::server, StreamType::client})),
                         [](const auto& tested) { return name_of(tested.param); });

}  // namespace
}  // namespace connectrpc::probe_test
