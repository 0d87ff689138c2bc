// Pairs that were received, may not be sent, and are handed on all the same: they are left out, and the log hook is
// told (metadata.md H3), wherever they were put.
#include <gmock/gmock.h>

#include "integration/protocol_name.h"
#include "integration/raw_http2.h"
#include "integration/stream_caller.h"

namespace connectrpc::probe_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Handler = ::probe::v1::ProbeServiceHandler;

/// Hands its request's headers on, to where the header "to" says.
void hand_on(Context& context) {
  const Headers received = context.request_headers();
  const std::string_view to = received["to"];
  if (to == "headers") context.response_headers() = received;
  if (to == "trailers") context.response_trailers() = received;
  if (to == "error") throw Error(Code::aborted, "as asked").with_metadata(received);
}

class Mirror final : public Handler {
  Task<ProbeResponse> probe(const ProbeRequest&, Context& context) override {
    hand_on(context);
    co_return ProbeResponse();
  }
  Task<> serve(const ProbeRequest&, StreamWriter<ProbeResponse>&, Context& context) override {
    hand_on(context);
    co_return;
  }
};

class MirrorSync final : public ::probe::v1::ProbeServiceHandlerSync {
  ProbeResponse probe(const ProbeRequest&, Context& context) override {
    hand_on(context);
    return {};
  }
  void serve(const ProbeRequest&, StreamWriterSync<ProbeResponse>&, Context& context) override { hand_on(context); }
};

/// Calls a server behind with what it was given.
class Front final : public Handler {
 public:
  explicit Front(ChannelPtr back) : client_(std::move(back)) {}

 private:
  Task<ProbeResponse> probe(const ProbeRequest& request, Context& context) override {
    const auto response = co_await client_.probe(request, CallOptions::from(context, "odd!name", "utf8", "good"));
    co_return *response;
  }
  ::probe::v1::ProbeServiceClient client_;
};

class FrontSync final : public ::probe::v1::ProbeServiceHandlerSync {
 public:
  explicit FrontSync(ChannelPtr back) : client_(std::move(back)) {}

 private:
  ProbeResponse probe(const ProbeRequest& request, Context& context) override {
    return *client_.probe(request, CallOptions::from(context, "odd!name", "utf8", "good"));
  }
  ::probe::v1::ProbeServiceClientSync client_;
};

class Log {
 public:
  LogHook hook() {
    return [this](const LogRecord& record) {
      const std::lock_guard lock(mutex_);
      lines_.emplace_back(std::string(record.method) + ": " + std::string(record.text));
    };
  }
  std::vector<std::string> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(lines_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

struct Case {
  Protocol protocol;
  Style style;
};

class DroppedMetadata : public ::testing::TestWithParam<Case> {
 protected:
  static std::string fields(std::string_view to) {
    return raw::field("odd!name", "1") + raw::field("utf8", "caf\xc3\xa9") + raw::field("good", "kept") +
           raw::field("to", to);
  }
  /// All that a server answers to such a request, as text.
  static std::string answer(std::uint16_t port, const MethodSpec& method, std::string_view to) {
    const Protocol protocol = GetParam().protocol;
    const bool unary = protocol == Protocol::connect && method.stream_type == StreamType::unary;
    RawHttp2 peer(raw_connect(port), RawHttp2::Side::client);
    peer.send(raw_request(protocol, 1, method.path, fields(to),
                          unary ? std::optional<std::string_view>("application/proto") : std::nullopt) +
              raw::frame(raw::data, raw::end_stream, 1, unary ? "" : raw_envelope("")));
    RawHttp2::Stream& stream = peer.stream(1);
    EXPECT_TRUE(peer.until([&] { return stream.over(); }));
    std::string text = stream.data + "\n";
    for (const auto* pairs : {&stream.head, &stream.trailers})
      for (const auto& [name, value] : *pairs) text.append(name).append(": ").append(value).append("\n");
    return text;
  }
};

TEST_P(DroppedMetadata, OfHandlersIsLogged) {
  Log log;
  ServerOptions options;
  options.log = log.hook();
  Server server(std::move(options));
  Mirror mirror;
  MirrorSync blocking;
  if (GetParam().style == Style::coroutine) {
    server.add(mirror);
  } else {
    server.add(blocking);
  }
  const auto port = server.listen("127.0.0.1:0");
  server.start();
  for (const MethodSpec* const method : {&Handler::probe_method, &Handler::serve_method}) {
    for (const std::string_view to : {"headers", "trailers", "error"}) {
      SCOPED_TRACE(std::string(method->path) + " " + std::string(to));
      const std::string answered = answer(port, *method, to);
      EXPECT_THAT(answered, HasSubstr("good"));
      EXPECT_THAT(answered, HasSubstr("kept"));
      EXPECT_THAT(answered, Not(HasSubstr("odd!name")));
      EXPECT_THAT(answered, Not(HasSubstr("caf")));
      // Once each, with the method, the key and the rule.
      const std::string prefix = std::string(method->full_name()) + ": ";
      std::vector<std::string> lines;
      EXPECT_TRUE(eventually([&] {
        for (std::string& line : log.take()) lines.push_back(std::move(line));
        return lines.size() >= 2;
      }));
      EXPECT_THAT(lines, ElementsAre(HasSubstr(prefix + "\"odd!name\" is not sent: "),
                                     HasSubstr(prefix + "\"utf8\" is not sent: ")));
    }
  }
}

TEST_P(DroppedMetadata, OfPropagationIsLogged) {
  TestServer back;
  Log log;
  ServerOptions server_options;
  server_options.log = log.hook();
  ChannelOptions options;
  options.protocol = GetParam().protocol;
  Server server(std::move(server_options));
  Front front(Channel::make(back.url(), options));
  FrontSync blocking(Channel::make(back.url(), options));
  if (GetParam().style == Style::coroutine) {
    server.add(front);
  } else {
    server.add(blocking);
  }
  const auto port = server.listen("127.0.0.1:0");
  server.start();
  const std::string answered = answer(port, Handler::probe_method, "nowhere");
  // The server behind answers with the headers that it got.
  EXPECT_THAT(answered, HasSubstr("kept"));
  EXPECT_THAT(answered, Not(HasSubstr("odd!name")));
  EXPECT_THAT(answered, Not(HasSubstr("caf")));
  EXPECT_THAT(log.take(), ElementsAre(HasSubstr("\"odd!name\""), HasSubstr("\"utf8\"")));
  EXPECT_EQ(back.counters().started, 1);
}

std::vector<Case> all_cases() {
  std::vector<Case> all;
  for (const Protocol protocol : {Protocol::connect, Protocol::grpc, Protocol::grpc_web})
    for (const Style style : {Style::coroutine, Style::blocking}) all.push_back({protocol, style});
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, DroppedMetadata, ::testing::ValuesIn(all_cases()), [](const auto& tested) {
  const Case& c = tested.param;
  return std::string(protocol_name(c.protocol)) + (c.style == Style::blocking ? "Blocking" : "Coroutine");
});

}  // namespace
}  // namespace connectrpc::probe_test
