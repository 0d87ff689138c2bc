// A sender waits for a reader that takes its time, in both directions; the connection's other calls do not.
// tests/backpressure shows the same with figures for memory.
#include <vector>

#include "integration/stream_caller.h"

namespace connectrpc::probe_test {
namespace {

using namespace std::chrono_literals;

constexpr int message_size = 16 * 1024;
// What ChannelOptions and ServerOptions say by themselves: a window and a high-water mark.
constexpr int room = (256 + 64) * 1024 / message_size;

// Where the window is HTTP/2's, what is on its way is counted; behind HTTP/1.1 the kernel takes some, too.
int most_sent(HttpVersion version) { return version == HttpVersion::http2 ? room + 4 : 1000; }
int count_for(HttpVersion version) { return version == HttpVersion::http2 ? 100 : 1500; }

class Backpressure : public ::testing::TestWithParam<StreamCase> {
 protected:
  Backpressure() : rig_(GetParam(), uncompressed()) {}

  // What fills windows must not shrink.
  static ServerOptions uncompressed() {
    ServerOptions options;
    options.compress_responses = false;
    return options;
  }

  static int most() { return most_sent(GetParam().version); }
  static int count() { return count_for(GetParam().version); }

  // `sent` has come to a halt, early enough.
  template <class Sent>
  void expect_halt(const Sent& sent) {
    EXPECT_TRUE(rig_.eventually([&] { return sent >= room / 2; }));
    int before = -1;
    for (int rounds = 0; before != sent && rounds < 100; ++rounds) {
      before = sent;
      rig_.idle(30ms);
    }
    EXPECT_EQ(before, sent);
    EXPECT_LE(sent, most());
  }
  // Another call, on the same connection if that can be, in 50 ms: in one of five tries, as the machine may be busy.
  void expect_quick_call() {
    auto best = 1000ms;
    for (int i = 0; i < 5 && best > 50ms; ++i) {
      const auto begin = std::chrono::steady_clock::now();
      rig_.expect_good_call();
      const auto took = std::chrono::steady_clock::now() - begin;
      best = std::min(best, std::chrono::duration_cast<std::chrono::milliseconds>(took));
    }
    EXPECT_LE(best, 50ms);
    if (GetParam().version == HttpVersion::http2) {
      EXPECT_EQ(rig_.server().server().connections(), 1u);
    }
  }

  StreamRig rig_;
};

TEST_P(Backpressure, OfAClientThatDoesNotRead) {
  if (GetParam().kind == StreamType::client) return;
  ProbeRequest plan;
  plan.set_answers(count());
  plan.set_answer_size(message_size);
  const auto call = rig_.call(with_plan(plan));
  call->close_send();
  EXPECT_TRUE(call->receive());
  expect_halt(rig_.counters().sent);
  expect_quick_call();
  EXPECT_LE(rig_.counters().sent, most());
  int next = 1;
  while (const auto answer = call->receive()) {
    EXPECT_EQ(answer->text(), "answer " + std::to_string(next++));
    EXPECT_EQ(answer->payload().size(), static_cast<std::size_t>(message_size));
  }
  EXPECT_EQ(next, count());
}

template <class AnyCall>
Task<bool> send_counted(AnyCall& call, int count, std::atomic<int>& sent) {
  ProbeRequest request;
  request.set_payload(payload_of(message_size));
  for (int i = 0; i < count; ++i) {
    request.set_text(std::to_string(i));
    const bool more = co_await call.send(request);
    if (!more) co_return false;
    ++sent;
  }
  co_return true;
}
template <class AnyCall>
bool send_counted_blocking(AnyCall& call, int count, std::atomic<int>& sent) {
  ProbeRequest request;
  request.set_payload(payload_of(message_size));
  for (int i = 0; i < count; ++i) {
    request.set_text(std::to_string(i));
    if (!call.send(request)) return false;
    ++sent;
  }
  return true;
}

TEST_P(Backpressure, OfAHandlerThatDoesNotRead) {
  if (GetParam().kind == StreamType::server) return;
  ProbeRequest plan;
  plan.set_gated(true);
  plan.set_answers(GetParam().kind == StreamType::bidi ? 1 : 0);
  const auto go = [&](auto call) {
    std::atomic<int> sent{0};
    {
      Background sending(rig_.io(), [&] {
        if constexpr (IsTask<decltype(call.send(ProbeRequest()))>::value) {
          return send_counted(call, count(), sent);
        } else {
          return send_counted_blocking(call, count(), sent);
        }
      });
      expect_halt(sent);
      EXPECT_EQ(rig_.counters().received, 0);
      expect_quick_call();
      EXPECT_LE(sent, most());
      rig_.counters().gate = true;
      EXPECT_TRUE(sending.result());
    }
    if constexpr (requires { call.finish(); }) {
      std::string all;
      for (int i = 0; i < count(); ++i) all += "|" + std::to_string(i);
      const auto response = take_step(rig_.io(), [&] { return call.finish(); });
      EXPECT_EQ(response->text(), all);
    } else {
      take_step(rig_.io(), [&] { return call.close_send(); });
      EXPECT_TRUE(take_step(rig_.io(), [&] { return call.receive(); }));
      EXPECT_FALSE(take_step(rig_.io(), [&] { return call.receive(); }));
    }
    EXPECT_EQ(rig_.counters().received, count());
  };
  const CallOptions options = with_plan(plan);
  if (GetParam().client == ClientStyle::blocking) {
    const ::probe::v1::ProbeServiceClientSync client(rig_.channel());
    if (GetParam().kind == StreamType::client) return go(client.collect(options));
    return go(client.talk(options));
  }
  const ::probe::v1::ProbeServiceClient client(rig_.channel());
  if (GetParam().kind == StreamType::client) return go(client.collect(options));
  return go(client.talk(options));
}

// Server streams and client streams over all wires; bidi adds nothing here but time.
std::vector<StreamCase> backpressure_cases() {
  std::vector<StreamCase> cases;
  for (const StreamCase& c : all_stream_cases({StreamType::server, StreamType::client})) {
    const ClientStyle client = c.server == Style::coroutine ? ClientStyle::here : ClientStyle::blocking;
    if (c.client == client) cases.push_back(c);
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(All, Backpressure, ::testing::ValuesIn(backpressure_cases()),
                         [](const auto& tested) { return name_of(tested.param); });

// Marks below what the transport itself takes as little: a send that waited was not told that there was room again.
class SmallHighWater : public ::testing::TestWithParam<HttpVersion> {};

TEST_P(SmallHighWater, LetsSendsGoOn) {
  for (const Style style : {Style::coroutine, Style::blocking}) {
    for (const std::size_t mark : {std::size_t{0}, std::size_t{100}, std::size_t{20'000}}) {
      const StreamCase tested{Protocol::connect, GetParam(), StreamType::bidi, style, ClientStyle::here};
      ServerOptions server_options;
      server_options.high_water = mark;
      server_options.compress_responses = false;
      ChannelOptions options;
      options.stream_high_water = mark;
      StreamRig rig(tested, std::move(server_options), std::move(options));
      ProbeRequest plan;
      plan.set_answers(5);
      plan.set_answer_size(25'000);
      const auto call = rig.call(with_plan(plan));
      ProbeRequest request;
      request.set_payload(payload_of(25'000));
      for (int i = 0; i < 5; ++i) ASSERT_TRUE(call->send(request));
      call->close_send();
      EXPECT_EQ(call->receive_all().size(), 5u);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, SmallHighWater, ::testing::Values(HttpVersion::http1_1, HttpVersion::http2),
                         [](const auto& tested) { return tested.param == HttpVersion::http2 ? "Http2" : "Http1"; });

}  // namespace
}  // namespace connectrpc::probe_test
