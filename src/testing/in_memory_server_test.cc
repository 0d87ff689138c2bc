// Calls without sockets, with a service that is written by hand.
#include "connectrpc/testing/in_memory_server.h"

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "connectrpc/client.h"
#include "connectrpc/detail/request_message.h"

namespace connectrpc::testing {
namespace {

using google::protobuf::StringValue;

constexpr MethodSpec echo_method{
    "/test.Echo/Echo", StreamType::unary, Idempotency::unknown, 0, nullptr,
};

class Echo final : public Service {
 public:
  std::string_view service_name() const noexcept override { return "test.Echo"; }
  std::span<const MethodSpec* const> methods() const noexcept override {
    static constexpr const MethodSpec* all[] = {&echo_method};
    return all;
  }
  Task<> call(const MethodSpec&, detail::ServerCall& call) override {
    detail::RequestMessage<StringValue> message;
    co_await call.receive(message);
    call.context().response_headers().set("peer", call.context().peer().to_string());
    call.respond(*message);
  }
};

class EchoSync final : public ServiceSync {
 public:
  std::string_view service_name() const noexcept override { return "test.Echo"; }
  std::span<const MethodSpec* const> methods() const noexcept override {
    static constexpr const MethodSpec* all[] = {&echo_method};
    return all;
  }
  void call(const MethodSpec&, detail::ServerCallSync& call) override {
    detail::RequestMessage<StringValue> message;
    call.receive(message);
    call.respond(*message);
  }
};

StringValue text(const char* value) {
  StringValue message;
  message.set_value(value);
  return message;
}

std::vector<ChannelOptions> every_protocol() {
  std::vector<ChannelOptions> all;
  for (const auto protocol : {Protocol::connect, Protocol::grpc, Protocol::grpc_web}) {
    for (const auto version : {HttpVersion::http1_1, HttpVersion::http2}) {
      if (protocol == Protocol::grpc && version == HttpVersion::http1_1) continue;
      ChannelOptions options;
      options.protocol = protocol;
      options.http_version = version;
      all.push_back(options);
    }
  }
  return all;
}

TEST(InMemoryServer, AnswersThreads) {
  Echo echo;
  InMemoryServer server;
  server.add(echo);
  for (const ChannelOptions& options : every_protocol()) {
    const ChannelPtr channel = server.channel(options);
    const auto response = detail::unary_sync<StringValue>(channel, echo_method, text("a"), CallOptions());
    EXPECT_EQ(response->value(), "a");
    EXPECT_EQ(response.headers()["peer"], "in-process");
    EXPECT_EQ(response.peer().kind(), Peer::Kind::in_process);
  }
}

Task<> calls(ChannelPtr channel, int count, int& good) {
  for (int i = 0; i < count; ++i) {
    const StringValue request = text("b");
    const CallOptions options;
    auto response = co_await detail::unary<StringValue>(channel, echo_method, request, options);
    if (response->value() == "b") ++good;
  }
}

TEST(InMemoryServer, AnswersCoroutinesOnTheSameLoop) {
  boost::asio::io_context io(1);
  Echo echo;
  InMemoryServer server(io);
  server.add(echo);
  int good = 0;
  int ended = 0;
  const auto options = every_protocol();
  for (const ChannelOptions& each : options) {
    boost::asio::co_spawn(io, calls(server.channel(each), 20, good), [&](std::exception_ptr error) {
      EXPECT_FALSE(error);
      if (++ended == static_cast<int>(options.size())) io.stop();
    });
  }
  io.run_for(std::chrono::seconds(10));
  EXPECT_EQ(good, 20 * static_cast<int>(options.size()));
}

TEST(InMemoryServer, RunsBlockingHandlers) {
  EchoSync echo;
  InMemoryServer server;
  server.add(echo);
  const auto response = detail::unary_sync<StringValue>(server.channel(), echo_method, text("c"), CallOptions());
  EXPECT_EQ(response->value(), "c");
}

TEST(InMemoryServer, IsGoneForChannelsThatOutliveIt) {
  Echo echo;
  boost::asio::io_context io(1);
  ChannelPtr channel;
  {
    InMemoryServer server(io);
    server.add(echo);
    channel = server.channel();
  }
  std::optional<Code> code;
  boost::asio::co_spawn(io, as_result(detail::unary<StringValue>(channel, echo_method, text("d"), CallOptions())),
                        [&](std::exception_ptr, Result<Response<StringValue>> result) {
                          if (!result) code = result.error().code();
                          io.stop();
                        });
  io.run_for(std::chrono::seconds(10));
  EXPECT_EQ(code, Code::unavailable);
}

}  // namespace
}  // namespace connectrpc::testing
