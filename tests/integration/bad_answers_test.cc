// Streams that a server breaks, on an HTTP/2 connection that serves others meanwhile: the client gets the code of each,
// and the others never notice.
#include <gmock/gmock.h>

#include "integration/protocol_name.h"
#include "integration/raw_http2.h"
#include "integration/stream_caller.h"

namespace connectrpc::probe_test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// What a server answers with instead of an end, and what the client makes of it.
struct BadAnswer {
  std::string name;
  std::string frames;
  Code code;
  /// Messages that come before the fault.
  std::vector<std::string> before;
  /// The answer does not end by itself, so the client has to end the stream.
  bool open = false;
};

std::string message(const std::string& text) { return request_of(text).SerializeAsString(); }

constexpr std::string_view json_types[] = {"application/connect+json", "application/grpc+json",
                                           "application/grpc-web+json"};

std::vector<BadAnswer> bad_answers(Protocol protocol, std::uint32_t id) {
  const std::string head = raw_head(protocol, id);
  const std::string one = raw_envelope(message("one"));
  const auto ended = [&](const std::string& body) { return head + raw_end(protocol, id, body); };
  const auto data = [&](std::string_view bytes, unsigned flags = raw::none) {
    return raw::frame(raw::data, flags, id, bytes);
  };
  const std::string good_end = raw_ending(protocol);
  std::vector<BadAnswer> all = {
      {"unknown flags", ended(one + raw_envelope("x", 0x40) + good_end), Code::internal, {"one"}},
      {"unknown flags, unended", head + data(one + raw_envelope("x", 0x08)), Code::internal, {"one"}, true},
      {"compressed without a compression", ended(one + raw_envelope("x", 1) + good_end), Code::internal, {"one"}},
      {"too long", head + data(one + raw_envelope("", 0, 0xfffffff0)), Code::resource_exhausted, {"one"}, true},
      {"truncated", ended(one + raw_envelope("abc", 0, 10)), Code::internal, {"one"}},
      {"truncated prefix", ended(one + std::string("\0\0", 2)), Code::internal, {"one"}},
      {"no end", head + data(one, raw::end_stream), Code::internal, {"one"}},
      {"no body at all", head + data("", raw::end_stream), Code::internal, {}},
      {"no message of the type", ended(raw_envelope("\xff\xff") + good_end), Code::internal, {}},
      {"another codec",
       raw_head(protocol, id, {}, json_types[static_cast<int>(protocol)]) + raw_end(protocol, id, one + good_end),
       Code::internal,
       {}},
      {"another content type",
       raw_head(protocol, id, {}, "text/html") + raw_end(protocol, id, "<html>"),
       Code::unknown,
       {}},
      {"another content type, unended", raw_head(protocol, id, {}, "text/html") + data("<"), Code::unknown, {}, true},
      {"shorter than announced",
       raw_head(protocol, id, raw::field("content-length", "100")) + data(one, 1),
       Code::internal,
       {"one"}},
      {"a forbidden field", raw_head(protocol, id, raw::field("x", "a\nb")), Code::internal, {}},
      {"no status", raw::frame(raw::headers, raw::end_headers, id, raw::field("x", "y")), Code::internal, {}},
      {"two heads", head + head, Code::internal, {}},
      {"reset, canceled",
       head + data(one) + raw::frame(raw::rst_stream, 0, id, raw::big_endian(8)),
       Code::canceled,
       {"one"}},
      {"reset, internal",
       head + data(one) + raw::frame(raw::rst_stream, 0, id, raw::big_endian(2)),
       Code::internal,
       {"one"}},
      {"reset, busy", raw::frame(raw::rst_stream, 0, id, raw::big_endian(11)), Code::resource_exhausted, {}},
      {"reset, security", raw::frame(raw::rst_stream, 0, id, raw::big_endian(12)), Code::permission_denied, {}},
      {"reset within a message",
       head + data(raw_envelope("abc", 0, 10)) + raw::frame(raw::rst_stream, 0, id, raw::big_endian(8)),
       Code::canceled,
       {}},
  };
  if (protocol != Protocol::grpc) {
    // HTTP's trailers end gRPC's streams: nothing can come after them.
    all.push_back({"bytes after the end", ended(one + good_end + "x"), Code::internal, {"one"}});
    all.push_back(
        {"a message after the end", ended(one + good_end + raw_envelope(message("late"))), Code::internal, {"one"}});
    all.push_back({"two ends", ended(one + good_end + good_end), Code::internal, {"one"}});
    all.push_back({"bytes after the end, unended", head + data(good_end + "x"), Code::internal, {}, true});
    all.push_back({"a truncated end", ended(one + good_end.substr(0, good_end.size() - 1)), Code::internal, {"one"}});
  }
  if (protocol == Protocol::connect) {
    all.push_back({"an end that is no JSON", ended(raw_envelope("{\"error\":", 2)), Code::internal, {}});
    all.push_back(
        {"another protocol's end", ended(one + raw_envelope("grpc-status: 0\r\n", 0x80)), Code::internal, {"one"}});
  }
  if (protocol == Protocol::grpc_web) {
    all.push_back({"trailers that are none", ended(raw_envelope("no colon\r\n", 0x80)), Code::internal, {}});
    all.push_back({"trailers without a status", ended(raw_envelope("a: b\r\n", 0x80)), Code::unknown, {}});
    all.push_back({"another protocol's end", ended(one + raw_envelope("{}", 2)), Code::internal, {"one"}});
  }
  if (protocol == Protocol::grpc) {
    const auto trailers = [&](std::string_view fields) {
      return raw::frame(raw::headers, raw::end_headers | raw::end_stream, id, fields);
    };
    all.push_back(
        {"trailers without a status", head + data(one) + trailers(raw::field("a", "b")), Code::unknown, {"one"}});
    all.push_back(
        {"a bad status", head + data(one) + trailers(raw::field("grpc-status", "lots")), Code::unknown, {"one"}});
    all.push_back({"trailers that do not end",
                   head + data(one) + raw::frame(raw::headers, raw::end_headers, id, raw::field("grpc-status", "0")),
                   Code::internal,
                   {"one"}});
  }
  return all;
}

struct Case {
  Protocol protocol;
  ClientStyle style;
};

class BadAnswers : public ::testing::TestWithParam<Case> {
 protected:
  using Handler = ::probe::v1::ProbeServiceHandler;

  static Protocol protocol() { return GetParam().protocol; }

  /// Echoes what comes by Talk; answers Serve with the bad answer that its header numbers.
  void serve(RawHttp2& peer) {
    while (const auto event = peer.next()) {
      const std::uint32_t id = event->id;
      RawHttp2::Stream& stream = peer.stream(id);
      const bool steady = stream[":path"] == Handler::talk_method.path;
      switch (event->kind) {
        case RawHttp2::Event::Kind::head:
          if (steady) peer.send(raw_head(protocol(), id));
          break;
        case RawHttp2::Event::Kind::data:
          if (steady) peer.send(raw::frame(raw::data, raw::none, id, event->bytes));
          break;
        case RawHttp2::Event::Kind::end:
          peer.send(steady ? raw_end(protocol(), id, raw_ending(protocol()))
                           : bad_answers(protocol(), id).at(std::stoul(std::string(stream["bad"]))).frames);
          break;
        case RawHttp2::Event::Kind::reset: ++resets_; break;
      }
    }
  }

  std::unique_ptr<Caller> open(const MethodSpec& method, const CallOptions& options) {
    if (GetParam().style == ClientStyle::blocking)
      return std::make_unique<CallerOf<CallSync>>(channel_->open_sync(method, options), io_);
    return std::make_unique<CallerOf<Call>>(channel_->open(method, options), io_);
  }
  void connect(const std::string& url) {
    ChannelOptions options;
    options.protocol = protocol();
    options.http_version = HttpVersion::http2;
    channel_ =
        GetParam().style == ClientStyle::blocking ? Channel::make(url, options) : Channel::make(io_, url, options);
  }
  /// One message there and back.
  static void expect_echo(Caller& call, const std::string& text) {
    ASSERT_TRUE(call.send(request_of(text)));
    const auto echoed = call.receive();
    ASSERT_TRUE(echoed);
    EXPECT_EQ(echoed->text(), text);
  }

  boost::asio::io_context io_{1};
  ChannelPtr channel_;
  std::atomic<int> resets_{0};
};

TEST_P(BadAnswers, LeaveTheOtherStreamsAlone) {
  const std::size_t count = bad_answers(protocol(), 1).size();
  RawHttp2Server server([this](RawHttp2& peer, int) { serve(peer); });
  connect(server.url());
  {
    const auto steady = open(Handler::talk_method, CallOptions());
    expect_echo(*steady, "first");
    for (std::size_t i = 0; i < count; ++i) {
      const BadAnswer bad = bad_answers(protocol(), 1)[i];
      SCOPED_TRACE(bad.name);
      const int resets = resets_;
      const auto call = open(Handler::serve_method, CallOptions().header("bad", std::to_string(i)));
      static_cast<void>(call->send(request_of("request")));
      call->close_send();
      std::vector<std::string> got;
      std::optional<Error> error;
      try {
        while (const auto part = call->receive()) got.push_back(part->text());
      } catch (const Error& thrown) {
        error = thrown;
      }
      EXPECT_EQ(got, bad.before);
      ASSERT_TRUE(error);
      EXPECT_EQ(error->code(), bad.code) << error->message();
      EXPECT_FALSE(error->message().empty());
      expect_echo(*steady, "after " + bad.name);
      // A client that has given an answer up wants no more of it.
      if (bad.open) {
        EXPECT_TRUE(eventually([&] { return resets_ > resets; }));
      }
    }
    steady->close_send();
    EXPECT_THAT(steady->receive_all(), IsEmpty());
    const auto next = open(Handler::talk_method, CallOptions());
    expect_echo(*next, "next");
    next->close_send();
    EXPECT_THAT(next->receive_all(), IsEmpty());
  }
  EXPECT_EQ(server.connections(), 1);
  EXPECT_EQ(server.failure(), "");
  channel_.reset();
}

// What a server says after the end of a stream is an error of the connection (RFC 9113 section 5.1): calls under way
// end with a code, and the next one finds another connection.
TEST_P(BadAnswers, DataAfterEndStreamEndsNoCallThatWasAnswered) {
  RawHttp2Server server([](RawHttp2& peer, int) {
    while (const auto event = peer.next()) {
      if (event->kind != RawHttp2::Event::Kind::end) continue;
      const std::string whole = raw_head(protocol(), event->id) +
                                raw_end(protocol(), event->id, raw_envelope(message("one")) + raw_ending(protocol()));
      peer.send(whole + raw::frame(raw::data, raw::end_stream, event->id, "late"));
    }
  });
  connect(server.url());
  for (int i = 0; i < 3; ++i) {
    const auto call = open(Handler::talk_method, CallOptions());
    call->open();
    call->close_send();
    EXPECT_THAT(call->receive_all(), ElementsAre("one"));
  }
  EXPECT_EQ(server.failure(), "");
  channel_.reset();
}

std::vector<Case> all_cases() {
  std::vector<Case> all;
  for (const Protocol protocol : {Protocol::connect, Protocol::grpc, Protocol::grpc_web})
    for (const ClientStyle style : {ClientStyle::here, ClientStyle::blocking}) all.push_back({protocol, style});
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, BadAnswers, ::testing::ValuesIn(all_cases()), [](const auto& tested) {
  const Case& c = tested.param;
  return std::string(protocol_name(c.protocol)) + (c.style == ClientStyle::blocking ? "Blocking" : "Coroutine");
});

}  // namespace
}  // namespace connectrpc::probe_test
