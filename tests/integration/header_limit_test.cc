// Metadata over the limits, in either direction: `resource_exhausted`, which names the option, in every protocol.
#include <gmock/gmock.h>

#include "integration/raw_client.h"
#include "integration/raw_http2.h"
#include "integration/stream_caller.h"

namespace connectrpc::probe_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Handler = ::probe::v1::ProbeServiceHandler;

Headers many(int bytes) {
  Headers headers;
  for (int i = 0; i < bytes / 1000; ++i) headers.add("x-" + std::to_string(i), std::string(1000, 'v'));
  return headers;
}

class HeaderLimit : public ::testing::TestWithParam<StreamCase> {
 protected:
  /// How a call ends.
  static std::optional<Error> failure_of(StreamRig& rig, const CallOptions& options) {
    try {
      if (GetParam().kind == StreamType::unary) {
        if (GetParam().client == ClientStyle::blocking) {
          ::probe::v1::ProbeServiceClientSync(rig.channel()).probe(ProbeRequest(), options);
        } else {
          run_on(rig.io(), ::probe::v1::ProbeServiceClient(rig.channel()).probe(ProbeRequest(), options));
        }
        return std::nullopt;
      }
      const auto call = rig.call(options);
      call->open();
      call->close_send();
      while (call->receive()) {
      }
    } catch (const Error& error) {
      return error;
    }
    return std::nullopt;
  }
};

TEST_P(HeaderLimit, OfRequests) {
  StreamRig rig(GetParam());
  for (const int bytes : {66'000, 100'000, 300'000}) {
    SCOPED_TRACE(bytes);
    const std::optional<Error> error = failure_of(rig, CallOptions(many(bytes)));
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), Code::resource_exhausted) << error->message();
    EXPECT_TRUE(error->is_remote());
    EXPECT_THAT(error->message(), AllOf(HasSubstr("65536"), HasSubstr("header_list_limit")));
    EXPECT_EQ(rig.counters().started, 0);
  }
  rig.expect_good_call();
}

TEST_P(HeaderLimit, OfRequestsAsTheServerHasIt) {
  ServerOptions generous;
  generous.header_list_limit = 400'000;
  StreamRig rig(GetParam(), std::move(generous));
  EXPECT_FALSE(failure_of(rig, CallOptions(many(300'000))));
}

TEST_P(HeaderLimit, OfAnswersAndTheirTrailers) {
  ChannelOptions narrow;
  narrow.header_list_limit = 8000;
  StreamRig rig(GetParam(), ServerOptions(), narrow);
  for (const bool in_trailers : {false, true}) {
    // Connect's streams carry trailers in the body, which has limits of its own.
    if (in_trailers && GetParam().protocol != Protocol::grpc) continue;
    ProbeRequest plan;
    for (int i = 0; i < 12; ++i)
      add(in_trailers ? plan.mutable_response_trailers() : plan.mutable_response_headers(), "x-" + std::to_string(i),
          std::string(1000, 'v'));
    std::optional<Error> error;
    if (GetParam().kind == StreamType::unary) {
      try {
        ::probe::v1::ProbeServiceClientSync(Channel::make(rig.server().url(), rig.channel()->options())).probe(plan);
      } catch (const Error& thrown) {
        error = thrown;
      }
    } else {
      error = failure_of(rig, with_plan(plan));
    }
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), Code::resource_exhausted) << error->message();
    EXPECT_FALSE(error->is_remote());
    EXPECT_THAT(error->message(), AllOf(HasSubstr("8000"), HasSubstr("header_list_limit")));
  }
  rig.expect_good_call();
}

// What the peer has said that it does not take does not leave; HTTP/1.1 has no words for that.
TEST_P(HeaderLimit, OfOneField) {
  StreamRig rig(GetParam());
  const CallOptions options = CallOptions().header("large", std::string(70'000, 'v'));
  rig.expect_good_call();
  const std::optional<Error> error = failure_of(rig, options);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Code::resource_exhausted) << error->message();
  EXPECT_THAT(error->message(), HasSubstr("65536"));
  EXPECT_EQ(error->is_remote(), GetParam().version != HttpVersion::http2);
  rig.expect_good_call();
}

std::vector<StreamCase> all_cases() {
  std::vector<StreamCase> all;
  for (const auto& [protocol, version] : all_wires())
    for (const StreamType kind : {StreamType::unary, StreamType::server, StreamType::client, StreamType::bidi})
      for (const ClientStyle client : {ClientStyle::here, ClientStyle::blocking})
        all.push_back({protocol, version, kind, Style::coroutine, client});
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, HeaderLimit, ::testing::ValuesIn(all_cases()),
                         [](const auto& tested) { return name_of(tested.param); });

// ---- What it looks like on the wire, wherever the content type stands

std::string fields_of(std::string_view type, bool type_first) {
  const std::string type_line = type.empty() ? "" : "content-type: " + std::string(type) + "\r\n";
  std::string fields = type_first ? type_line : "";
  for (int i = 0; i < 60; ++i) fields += "x-" + std::to_string(i) + ": " + std::string(1000, 'v') + "\r\n";
  if (!type_first) fields += type_line;
  for (int i = 0; i < 20; ++i) fields += "y-" + std::to_string(i) + ": " + std::string(1000, 'v') + "\r\n";
  return fields;
}

TEST(HeaderLimitOnTheWire, OfHttp1) {
  TestServer server;
  const auto answer = [&](std::string_view type, bool type_first) {
    RawClient client(server.port());
    client.send(post(fields_of(type, type_first), "{}"));
    return client.read_all();
  };
  for (const bool first : {true, false}) {
    EXPECT_THAT(answer("application/json", first),
                AllOf(StartsWith("HTTP/1.1 431 "), HasSubstr("content-type: application/json\r\n"),
                      HasSubstr("connection: close\r\n"), HasSubstr(R"({"code":"resource_exhausted","message":")")));
    EXPECT_THAT(answer("application/connect+json", first),
                AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("content-type: application/connect+json\r\n"),
                      HasSubstr(R"({"error":{"code":"resource_exhausted","message":")")));
    EXPECT_THAT(answer("application/grpc-web", first),
                AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("grpc-status: 8\r\n"), HasSubstr("grpc-message: ")));
    EXPECT_THAT(answer("text/html", first), AllOf(StartsWith("HTTP/1.1 431 "), HasSubstr("text/plain")));
  }
  EXPECT_THAT(answer("", true), AllOf(StartsWith("HTTP/1.1 431 "), HasSubstr("header_list_limit")));
  const auto get = [&](const std::string& target) {
    RawClient client(server.port());
    client.send("GET " + target + " HTTP/1.1\r\nhost: x\r\n" + fields_of("", true) + "\r\n");
    return client.read_all();
  };
  EXPECT_THAT(get("/probe.v1.ProbeService/Look?connect=v1&encoding=json&message=%7B%7D"),
              AllOf(StartsWith("HTTP/1.1 431 "), HasSubstr(R"("code":"resource_exhausted")")));
  EXPECT_THAT(get("/index.html"), AllOf(StartsWith("HTTP/1.1 431 "), Not(HasSubstr("code"))));
  EXPECT_EQ(server.counters().started, 0);
}

TEST(HeaderLimitOnTheWire, OfHttp2) {
  TestServer server;
  RawHttp2 peer(raw_connect(server.port()), RawHttp2::Side::client);
  std::uint32_t id = 1;
  std::string padding;
  for (int i = 0; i < 15; ++i) padding += raw::field("x", std::string(1000, 'v'));
  const auto answer = [&](std::string_view type, bool first) -> RawHttp2::Stream& {
    const std::string typed = type.empty() ? "" : raw::field("content-type", type);
    std::string frames =
        raw::frame(raw::headers, raw::none, id, raw::request_fields("POST", "/x/Y") + (first ? typed : ""));
    for (int i = 0; i < 5; ++i) frames += raw::frame(raw::continuation, raw::none, id, padding);
    peer.send(frames + raw::frame(raw::continuation, raw::end_headers, id, first ? "" : typed));
    RawHttp2::Stream& stream = peer.stream(id);
    EXPECT_TRUE(peer.until([&] { return stream.over(); }));
    id += 2;
    return stream;
  };
  for (const bool first : {true, false}) {
    for (const std::string_view type : {"application/proto", "application/json"}) {
      const RawHttp2::Stream& unary = answer(type, first);
      EXPECT_EQ(unary[":status"], "431");
      EXPECT_EQ(unary["content-type"], "application/json");
      EXPECT_THAT(unary.data, HasSubstr(R"({"code":"resource_exhausted","message":")"));
    }
    for (const Protocol protocol : {Protocol::connect, Protocol::grpc, Protocol::grpc_web}) {
      const RawHttp2::Stream& stream = answer(raw_content_type(protocol), first);
      EXPECT_EQ(stream[":status"], "200");
      EXPECT_EQ(stream["content-type"], raw_content_type(protocol));
      EXPECT_TRUE(raw_says(protocol, stream, Code::resource_exhausted));
    }
    EXPECT_EQ(answer("text/html", first)[":status"], "431");
  }
  EXPECT_EQ(answer("", true)[":status"], "431");
  EXPECT_FALSE(peer.goaway());
  EXPECT_EQ(server.counters().started, 0);
}

}  // namespace
}  // namespace connectrpc::probe_test
