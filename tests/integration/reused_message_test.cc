// Messages that are used again, and steps that do not wait: try_receive(), try_send() and receive(message).
#include <gtest/gtest.h>

#include <atomic>

#include "integration/stream_caller.h"

namespace connectrpc::probe_test {
namespace {

using ::probe::v1::ProbeServiceClient;
using ::probe::v1::ProbeServiceClientSync;
using ::probe::v1::ProbeServiceHandler;
using ::probe::v1::ProbeServiceHandlerSync;

constexpr int many = 3000;

// Every third has a payload, so that a message used again must lose it.
template <class T>
void number(T& message, int i) {
  message.set_text(std::to_string(i));
  if (i % 3 == 0) {
    message.set_payload(std::string(static_cast<std::size_t>(i), 'x'));
  } else {
    message.clear_payload();
  }
}

template <class T>
bool is_number(const T& message, int i) {
  return message.text() == std::to_string(i) &&
         message.payload().size() == (i % 3 == 0 ? static_cast<std::size_t>(i) : 0);
}

class Reusing final : public ProbeServiceHandler {
 public:
  std::atomic<int> refused = 0;
  std::atomic<int> ended = 0;

 private:
  // However a handler ends.
  struct Ending {
    explicit Ending(std::atomic<int>& ended) : ended_(ended) {}
    Ending(const Ending&) = delete;
    Ending& operator=(const Ending&) = delete;
    ~Ending() { ++ended_; }
    std::atomic<int>& ended_;
  };

  Task<> serve(const ProbeRequest&, StreamWriter<ProbeResponse>& responses, Context&) override {
    const Ending ending(ended);
    ProbeResponse response;
    bool more = true;
    for (int i = 0; i < many && more; ++i) {
      number(response, i);
      more = responses.try_send(response);
      if (more) continue;
      ++refused;
      more = co_await responses.send(response);
    }
  }
  Task<ProbeResponse> collect(StreamReader<ProbeRequest>& requests, Context&) override {
    ProbeRequest request;
    int count = 0;
    for (bool more = true; more;) {
      more = requests.try_receive(request) || co_await requests.receive(request);
      if (more && !is_number(request, count++)) throw Error(Code::data_loss, "another message was expected");
    }
    // After the end nothing changes any more.
    if (requests.try_receive(request) || co_await requests.receive(request)) throw Error(Code::data_loss, "no end");
    if (!is_number(request, count - 1)) throw Error(Code::data_loss, "the end has changed the message");
    ProbeResponse response;
    response.set_text(std::to_string(count));
    co_return response;
  }
  Task<> talk(StreamReader<ProbeRequest>& requests, StreamWriter<ProbeResponse>& responses, Context& context) override {
    ProbeRequest request;
    ProbeResponse response;
    while (co_await requests.receive(request)) {
      response.set_text(request.text());
      response.set_payload(request.payload());
      const bool more = responses.try_send(response) || co_await responses.send(response);
      if (!more) co_return;
    }
    context.response_trailers().set("x-end", "seen");
  }
};

class ReusingSync final : public ProbeServiceHandlerSync {
  void serve(const ProbeRequest&, StreamWriterSync<ProbeResponse>& responses, Context&) override {
    ProbeResponse response;
    for (int i = 0; i < many; ++i) {
      number(response, i);
      responses.send(response);
    }
  }
  ProbeResponse collect(StreamReaderSync<ProbeRequest>& requests, Context&) override {
    ProbeRequest request;
    int count = 0;
    while (requests.receive(request))
      if (!is_number(request, count++)) throw Error(Code::data_loss, "another message was expected");
    if (!is_number(request, count - 1)) throw Error(Code::data_loss, "the end has changed the message");
    ProbeResponse response;
    response.set_text(std::to_string(count));
    return response;
  }
  void talk(StreamReaderSync<ProbeRequest>& requests, StreamWriterSync<ProbeResponse>& responses,
            Context& context) override {
    ProbeRequest request;
    ProbeResponse response;
    while (requests.receive(request)) {
      response.set_text(request.text());
      response.set_payload(request.payload());
      responses.send(response);
    }
    context.response_trailers().set("x-end", "seen");
  }
};

class ReusedMessage : public ::testing::TestWithParam<std::pair<Protocol, Style>> {
 protected:
  ReusedMessage() {
    if (GetParam().second == Style::coroutine) {
      server_.add(reusing_);
    } else {
      server_.add(reusing_sync_);
    }
    const std::uint16_t port = server_.listen("127.0.0.1:0");
    server_.start();
    ChannelOptions options;
    options.protocol = GetParam().first;
    options.http_version = HttpVersion::http2;
    channel_ = Channel::make("http://127.0.0.1:" + std::to_string(port), std::move(options));
  }
  bool coroutine() const { return GetParam().second == Style::coroutine; }

  Reusing reusing_;
  ReusingSync reusing_sync_;
  Server server_;
  ChannelPtr channel_;
};

TEST_P(ReusedMessage, OfAServersStream) {
  auto call = ProbeServiceClientSync(channel_).serve(ProbeRequest());
  ProbeResponse response;
  int count = 0;
  while (call.receive(response)) ASSERT_TRUE(is_number(response, count++));
  EXPECT_EQ(count, many);
  EXPECT_TRUE(is_number(response, many - 1));
  EXPECT_FALSE(call.receive(response));
  EXPECT_TRUE(is_number(response, many - 1));
  // 1.5 MB are more than what waits for the connection.
  if (coroutine()) {
    EXPECT_GT(reusing_.refused, 0);
  }
}

TEST_P(ReusedMessage, OfAClientsStream) {
  auto call = ProbeServiceClientSync(channel_).collect();
  ProbeRequest request;
  for (int i = 0; i < many; ++i) {
    number(request, i);
    ASSERT_TRUE(call.send(request));
  }
  const auto response = call.finish();
  EXPECT_EQ(response->text(), std::to_string(many));
}

Task<> talk(ProbeServiceClient client, int count) {
  auto call = client.talk();
  ProbeRequest request;
  ProbeResponse response;
  for (int i = 0; i < count; ++i) {
    number(request, i);
    co_await call.send(request);
    const bool more = co_await call.receive(response);
    EXPECT_TRUE(more && is_number(response, i)) << i;
  }
  co_await call.close_send();
  const bool more = co_await call.receive(response);
  EXPECT_FALSE(more);
  EXPECT_TRUE(is_number(response, count - 1));
  EXPECT_EQ(call.trailers()["x-end"], "seen");
}

TEST_P(ReusedMessage, OfBothSides) {
  boost::asio::io_context io;
  run_on(io, talk(ProbeServiceClient(channel_), 100));
}

TEST_P(ReusedMessage, ASenderEndsWhenTheClientHasGone) {
  {
    auto call = ProbeServiceClientSync(channel_).serve(ProbeRequest());
    ASSERT_TRUE(call.receive());
  }
  server_.stop();
  if (coroutine()) {
    EXPECT_EQ(reusing_.ended, 1);
  }
}

std::vector<std::pair<Protocol, Style>> cases() {
  std::vector<std::pair<Protocol, Style>> all;
  for (const Protocol protocol : {Protocol::connect, Protocol::grpc, Protocol::grpc_web})
    for (const Style style : {Style::coroutine, Style::blocking}) all.emplace_back(protocol, style);
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, ReusedMessage, ::testing::ValuesIn(cases()), [](const auto& tested) {
  return protocol_name(tested.param.first) +
         (tested.param.second == Style::coroutine ? std::string("Coroutine") : std::string("Blocking"));
});

// What goes wrong comes out of the awaited call, not out of the expression that makes it.
class Failing final : public ProbeServiceHandler {
 public:
  std::string seen;

 private:
  Task<> talk(StreamReader<ProbeRequest>& requests, StreamWriter<ProbeResponse>& responses, Context&) override {
    ProbeResponse large;
    large.set_text(std::string(2000, 'x'));
    const Result<bool> sent = co_await as_result(responses.send(large));
    if (!sent) seen = to_string(sent.error().code());
    ProbeRequest request;
    for (bool more = true; more;) {
      const Result<bool> received = co_await as_result(requests.receive(request));
      more = received && *received;
      if (!received) seen += std::string(", ") + std::string(to_string(received.error().code()));
    }
    ProbeResponse small;
    small.set_text("small");
    co_await responses.send(small);
  }
};

TEST(ReusedMessage, FailuresComeOutOfTheAwaitedCall) {
  Failing failing;
  ServerOptions options;
  options.send_limit = 1000;
  options.receive_limit = 1000;
  Server server(options);
  server.add(failing);
  const std::uint16_t port = server.listen("127.0.0.1:0");
  server.start();
  ChannelOptions channel_options;
  channel_options.protocol = Protocol::grpc;
  const auto channel = Channel::make("http://127.0.0.1:" + std::to_string(port), std::move(channel_options));
  auto call = ProbeServiceClientSync(channel).talk();
  ProbeRequest large;
  large.set_text(std::string(2000, 'x'));
  call.send(large);
  const auto response = call.receive();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->text(), "small");
  EXPECT_EQ(failing.seen, "resource_exhausted, resource_exhausted");
}

}  // namespace
}  // namespace connectrpc::probe_test
