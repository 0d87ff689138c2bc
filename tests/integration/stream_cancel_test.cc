// Deadlines and cancellation in every state of a call: the handler learns why, the client sees one code, and the server
// says so itself where only it watches the deadline.
#include <algorithm>
#include <functional>
#include <stop_token>

#include "integration/sockets.h"
#include "integration/stream_caller.h"
#include "integration/wire_client.h"

namespace connectrpc::probe_test {
namespace {

using namespace std::chrono_literals;
using ::probe::v1::ProbeServiceHandler;

/// Where a call stands when it ends too early.
enum class State {
  before_headers,
  after_headers,
  between_messages,
  handler_sends,
  handler_receives,
  client_sends,
  after_last
};

std::string_view to_text(State state) {
  switch (state) {
    case State::before_headers: return "before headers";
    case State::after_headers: return "after headers";
    case State::between_messages: return "between messages";
    case State::handler_sends: return "the handler is blocked in send";
    case State::handler_receives: return "the handler is blocked in receive";
    case State::client_sends: return "the client is blocked in send";
    case State::after_last: return "after the last message";
  }
  return "";
}

constexpr int pause_ms = 20'000;

ProbeRequest plan_for(State state) {
  ProbeRequest plan;
  plan.set_headers_first(true);
  plan.set_delay_ms(pause_ms);
  switch (state) {
    case State::before_headers:
    case State::client_sends: plan.set_pause(ProbeRequest::PAUSE_AT_ONCE); break;
    case State::after_headers: plan.set_pause(ProbeRequest::PAUSE_AFTER_HEADERS); break;
    case State::between_messages:
      plan.set_pause(ProbeRequest::PAUSE_BETWEEN);
      plan.set_answers(2);
      break;
    case State::handler_sends:
      plan.set_answers(1'000'000);
      plan.set_answer_size(16'000);
      break;
    case State::handler_receives: break;
    case State::after_last:
      plan.set_pause(ProbeRequest::PAUSE_AFTER_LAST);
      plan.set_answers(1);
      break;
  }
  return plan;
}

std::vector<State> states_of(StreamType kind) {
  switch (kind) {
    case StreamType::server:
      return {State::before_headers, State::after_headers, State::between_messages, State::handler_sends,
              State::after_last};
    case StreamType::client:
      return {State::before_headers, State::after_headers, State::handler_receives, State::client_sends,
              State::after_last};
    default:
      return {State::before_headers,   State::after_headers, State::between_messages, State::handler_sends,
              State::handler_receives, State::client_sends,  State::after_last};
  }
}

ServerOptions short_drain() {
  ServerOptions options;
  options.drain_timeout = 30ms;
  // What fills windows must not shrink.
  options.compress_responses = false;
  // A blocking handler for each state, and those that a test leaves behind.
  options.workers = 16;
  return options;
}

// ---- Between our client and our server

/// A call in one state, with the step that the client waits in.
class Standing {
 public:
  Standing(StreamRig& rig, const StreamCase& tested, State state, const CallOptions& options) : state_(state) {
    ProbeRequest plan = plan_for(state);
    // Behind what is not read no server sees the end of an HTTP/1.1 connection: then it reads after all.
    if (state == State::client_sends && !tested.full_duplex()) plan.set_delay_ms(300);
    const CallOptions all = with_plan(plan, options);
    // A typed client stream ends its request only when it waits for the answer.
    call_ = tested.kind == StreamType::client ? rig.open(rig.method(), all) : rig.call(all);
    call_->open();
    if (state != State::handler_receives && state != State::client_sends) call_->close_send();
    if (state != State::before_headers && state != State::client_sends) call_->headers();
    if (tested.kind != StreamType::client && (state == State::between_messages || state == State::after_last)) {
      EXPECT_TRUE(call_->receive());
    }
  }

  State state() const { return state_; }
  Caller& call() { return *call_; }
  /// Takes the step that will wait.
  void wait() {
    if (state_ == State::client_sends) {
      ProbeRequest large;
      large.set_payload(payload_of(100'000));
      while (call_->send(large)) {
      }
    }
    call_->receive_all();
  }
  std::optional<Code> outcome() {
    try {
      wait();
    } catch (const Error& error) {
      return error.code();
    }
    return std::nullopt;
  }

 private:
  const State state_;
  std::unique_ptr<Caller> call_;
};

class StreamCancel : public ::testing::TestWithParam<StreamCase> {
 protected:
  StreamCancel() : rig_(GetParam(), short_drain()), states_(states_of(GetParam().kind)) {}

  // One call in each state.
  void stand(const CallOptions& options) {
    for (const State state : states_) {
      SCOPED_TRACE(to_text(state));
      calls_.push_back(std::make_unique<Standing>(rig_, GetParam(), state, options));
    }
    ASSERT_TRUE(rig_.eventually([&] { return rig_.counters().started == static_cast<int>(states_.size()); }));
  }
  void expect_outcomes(Code code) {
    for (const auto& standing : calls_) {
      SCOPED_TRACE(to_text(standing->state()));
      // Again and again the same.
      for (int i = 0; i < 2; ++i) EXPECT_EQ(standing->outcome(), code);
    }
  }
  int count() const { return static_cast<int>(states_.size()); }
  int seen(CancelReason reason) { return rig_.counters().reasons[static_cast<std::size_t>(reason)]; }
  // HTTP/1.1 has no other way to say it than to close the connection.
  int seen_from_client() {
    return seen(CancelReason::peer) + (GetParam().full_duplex() ? 0 : seen(CancelReason::connection_lost));
  }

  StreamRig rig_;
  const std::vector<State> states_;
  std::vector<std::unique_ptr<Standing>> calls_;
};

TEST_P(StreamCancel, ByTheDeadline) {
  const auto begin = std::chrono::steady_clock::now();
  stand(CallOptions().timeout(200ms));
  expect_outcomes(Code::deadline_exceeded);
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(took, 200ms);
  EXPECT_LT(took, 5s);
  EXPECT_TRUE(rig_.eventually([&] { return rig_.counters().ended == count(); }));
  EXPECT_EQ(seen(CancelReason::deadline) + seen_from_client(), count());
  rig_.expect_good_call();
}

TEST_P(StreamCancel, ByTheClient) {
  stand(CallOptions());
  for (const auto& standing : calls_) standing->call().cancel();
  expect_outcomes(Code::canceled);
  EXPECT_TRUE(rig_.eventually([&] { return rig_.counters().ended == count(); }));
  EXPECT_EQ(seen_from_client(), count());
  rig_.expect_good_call();
}

TEST_P(StreamCancel, ByShutdown) {
  stand(CallOptions());
  rig_.server().server().stop();
  expect_outcomes(Code::unavailable);
  EXPECT_TRUE(rig_.eventually([&] { return rig_.counters().ended == count(); }));
  EXPECT_EQ(seen(CancelReason::shutdown), count());
}

TEST_P(StreamCancel, ByALostConnection) {
  stand(CallOptions());
  break_connections(rig_.server().port());
  expect_outcomes(Code::unavailable);
  EXPECT_TRUE(rig_.eventually([&] { return rig_.counters().ended == count(); }));
  EXPECT_EQ(seen(CancelReason::connection_lost) + (GetParam().full_duplex() ? 0 : seen(CancelReason::peer)), count());
  rig_.expect_good_call();
}

// What a caller waits in is cancelled: its coroutine, or its thread by the stop token.
TEST_P(StreamCancel, OfTheWaitingStep) {
  std::stop_source stop;
  const bool blocking = GetParam().client == ClientStyle::blocking;
  const StreamCase& tested = GetParam();
  for (const State state : states_) {
    SCOPED_TRACE(to_text(state));
    // There the client does not wait.
    if (state == State::handler_sends) continue;
    stop = std::stop_source();
    const int before = rig_.counters().ended;
    ProbeRequest plan = plan_for(state);
    if (state == State::client_sends && !tested.full_duplex()) plan.set_delay_ms(500);
    if (tested.kind == StreamType::client && state == State::handler_receives) plan.set_headers_first(false);
    const CallOptions options = with_plan(plan, CallOptions().stop_token(stop.get_token()));
    std::atomic<int> sent = 0;
    const auto give_up = [&](auto& step) {
      EXPECT_TRUE(rig_.eventually([&] { return rig_.counters().started == before + 1; }));
      // Until it waits: between two steps Asio itself would end a cancelled coroutine.
      for (int seen = -1; seen != sent; rig_.idle(20ms)) seen = sent;
      EXPECT_FALSE(step.done());
      if (blocking) {
        stop.request_stop();
      } else {
        step.cancel();
      }
      EXPECT_EQ(step.code(), Code::canceled);
    };
    const auto go = [&](auto call) {
      take_step(rig_.io(), [&] { return call.open(); });
      if (state == State::client_sends) {
        ProbeRequest large;
        large.set_payload(payload_of(100'000));
        if constexpr (requires { call.send(large); }) {
          Background step(rig_.io(), [&] {
            if constexpr (IsTask<decltype(call.send(large))>::value) {
              return [](auto& stream, const ProbeRequest& message, std::atomic<int>& count) -> Task<> {
                while (co_await stream.send(message)) ++count;
              }(call, large, sent);
            } else {
              while (call.send(large)) ++sent;
              throw Error(Code::canceled, "send() gave false");
            }
          });
          give_up(step);
        }
        return;
      }
      if constexpr (requires { call.close_send(); }) {
        if (state != State::handler_receives) take_step(rig_.io(), [&] { return call.close_send(); });
      }
      if (state == State::before_headers || (tested.kind == StreamType::client && state == State::handler_receives)) {
        Background step(rig_.io(), [&] { return call.headers(); });
        give_up(step);
      } else if constexpr (requires { call.finish(); }) {
        Background step(rig_.io(), [&] { return call.finish(); });
        give_up(step);
      } else {
        if (state == State::between_messages || state == State::after_last) {
          EXPECT_TRUE(take_step(rig_.io(), [&] { return call.receive(); }));
        }
        Background step(rig_.io(), [&] { return call.receive(); });
        give_up(step);
      }
    };
    if (blocking) {
      const ::probe::v1::ProbeServiceClientSync client(rig_.channel());
      if (tested.kind == StreamType::server) go(client.serve(ProbeRequest(), options));
      if (tested.kind == StreamType::client) go(client.collect(options));
      if (tested.kind == StreamType::bidi) go(client.talk(options));
    } else {
      const ::probe::v1::ProbeServiceClient client(rig_.channel());
      if (tested.kind == StreamType::server) go(client.serve(ProbeRequest(), options));
      if (tested.kind == StreamType::client) go(client.collect(options));
      if (tested.kind == StreamType::bidi) go(client.talk(options));
    }
    EXPECT_TRUE(rig_.eventually([&] { return rig_.counters().ended == before + 1; }));
  }
  EXPECT_EQ(seen_from_client(), rig_.counters().ended);
  rig_.expect_good_call();
}

// Every style of client over one wire of each HTTP version, one over the others.
std::vector<StreamCase> cancel_cases() {
  std::vector<StreamCase> cases;
  for (const StreamCase& c : all_stream_cases()) {
    const bool every_client =
        c.protocol == Protocol::grpc || (c.protocol == Protocol::connect && c.version == HttpVersion::http1_1);
    if (every_client || c.client == ClientStyle::here) cases.push_back(c);
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(All, StreamCancel, ::testing::ValuesIn(cancel_cases()),
                         [](const auto& tested) { return name_of(tested.param); });

// ---- Where only the server watches the deadline

struct WireCase {
  Protocol protocol;
  HttpVersion version;
  StreamType kind;
  Style server;
};

std::string name_of(const WireCase& c) {
  const std::string name = name_of(StreamCase{c.protocol, c.version, c.kind, c.server, ClientStyle::here});
  return name.substr(0, name.size() - 4);
}

void PrintTo(const WireCase& c, std::ostream* out) { *out << name_of(c); }

std::vector<WireCase> all_wire_cases() {
  std::vector<WireCase> all;
  for (const auto& [protocol, version] : all_wires())
    for (const StreamType kind : {StreamType::unary, StreamType::server, StreamType::client, StreamType::bidi})
      for (const Style server : {Style::coroutine, Style::blocking}) all.push_back({protocol, version, kind, server});
  return all;
}

class ServerDeadline : public ::testing::TestWithParam<WireCase> {
 protected:
  static constexpr auto timeout = 100ms;

  struct Wire {
    std::string name;
    ProbeRequest plan;
    // Whether the request ends, and whether its last message is cut short.
    bool ends = true;
    bool cut = false;
  };

  // The states of this kind; of each one more that ignores cancellation.
  std::vector<Wire> wires() const {
    std::vector<Wire> all;
    const auto add = [&](State state, bool ends) {
      for (const bool stubborn : {false, true}) {
        Wire& wire = all.emplace_back();
        wire.name = std::string(to_text(state)) + (stubborn ? ", stubborn" : "");
        wire.plan = plan_for(state);
        wire.plan.set_delay_ms(stubborn ? 200 : pause_ms);
        wire.plan.set_stubborn(stubborn);
        wire.ends = ends;
      }
    };
    switch (GetParam().kind) {
      case StreamType::unary: add(State::before_headers, true); break;
      case StreamType::server:
        add(State::before_headers, true);
        add(State::after_headers, true);
        add(State::between_messages, true);
        add(State::after_last, true);
        break;
      case StreamType::client:
        add(State::before_headers, false);
        add(State::handler_receives, false);
        add(State::after_last, true);
        break;
      case StreamType::bidi:
        add(State::before_headers, false);
        add(State::after_headers, true);
        add(State::handler_receives, false);
        add(State::between_messages, true);
        add(State::after_last, true);
        break;
    }
    Wire& body = all.emplace_back();
    body.name = "in the request's body";
    body.ends = false;
    body.cut = true;
    return all;
  }

  const MethodSpec& method() const {
    switch (GetParam().kind) {
      case StreamType::unary: return ProbeServiceHandler::probe_method;
      case StreamType::server: return ProbeServiceHandler::serve_method;
      case StreamType::client: return ProbeServiceHandler::collect_method;
      default: return ProbeServiceHandler::talk_method;
    }
  }

  std::unique_ptr<WireClient> request(boost::asio::io_context& io, const TestServer& server, const Wire& wire) const {
    // Unary handlers do what the message says.
    ProbeRequest message = GetParam().kind == StreamType::unary ? wire.plan : request_of("some text");
    message.set_headers_first(false);
    std::string body;
    if (GetParam().kind == StreamType::unary || GetParam().kind == StreamType::server || wire.cut) {
      body = wire_message(GetParam().protocol, GetParam().kind, message);
    }
    if (wire.cut) body.resize(body.size() / 2);
    return std::make_unique<WireClient>(
        io, server.port(), wire_head(GetParam().protocol, GetParam().version, method(), wire.plan, timeout), body,
        wire.ends);
  }

  static bool run_until(boost::asio::io_context& io, const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + 10s;
    io.restart();
    while (!done() && std::chrono::steady_clock::now() < end) io.run_one_for(10ms);
    return done();
  }
};

// The status, not a reset, within 50 ms: in one of five rounds, as the machine may have other work.
TEST_P(ServerDeadline, IsAnsweredInEveryState) {
  const std::vector<Wire> all = wires();
  std::chrono::nanoseconds late = 1h;
  for (int round = 0; round < 5 && late > 50ms; ++round) {
    TestServer server(GetParam().server, short_drain());
    boost::asio::io_context io(1);
    std::vector<std::unique_ptr<WireClient>> clients;
    for (const Wire& wire : all) clients.push_back(request(io, server, wire));
    run_until(io, [&] { return std::ranges::all_of(clients, [](const auto& client) { return client->ended(); }); });
    late = 0s;
    for (std::size_t i = 0; i < all.size(); ++i) {
      SCOPED_TRACE(all[i].name);
      ASSERT_TRUE(clients[i]->ended());
      EXPECT_TRUE(clients[i]->says(GetParam().protocol, Code::deadline_exceeded)) << clients[i]->answer();
      const auto took = clients[i]->ended_at() - clients[i]->began();
      EXPECT_GE(took, timeout - 5ms);
      late = std::max<std::chrono::nanoseconds>(late, took - timeout);
    }
    EXPECT_TRUE(eventually([&] { return server.counters().ended == server.counters().started; }));
    EXPECT_EQ(server.counters().reasons[static_cast<std::size_t>(CancelReason::deadline)], server.counters().started);
  }
  EXPECT_LE(std::chrono::duration_cast<std::chrono::milliseconds>(late), 50ms);
}

// Nothing can be said to a client that takes nothing; once it does, the status comes after what was sent before.
TEST_P(ServerDeadline, IsAnsweredBehindWhatTheClientLeavesLying) {
  if (GetParam().kind != StreamType::server && GetParam().kind != StreamType::bidi) return;
  for (const bool stubborn : {false, true}) {
    SCOPED_TRACE(stubborn);
    TestServer server(GetParam().server, short_drain());
    boost::asio::io_context io(1);
    Wire wire;
    wire.plan = plan_for(State::handler_sends);
    wire.plan.set_stubborn(stubborn);
    const auto client = request(io, server, wire);
    client->read(false);
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_TRUE(run_until(io, [&] { return server.counters().ended == 1; }));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
    EXPECT_EQ(server.counters().cancelled, static_cast<int>(CancelReason::deadline));
    EXPECT_FALSE(client->ended());
    client->read(true);
    EXPECT_TRUE(run_until(io, [&] { return client->ended(); }));
    EXPECT_TRUE(client->says(GetParam().protocol, Code::deadline_exceeded));
  }
}

INSTANTIATE_TEST_SUITE_P(All, ServerDeadline, ::testing::ValuesIn(all_wire_cases()),
                         [](const auto& tested) { return name_of(tested.param); });

}  // namespace
}  // namespace connectrpc::probe_test
