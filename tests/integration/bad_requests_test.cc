// Streams that a client breaks, on an HTTP/2 connection that carries others meanwhile: the server answers each with its
// code, in the words of the protocol, and the others never notice.
#include <gmock/gmock.h>

#include "integration/protocol_name.h"
#include "integration/raw_http2.h"
#include "integration/stream_caller.h"

namespace connectrpc::probe_test {
namespace {

using ::testing::HasSubstr;
using Handler = ::probe::v1::ProbeServiceHandler;

/// What a client sends, and what it must be answered with.
struct BadRequest {
  std::string name;
  std::string frames;
  /// In the words of the protocol.
  std::optional<Code> code;
  /// The HTTP status where that is the answer.
  int status = 200;
  /// RST_STREAM instead of an answer, with this code.
  std::optional<std::uint32_t> reset = std::nullopt;
  /// The code that the handler saw, if one had begun to read.
  std::optional<Code> seen = std::nullopt;
};

std::vector<BadRequest> bad_requests(Protocol protocol, std::uint32_t id) {
  const std::string one = raw_envelope(request_of("one").SerializeAsString());
  const std::string talk = raw_request(protocol, id, Handler::talk_method.path);
  const std::string serve = raw_request(protocol, id, Handler::serve_method.path);
  const auto data = [&](std::string_view bytes, unsigned flags = raw::none) {
    return raw::frame(raw::data, flags, id, bytes);
  };
  const auto with = [&](std::string_view name, std::string_view value) {
    return raw_request(protocol, id, Handler::talk_method.path, raw::field(name, value));
  };
  const bool connect = protocol == Protocol::connect;
  const std::string encoding = connect ? "connect-content-encoding" : "grpc-encoding";
  const std::string timeout = connect ? "connect-timeout-ms" : "grpc-timeout";
  const Code internal = Code::internal;
  const Code large = Code::resource_exhausted;
  const auto seen = [](std::string name, std::string frames, Code code) {
    return BadRequest{std::move(name), std::move(frames), code, 200, std::nullopt, code};
  };
  return {
      seen("unknown flags", talk + data(one + raw_envelope("x", 0x40)), internal),
      seen("compressed without a compression", talk + data(one + raw_envelope("x", 1)), internal),
      seen("an end that only answers have", talk + data(one + raw_envelope("{}", connect ? 2 : 0x80)), internal),
      // Not waited for.
      seen("too long", talk + data(one + raw_envelope("", 0, 0x7ffffff0)), large),
      seen("truncated", talk + data(one + raw_envelope("abc", 0, 10), raw::end_stream), internal),
      seen("truncated prefix", talk + data(one + std::string("\0\0", 2), raw::end_stream), internal),
      seen("no message of the type", talk + data(raw_envelope("\xff\xff")), Code::invalid_argument),
      {"packed badly", with(encoding, "gzip") + data(raw_envelope("this is no gzip", 1)), Code::invalid_argument},
      {"an unknown compression", with(encoding, "lzma") + data(one), Code::unimplemented},
      {"two messages where one belongs", serve + data(one + one, raw::end_stream), Code::unimplemented},
      {"none where one belongs", serve + data("", raw::end_stream), Code::unimplemented},
      {"a bad timeout", with(timeout, "-1"), Code::invalid_argument},
      {"another content type",
       raw_request(protocol, id, Handler::talk_method.path, {}, "text/html") + data("x"),
       {},
       415},
      {"an unknown codec",
       raw_request(protocol, id, Handler::talk_method.path, {}, "application/connect+yaml"),
       {},
       415},
      {"an unknown method", raw_request(protocol, id, "/probe.v1.ProbeService/Nothing"), Code::unimplemented,
       connect ? 404 : 200},
      {"another verb",
       raw::frame(raw::headers, raw::end_headers | raw::end_stream, id,
                  raw::request_fields("GET", Handler::talk_method.path)),
       {},
       405},
      {"a forbidden field", with("x", "a\nb"), {}, 0, 1},
      {"a forbidden name", with("X", "a"), {}, 0, 1},
      {"longer than announced", with("content-length", "2") + data(one), {}, 0, 1},
      {"shorter than announced", with("content-length", "100") + data(one, raw::end_stream), {}, 0, 1},
      {"trailers that do not end",
       talk + data(one) + raw::frame(raw::headers, raw::end_headers, id, raw::field("a", "b")),
       {},
       0,
       1},
  };
}

struct Case {
  Protocol protocol;
  Style style;
};

class BadRequests : public ::testing::TestWithParam<Case> {
 protected:
  BadRequests() : server_(GetParam().style), peer_(raw_connect(server_.port()), RawHttp2::Side::client) {}

  static Protocol protocol() { return GetParam().protocol; }

  /// Opens a stream whose handler echoes what it gets.
  std::uint32_t open_echo() {
    ProbeRequest plan;
    plan.set_echo(true);
    const std::uint32_t id = next_id();
    EXPECT_TRUE(peer_.send(raw_request(protocol(), id, Handler::talk_method.path,
                                       raw::field("probe-plan-bin", encode_binary_header(plan.SerializeAsString())))));
    return id;
  }
  void expect_echo(std::uint32_t id, const std::string& text) {
    RawHttp2::Stream& stream = peer_.stream(id);
    peer_.send(raw::frame(raw::data, raw::none, id, raw_envelope(request_of(text).SerializeAsString())));
    EXPECT_TRUE(peer_.until([&] { return stream.data.find("hello " + text) != std::string::npos; }));
  }
  void expect_good_end(std::uint32_t id) {
    RawHttp2::Stream& stream = peer_.stream(id);
    peer_.send(raw::frame(raw::data, raw::end_stream, id));
    ASSERT_TRUE(peer_.until([&] { return stream.over(); }));
    EXPECT_FALSE(stream.reset);
    if (protocol() == Protocol::connect) {
      EXPECT_TRUE(stream.data.ends_with(raw_ending(protocol())));
    } else {
      EXPECT_TRUE(stream["grpc-status"] == "0" || stream.data.find("grpc-status: 0\r\n") != std::string::npos);
    }
  }
  std::uint32_t next_id() { return std::exchange(next_id_, next_id_ + 2); }

  TestServer server_;
  RawHttp2 peer_;
  std::uint32_t next_id_ = 1;
};

TEST_P(BadRequests, LeaveTheOtherStreamsAlone) {
  const std::uint32_t steady = open_echo();
  expect_echo(steady, "first");
  const std::size_t count = bad_requests(protocol(), 1).size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t id = next_id();
    const BadRequest bad = bad_requests(protocol(), id)[i];
    SCOPED_TRACE(bad.name);
    server_.counters().thrown = -1;
    const int begun = server_.counters().started - server_.counters().ended;
    ASSERT_TRUE(peer_.send(bad.frames));
    RawHttp2::Stream& stream = peer_.stream(id);
    ASSERT_TRUE(peer_.until([&] { return stream.over(); }));
    if (bad.reset) {
      EXPECT_EQ(stream.reset, bad.reset);
    } else {
      EXPECT_EQ(stream[":status"], std::to_string(bad.status));
      EXPECT_TRUE(stream.ended) << "reset: " << stream.reset.value_or(0);
    }
    if (bad.code) {
      EXPECT_TRUE(raw_says(protocol(), stream, *bad.code)) << stream["grpc-status"] << stream.data;
    }
    if (bad.seen) {
      EXPECT_EQ(server_.counters().thrown, static_cast<int>(*bad.seen));
    }
    expect_echo(steady, "after " + bad.name);
    EXPECT_TRUE(eventually([&] { return server_.counters().started - server_.counters().ended == begun; }));
  }
  expect_good_end(steady);
  const std::uint32_t next = open_echo();
  expect_echo(next, "next");
  expect_good_end(next);
  EXPECT_FALSE(peer_.goaway());
  EXPECT_EQ(server_.server().connections(), 1u);
}

// In every state: before the body, within a message, between messages, after the last one.
TEST_P(BadRequests, ResetsReachTheirHandlerAlone) {
  const std::uint32_t steady = open_echo();
  expect_echo(steady, "first");
  const std::string one = raw_envelope(request_of("one").SerializeAsString());
  const std::pair<std::string_view, unsigned> states[] = {
      {"", raw::none}, {std::string_view(one).substr(0, 7), raw::none}, {one, raw::none}, {one, raw::end_stream}};
  int seen = 0;
  for (const auto& [bytes, flags] : states) {
    SCOPED_TRACE(bytes.size());
    ProbeRequest plan;
    plan.set_pause(ProbeRequest::PAUSE_AFTER_LAST);
    plan.set_delay_ms(20'000);
    const std::uint32_t id = next_id();
    const int started = server_.counters().started;
    peer_.send(raw_request(protocol(), id, Handler::talk_method.path,
                           raw::field("probe-plan-bin", encode_binary_header(plan.SerializeAsString()))));
    peer_.send(raw::frame(raw::data, flags, id, bytes));
    ASSERT_TRUE(eventually([&] { return server_.counters().started == started + 1; }));
    expect_echo(steady, "meanwhile");
    peer_.send(raw::frame(raw::rst_stream, 0, id, raw::big_endian(8)));
    ++seen;
    auto& reasons = server_.counters().reasons;
    EXPECT_TRUE(eventually([&] { return reasons[static_cast<std::size_t>(CancelReason::peer)] == seen; }));
    expect_echo(steady, "after the reset");
  }
  expect_good_end(steady);
  EXPECT_FALSE(peer_.goaway());
}

// RFC 9113 section 5.1 makes this an error of the whole connection; it must be told, and cost no other connection.
TEST_P(BadRequests, DataAfterEndStreamIsTold) {
  const std::uint32_t id = open_echo();
  expect_echo(id, "first");
  expect_good_end(id);
  peer_.send(raw::frame(raw::data, raw::end_stream, id, "late"));
  EXPECT_TRUE(peer_.until([&] { return peer_.goaway().has_value(); }));
  EXPECT_EQ(peer_.goaway(), 5u);
  const ::probe::v1::ProbeServiceClientSync client(server_.url());
  const auto response = client.probe(request_of("there"));
  EXPECT_EQ(response->text(), "hello there");
  EXPECT_TRUE(eventually([&] { return server_.counters().started == server_.counters().ended; }));
}

std::vector<Case> all_cases() {
  std::vector<Case> all;
  for (const Protocol protocol : {Protocol::connect, Protocol::grpc, Protocol::grpc_web})
    for (const Style style : {Style::coroutine, Style::blocking}) all.push_back({protocol, style});
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, BadRequests, ::testing::ValuesIn(all_cases()), [](const auto& tested) {
  const Case& c = tested.param;
  return std::string(protocol_name(c.protocol)) + (c.style == Style::blocking ? "Blocking" : "Coroutine");
});

}  // namespace
}  // namespace connectrpc::probe_test
