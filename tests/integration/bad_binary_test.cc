// Binary values that are none, from either peer: the look-up fails, the call does not (metadata.md H5).
#include <gmock/gmock.h>

#include "integration/protocol_name.h"
#include "integration/raw_http2.h"
#include "integration/stream_caller.h"

namespace connectrpc::probe_test {
namespace {

using ::testing::ElementsAre;
using Handler = ::probe::v1::ProbeServiceHandler;

/// What a reader makes of the pairs below, in one line.
std::string looked_up(const Headers& headers) {
  std::string line;
  for (const char* name :
       {"bad-bin", "urlsafe-bin", "short-bin", "good-bin", "padded-bin", "joined-bin", "absent-bin"}) {
    const auto value = headers.get_binary(name);
    line += !value ? "error " : !*value ? "absent " : std::to_string((*value)->size()) + " ";
  }
  const auto joined = headers.get_all_binary("joined-bin");
  return line + (joined ? std::to_string(joined->size()) : "error") + " " + std::string(headers["bad-bin"]);
}
constexpr std::string_view expected = "error error error 2 2 2 absent 3 !!!";

std::string pairs() {
  return raw::field("bad-bin", "!!!") + raw::field("urlsafe-bin", "_-_-") + raw::field("short-bin", "AAEAA") +
         raw::field("good-bin", "AAE") + raw::field("padded-bin", "AAE=") + raw::field("joined-bin", "AAE,AAE") +
         raw::field("joined-bin", "AAE=");
}

class Reader final : public Handler {
  Task<> talk(StreamReader<ProbeRequest>&, StreamWriter<ProbeResponse>&, Context& context) override {
    context.response_headers().set("looked-up", looked_up(context.request_headers()));
    co_return;
  }
};

class BadBinary : public ::testing::TestWithParam<Protocol> {};

TEST_P(BadBinary, TheCallIsAnsweredAllTheSame) {
  Server server;
  Reader reader;
  server.add(reader);
  RawHttp2 peer(raw_connect(server.listen("127.0.0.1:0")), RawHttp2::Side::client);
  server.start();
  peer.send(raw_request(GetParam(), 1, Handler::talk_method.path, pairs()) + raw::frame(raw::data, raw::end_stream, 1));
  RawHttp2::Stream& stream = peer.stream(1);
  ASSERT_TRUE(peer.until([&] { return stream.over(); }));
  EXPECT_FALSE(stream.reset);
  EXPECT_EQ(stream["looked-up"], expected);
}

TEST_P(BadBinary, TheAnswerIsReadAllTheSame) {
  RawHttp2Server server([](RawHttp2& peer, int) {
    while (const auto event = peer.next()) {
      if (event->kind == RawHttp2::Event::Kind::end)
        peer.send(raw_head(GetParam(), event->id, pairs()) +
                  raw_end(GetParam(), event->id,
                          raw_envelope(request_of("one").SerializeAsString()) + raw_ending(GetParam())));
    }
  });
  ChannelOptions options;
  options.protocol = GetParam();
  options.http_version = HttpVersion::http2;
  auto call = ::probe::v1::ProbeServiceClientSync(server.url(), options).talk();
  call.close_send();
  std::vector<std::string> texts;
  while (const auto message = call.receive()) texts.push_back(message->text());
  EXPECT_THAT(texts, ElementsAre("one"));
  EXPECT_EQ(looked_up(call.headers()), expected);
  EXPECT_EQ(server.failure(), "");
}

INSTANTIATE_TEST_SUITE_P(All, BadBinary, ::testing::Values(Protocol::connect, Protocol::grpc, Protocol::grpc_web),
                         [](const auto& tested) { return protocol_name(tested.param); });

}  // namespace
}  // namespace connectrpc::probe_test
