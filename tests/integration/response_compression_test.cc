// Context::compress_response: what a handler chooses is what leaves, if the client can read it.
#include <gmock/gmock.h>

#include "integration/protocol_name.h"
#include "integration/stream_caller.h"
#include "integration/wire_client.h"

namespace connectrpc::probe_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int payload_size = 30'000;

/// Chooses what the header "choose" says, and tells in the header "chosen" what came of it.
void choose(Context& context) {
  const std::string_view name = context.request_headers()["choose"];
  if (context.request_headers().contains("late")) context.send_headers_now();
  try {
    const bool chosen = context.compress_response(name == "nothing" ? "" : name);
    context.response_headers().set("chosen", chosen ? "yes" : "no");
  } catch (const std::logic_error& misuse) {
    throw Error(Code::aborted, misuse.what());
  }
}

ProbeResponse large() {
  ProbeResponse response;
  response.set_payload(payload_of(payload_size));
  return response;
}

class Chooser final : public ::probe::v1::ProbeServiceHandler {
  Task<ProbeResponse> probe(const ProbeRequest&, Context& context) override {
    choose(context);
    co_return large();
  }
  Task<> serve(const ProbeRequest&, StreamWriter<ProbeResponse>& responses, Context& context) override {
    choose(context);
    const ProbeResponse response = large();
    co_await responses.send(response);
    co_await responses.send(response);
  }
  Task<ProbeResponse> collect(StreamReader<ProbeRequest>& requests, Context& context) override {
    for (bool more = true; more;) more = (co_await requests.receive()).has_value();
    choose(context);
    co_return large();
  }
  Task<> talk(StreamReader<ProbeRequest>& requests, StreamWriter<ProbeResponse>& responses, Context& context) override {
    choose(context);
    for (bool more = true; more;) more = (co_await requests.receive()).has_value();
    const ProbeResponse response = large();
    co_await responses.send(response);
  }
};

class ChooserSync final : public ::probe::v1::ProbeServiceHandlerSync {
  ProbeResponse probe(const ProbeRequest&, Context& context) override {
    choose(context);
    return large();
  }
  void serve(const ProbeRequest&, StreamWriterSync<ProbeResponse>& responses, Context& context) override {
    choose(context);
    responses.send(large());
    responses.send(large());
  }
  ProbeResponse collect(StreamReaderSync<ProbeRequest>& requests, Context& context) override {
    while (requests.receive()) continue;
    choose(context);
    return large();
  }
  void talk(StreamReaderSync<ProbeRequest>& requests, StreamWriterSync<ProbeResponse>& responses,
            Context& context) override {
    choose(context);
    while (requests.receive()) continue;
    responses.send(large());
  }
};

struct Case {
  Protocol protocol;
  HttpVersion version;
  Style style;
};

class ResponseCompression : public ::testing::TestWithParam<Case> {
 protected:
  ResponseCompression() {
    if (GetParam().style == Style::coroutine) {
      server_.add(chooser_);
    } else {
      server_.add(blocking_);
    }
    port_ = server_.listen("127.0.0.1:0");
    server_.start();
  }

  /// The answer on the wire to a client that accepts gzip and br.
  std::string wire(const MethodSpec& method, const std::string& name) {
    const Protocol protocol = GetParam().protocol;
    http::RequestHead head = wire_head(protocol, GetParam().version, method, ProbeRequest(), std::chrono::seconds(20));
    head.headers.set("choose", name);
    detail::HeadersAccess::append(head.headers, accept_name(method), "gzip;q=0.5, br;q=0.1");
    WireClient client(io_, port_, std::move(head), wire_message(protocol, method.stream_type, ProbeRequest()), true);
    io_.restart();
    while (!client.ended() && io_.run_one_for(std::chrono::seconds(5)) != 0) continue;
    return client.answer();
  }
  static bool connect_unary(const MethodSpec& method) {
    return GetParam().protocol == Protocol::connect && method.stream_type == StreamType::unary;
  }
  static std::string encoding_name(const MethodSpec& method) {
    if (connect_unary(method)) return "content-encoding";
    return GetParam().protocol == Protocol::connect ? "connect-content-encoding" : "grpc-encoding";
  }
  static std::string accept_name(const MethodSpec& method) {
    if (connect_unary(method)) return "accept-encoding";
    return GetParam().protocol == Protocol::connect ? "connect-accept-encoding" : "grpc-accept-encoding";
  }

  Chooser chooser_;
  ChooserSync blocking_;
  Server server_;
  std::uint16_t port_ = 0;
  boost::asio::io_context io_{1};
};

using Handler = ::probe::v1::ProbeServiceHandler;
const MethodSpec* const methods[] = {&Handler::probe_method, &Handler::serve_method, &Handler::collect_method,
                                     &Handler::talk_method};

TEST_P(ResponseCompression, IsWhatTheHandlerChose) {
  struct Choice {
    std::string name;
    /// What the answer names; "" for nothing.
    std::string encoding;
    bool chosen;
  };
  // Left alone, it would be gzip.
  const Choice choices[] = {
      {"gzip", "gzip", true},      {"br", "br", true},     {"BR", "br", true},      {"identity", "", true},
      {"nothing", "", true},       {"Identity", "", true}, {"zstd", "gzip", false},  // not accepted by the client
      {"lzma", "gzip", false},                                                       // not known here
      {"gzip, br", "gzip", false}, {"*", "gzip", false},
  };
  for (const MethodSpec* const method : methods) {
    for (const Choice& choice : choices) {
      SCOPED_TRACE(std::string(method->path) + " " + choice.name);
      const std::string answer = wire(*method, choice.name);
      EXPECT_THAT(answer, HasSubstr(choice.chosen ? "chosen: yes\n" : "chosen: no\n"));
      if (choice.encoding.empty()) {
        EXPECT_THAT(answer, Not(HasSubstr(encoding_name(*method) + ": ")));
        EXPECT_THAT(answer, HasSubstr(payload_of(payload_size)));
      } else {
        EXPECT_THAT(answer, HasSubstr(encoding_name(*method) + ": " + choice.encoding + "\n"));
        EXPECT_LT(answer.size(), 2000u);
      }
    }
  }
}

TEST_P(ResponseCompression, IsReadByOurClient) {
  ChannelOptions options;
  options.protocol = GetParam().protocol;
  options.http_version = GetParam().version;
  const ::probe::v1::ProbeServiceClientSync client("http://127.0.0.1:" + std::to_string(port_), options);
  for (const std::string name : {"gzip", "deflate", "br", "zstd", "snappy", "identity"}) {
    SCOPED_TRACE(name);
    const CallOptions chosen = CallOptions().header("choose", name);
    const auto unary = client.probe(ProbeRequest(), chosen);
    EXPECT_EQ(unary.headers()["chosen"], "yes");
    EXPECT_EQ(unary->payload(), payload_of(payload_size));
    auto serve = client.serve(ProbeRequest(), chosen);
    int messages = 0;
    while (const auto part = serve.receive()) {
      EXPECT_EQ(part->payload(), payload_of(payload_size));
      ++messages;
    }
    EXPECT_EQ(messages, 2);
    auto collect = client.collect(chosen);
    const auto collected = collect.finish();
    EXPECT_EQ(collected.headers()["chosen"], "yes");
    EXPECT_EQ(collected->payload(), payload_of(payload_size));
    auto talk = client.talk(chosen);
    talk.close_send();
    const auto said = talk.receive();
    ASSERT_TRUE(said);
    EXPECT_EQ(said->payload(), payload_of(payload_size));
    EXPECT_FALSE(talk.receive());
  }
}

TEST_P(ResponseCompression, CannotBeChosenLate) {
  ChannelOptions options;
  options.protocol = GetParam().protocol;
  options.http_version = GetParam().version;
  const ::probe::v1::ProbeServiceClientSync client("http://127.0.0.1:" + std::to_string(port_), options);
  const CallOptions late = CallOptions().header("choose", "gzip").header("late", "yes");
  const auto unary = as_result([&] { return client.probe(ProbeRequest(), late); });
  ASSERT_FALSE(unary.has_value());
  EXPECT_EQ(unary.error().code(), Code::aborted);
  EXPECT_THAT(unary.error().message(), HasSubstr("compress_response: the response headers were sent before"));
  auto serve = client.serve(ProbeRequest(), late);
  try {
    serve.receive();
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::aborted);
  }
}

std::vector<Case> all_cases() {
  std::vector<Case> all;
  for (const auto& [protocol, version] : all_wires())
    for (const Style style : {Style::coroutine, Style::blocking}) all.push_back({protocol, version, style});
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, ResponseCompression, ::testing::ValuesIn(all_cases()), [](const auto& tested) {
  const Case& c = tested.param;
  return std::string(protocol_name(c.protocol)) + (c.version == HttpVersion::http2 ? "Http2" : "Http1") +
         (c.style == Style::blocking ? "Blocking" : "Coroutine");
});

}  // namespace
}  // namespace connectrpc::probe_test
