// GOAWAY while a stream is under way: what the last stream id covers goes on to its end, what lies above it ends with
// `unavailable` or goes elsewhere, and new calls find a new connection.
#include <gmock/gmock.h>

#include <array>

#include "integration/protocol_name.h"
#include "integration/raw_http2.h"
#include "integration/stream_caller.h"

namespace connectrpc::probe_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Handler = ::probe::v1::ProbeServiceHandler;

std::string goaway(std::uint32_t last_stream, std::uint32_t code = 0) {
  return raw::frame(raw::goaway, raw::none, 0, raw::big_endian(last_stream) + raw::big_endian(code));
}

struct Case {
  Protocol protocol;
  ClientStyle client;
  Style server;
};

class GoAway : public ::testing::TestWithParam<Case> {
 protected:
  static Protocol protocol() { return GetParam().protocol; }

  std::unique_ptr<Caller> open(const MethodSpec& method, const CallOptions& options = CallOptions()) {
    if (GetParam().client == ClientStyle::blocking)
      return std::make_unique<CallerOf<CallSync>>(channel_->open_sync(method, options), io_);
    return std::make_unique<CallerOf<Call>>(channel_->open(method, options), io_);
  }
  void connect(const std::string& url) {
    ChannelOptions options;
    options.protocol = protocol();
    options.http_version = HttpVersion::http2;
    channel_ =
        GetParam().client == ClientStyle::blocking ? Channel::make(url, options) : Channel::make(io_, url, options);
  }
  static void expect_echo(Caller& call, const std::string& sent, const std::string& back) {
    ASSERT_TRUE(call.send(request_of(sent)));
    const auto echoed = call.receive();
    ASSERT_TRUE(echoed);
    EXPECT_EQ(echoed->text(), back);
  }
  static std::optional<Error> failure_of(Caller& call) {
    try {
      while (call.receive()) {
      }
    } catch (const Error& error) {
      return error;
    }
    return std::nullopt;
  }

  /// Echoes streams. `at_data` may say something before each echo.
  template <class AtData>
  void echo(RawHttp2& peer, AtData at_data) {
    while (const auto event = peer.next()) {
      switch (event->kind) {
        case RawHttp2::Event::Kind::head: peer.send(raw_head(protocol(), event->id)); break;
        case RawHttp2::Event::Kind::data:
          if (at_data(*event)) peer.send(raw::frame(raw::data, raw::none, event->id, event->bytes));
          break;
        case RawHttp2::Event::Kind::end: peer.send(raw_end(protocol(), event->id, raw_ending(protocol()))); break;
        case RawHttp2::Event::Kind::reset: break;
      }
    }
  }

  boost::asio::io_context io_{1};
  ChannelPtr channel_;
};

// ---- Our client, a server that goes

TEST_P(GoAway, AStreamThatIsCoveredGoesOn) {
  RawHttp2Server server([this](RawHttp2& peer, int connection) {
    echo(peer, [&](const RawHttp2::Event& event) {
      if (connection == 0) peer.send(goaway(event.id));
      return true;
    });
  });
  connect(server.url());
  {
    const auto call = open(Handler::talk_method);
    expect_echo(*call, "one", "one");
    // A new call goes to a new connection while the first one is still open.
    const auto next = open(Handler::talk_method);
    expect_echo(*next, "elsewhere", "elsewhere");
    EXPECT_EQ(server.connections(), 2);
    expect_echo(*call, "two", "two");
    expect_echo(*call, "three", "three");
    call->close_send();
    EXPECT_THAT(call->receive_all(), IsEmpty());
    next->close_send();
    EXPECT_THAT(next->receive_all(), IsEmpty());
  }
  EXPECT_EQ(server.connections(), 2);
  channel_.reset();
  EXPECT_EQ(server.failure(), "");
}

TEST_P(GoAway, AStreamAboveItEndsWithUnavailable) {
  RawHttp2Server server([this](RawHttp2& peer, int connection) {
    echo(peer, [&](const RawHttp2::Event& event) {
      // The second stream had been answered with its head already: sending it again could do something twice.
      if (connection == 0 && event.id == 3) {
        peer.send(goaway(1));
        return false;
      }
      return true;
    });
  });
  connect(server.url());
  {
    const auto covered = open(Handler::talk_method);
    expect_echo(*covered, "one", "one");
    const auto above = open(Handler::talk_method);
    above->open();
    above->headers();
    ASSERT_TRUE(above->send(request_of("lost")));
    const std::optional<Error> error = failure_of(*above);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), Code::unavailable) << error->message();
    EXPECT_FALSE(error->is_remote());
    EXPECT_THAT(error->message(), HasSubstr("going away"));
    EXPECT_FALSE(above->send(request_of("still")));
    expect_echo(*covered, "two", "two");
    const auto next = open(Handler::talk_method);
    expect_echo(*next, "next", "next");
    covered->close_send();
    EXPECT_THAT(covered->receive_all(), IsEmpty());
  }
  EXPECT_EQ(server.connections(), 2);
  channel_.reset();
  EXPECT_EQ(server.failure(), "");
}

// A request that was sent whole and lies above the line was certainly not processed: it is sent again, elsewhere.
TEST_P(GoAway, ARequestAboveItIsSentAgain) {
  RawHttp2Server server([this](RawHttp2& peer, int connection) {
    if (connection != 0) return echo(peer, [](const RawHttp2::Event&) { return true; });
    const auto event = peer.next();
    peer.until([&] { return peer.stream(event->id).ended; });
    peer.send(goaway(0));
    peer.next();
  });
  connect(server.url());
  {
    const auto call = open(Handler::serve_method);
    static_cast<void>(call->send(request_of("again")));
    call->close_send();
    const auto answered = call->receive();
    ASSERT_TRUE(answered);
    EXPECT_EQ(answered->text(), "again");
    EXPECT_FALSE(call->receive());
  }
  EXPECT_EQ(server.connections(), 2);
  channel_.reset();
  EXPECT_EQ(server.failure(), "");
}

// With an error code, too, what is covered may still be answered.
TEST_P(GoAway, AnErrorThatClosesTheConnectionIsTold) {
  RawHttp2Server server([this](RawHttp2& peer, int) {
    echo(peer, [&](const RawHttp2::Event& event) {
      peer.send(raw::frame(raw::data, raw::none, event.id, event.bytes));
      peer.send(raw::frame(raw::goaway, raw::none, 0, raw::big_endian(event.id) + raw::big_endian(2) + "disk on fire"));
      peer.close();
      return false;
    });
  });
  connect(server.url());
  const auto call = open(Handler::talk_method);
  ASSERT_TRUE(call->send(request_of("one")));
  std::optional<Error> error = failure_of(*call);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Code::unavailable) << error->message();
  EXPECT_THAT(error->message(), HasSubstr("disk on fire"));
  channel_.reset();
  EXPECT_EQ(server.failure(), "");
}

// ---- Our server, which goes or is left

TEST_P(GoAway, OurServerEndsItsStreamsBeforeItGoes) {
  TestServer server(GetParam().server);
  connect(server.url());
  ProbeRequest plan;
  plan.set_echo(true);
  const auto call = open(Handler::talk_method, with_plan(plan));
  expect_echo(*call, "one", "hello one");
  server.server().stop();
  // Told at once to the client, which opens nothing here any more; nobody else listens.
  EXPECT_TRUE(eventually([&] {
    const auto late = open(Handler::talk_method, with_plan(plan));
    late->close_send();
    const std::optional<Error> error = failure_of(*late);
    return error && error->code() == Code::unavailable;
  }));
  expect_echo(*call, "two", "hello two");
  expect_echo(*call, "three", "hello three");
  call->close_send();
  EXPECT_THAT(call->receive_all(), IsEmpty());
  server.server().wait();
  EXPECT_EQ(server.counters().ended, server.counters().started);
  EXPECT_EQ(server.counters().cancelled, -1);
}

TEST_P(GoAway, OurServerDrawsTheLineOnceThePeerHasHeardIt) {
  TestServer server(GetParam().server);
  RawHttp2 peer(raw_connect(server.port()), RawHttp2::Side::client);
  ProbeRequest plan;
  plan.set_echo(true);
  const std::string echoing = raw::field("probe-plan-bin", encode_binary_header(plan.SerializeAsString()));
  const auto begin = [&](std::uint32_t id) {
    peer.send(raw_request(protocol(), id, Handler::talk_method.path, echoing));
  };
  const auto echoes = [&](std::uint32_t id, const std::string& text) {
    peer.send(raw::frame(raw::data, raw::none, id, raw_envelope(request_of(text).SerializeAsString())));
    return peer.until([&] { return peer.stream(id).data.find("hello " + text) != std::string::npos; });
  };
  begin(1);
  ASSERT_TRUE(echoes(1, "one"));
  server.server().stop();
  ASSERT_TRUE(peer.until([&] { return peer.goaway() == 0u; }));
  EXPECT_EQ(peer.goaway_last(), 0x7fffffffu);
  // The PING behind that is answered, and the line drawn below what never came.
  ASSERT_TRUE(peer.until([&] { return peer.goaway_last() == 1u; }));
  EXPECT_TRUE(echoes(1, "two"));
  // Above the line: not served, and harmless.
  begin(3);
  EXPECT_TRUE(echoes(1, "three"));
  EXPECT_TRUE(peer.stream(3).data.empty());
  EXPECT_EQ(server.counters().started, 1);
  peer.send(raw::frame(raw::data, raw::end_stream, 1));
  EXPECT_TRUE(peer.until([&] { return peer.stream(1).over(); }));
  EXPECT_FALSE(peer.stream(1).reset);
  peer.close();
  server.server().wait();
}

// A client that says GOAWAY starts nothing more; what it has begun is served to its end.
TEST_P(GoAway, AClientThatGoesIsServedToTheEnd) {
  TestServer server(GetParam().server);
  RawHttp2 peer(raw_connect(server.port()), RawHttp2::Side::client);
  ProbeRequest plan;
  plan.set_echo(true);
  peer.send(raw_request(protocol(), 1, Handler::talk_method.path,
                        raw::field("probe-plan-bin", encode_binary_header(plan.SerializeAsString()))));
  peer.send(goaway(0));
  for (const std::string text : {"one", "two"}) {
    peer.send(raw::frame(raw::data, raw::none, 1, raw_envelope(request_of(text).SerializeAsString())));
    EXPECT_TRUE(peer.until([&] { return peer.stream(1).data.find("hello " + text) != std::string::npos; }));
  }
  peer.send(raw::frame(raw::data, raw::end_stream, 1));
  EXPECT_TRUE(peer.until([&] { return peer.stream(1).over(); }));
  EXPECT_FALSE(peer.stream(1).reset);
  EXPECT_EQ(server.counters().cancelled, -1);
  // Nothing more can come of it: the server closes.
  EXPECT_FALSE(peer.until([] { return false; }));
}

std::vector<Case> all_cases() {
  std::vector<Case> all;
  for (const Protocol protocol : {Protocol::connect, Protocol::grpc, Protocol::grpc_web})
    for (const ClientStyle client : {ClientStyle::here, ClientStyle::blocking})
      all.push_back({protocol, client, client == ClientStyle::here ? Style::coroutine : Style::blocking});
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, GoAway, ::testing::ValuesIn(all_cases()), [](const auto& tested) {
  const Case& c = tested.param;
  return std::string(protocol_name(c.protocol)) + (c.server == Style::blocking ? "Blocking" : "Coroutine");
});

}  // namespace
}  // namespace connectrpc::probe_test
