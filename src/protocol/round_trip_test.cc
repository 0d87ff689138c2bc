// Our clients and our servers, connected: what goes in at one end comes out at the other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/test_support.h"

namespace connectrpc::protocol {
namespace {

using test::ClientDriver;
using test::Delivery;
using test::lines;
using test::ServerDriver;
using testing::ElementsAreArray;

struct Combination {
  Protocol protocol;
  const MethodSpec* method;
  Codec codec;
  bool compressed;
  Delivery delivery;
};

std::vector<Combination> combinations() {
  std::vector<Combination> all;
  for (const Protocol protocol : {Protocol::connect, Protocol::grpc, Protocol::grpc_web})
    for (const MethodSpec* const method :
         {&test::unary_method, &test::get_method, &test::server_method, &test::client_method, &test::bidi_method})
      for (const Codec codec : {Codec::proto, Codec::json})
        for (const bool compressed : {false, true})
          for (const Delivery delivery : test::deliveries)
            all.push_back({protocol, method, codec, compressed, delivery});
  return all;
}

std::string name_of(const Combination& c) {
  std::string name(to_string(c.protocol));
  name.append(" ").append(c.method->name()).append(" ").append(to_string(c.codec));
  return name + (c.compressed ? " gzip" : "") + (c.delivery == Delivery::bytewise ? " byte by byte" : "");
}

ClientSettings client_settings(const Combination& c) {
  ClientSettings settings;
  settings.use_get = true;
  settings.compress_min_bytes = c.compressed ? 0 : 1'000'000;
  if (c.compressed) settings.request_compression = &test::gzip();
  return settings;
}

ServerSettings server_settings(const Combination& c) {
  ServerSettings settings;
  settings.compress_min_bytes = c.compressed ? 0 : 1'000'000;
  return settings;
}

const std::vector<std::string> several = {"one", "", std::string(3000, 'x')};

std::vector<std::string> request_messages(const MethodSpec& method) {
  const bool single = method.stream_type == StreamType::unary || method.stream_type == StreamType::server;
  return single ? std::vector<std::string>{"the \xff request"} : several;
}

std::vector<std::string> answer_messages(const MethodSpec& method) {
  const bool single = method.stream_type == StreamType::unary || method.stream_type == StreamType::client;
  return single ? std::vector<std::string>{"the \xff answer"} : several;
}

// Runs a call up to the handler, which sees the request.
struct Call {
  explicit Call(const Combination& c)
      : combination(c), client(c.protocol, *c.method, client_settings(c), c.codec), server(start()) {
    EXPECT_TRUE(server.accepted());
    server.feed(client.body, c.delivery);
    EXPECT_TRUE(server.ended);
  }

  ServerDriver start() {
    client.open(headers, std::chrono::seconds(7));
    for (const std::string& message : request_messages(*combination.method)) EXPECT_TRUE(client.send(message));
    client.close_send();
    EXPECT_TRUE(client.closed);
    return ServerDriver(*client.head, *combination.method, server_settings(combination));
  }

  Combination combination;
  Headers headers{{"tenant", "a"}, {"x-bin", "AQI"}, {"tenant", "b"}};
  ClientDriver client;
  ServerDriver server;
};

TEST(RoundTrip, Success) {
  for (const Combination& c : combinations()) {
    SCOPED_TRACE(name_of(c));
    Call call(c);
    EXPECT_THAT(call.server.messages, ElementsAreArray(request_messages(*c.method)));
    EXPECT_EQ(call.server.call().codec(), c.codec);
    EXPECT_EQ(call.server.call().timeout(), std::chrono::seconds(7));
    EXPECT_EQ(
        lines(detail::user_metadata(call.client.head->headers)).find("tenant: a\ntenant: b\n") == std::string::npos,
        false);

    call.server.send_headers({{"begin", "1"}, {"h-bin", "AQI"}, {"begin", "2"}});
    for (const std::string& message : answer_messages(*c.method)) ASSERT_TRUE(call.server.send(message));
    call.server.finish(nullptr, {}, {{"end", "1"}, {"t-bin", "AQI"}, {"end", "2"}});
    call.client.feed(call.server.answer, c.delivery);
    ASSERT_TRUE(call.client.ended);
    EXPECT_FALSE(call.client.error) << call.client.error->what();
    EXPECT_THAT(call.client.messages, ElementsAreArray(answer_messages(*c.method)));
    const bool get = call.client.head->method == "GET";
    EXPECT_EQ(get, c.protocol == Protocol::connect && c.method == &test::get_method);
    EXPECT_EQ(lines(call.client.call().headers()),
              std::string("begin: 1\nbegin: 2\nh-bin: AQI\n") + (get ? "vary: accept-encoding\n" : ""));
    EXPECT_EQ(lines(call.client.call().trailers()), "end: 1\nend: 2\nt-bin: AQI\n");
  }
}

TEST(RoundTrip, ErrorAtOnce) {
  for (const Combination& c : combinations()) {
    SCOPED_TRACE(name_of(c));
    Call call(c);
    Error error(Code::failed_precondition, "50% of\né 👋");
    error.with_metadata("both", "error").with_detail(ErrorDetail{"a.B", std::string("\0\xff", 2)});
    call.server.finish(&error, {{"begin", "1"}}, {{"both", "context"}, {"end", "2"}});
    call.client.feed(call.server.answer, c.delivery);
    ASSERT_TRUE(call.client.error);
    const Error& seen = *call.client.error;
    EXPECT_EQ(seen.code(), Code::failed_precondition);
    EXPECT_EQ(seen.message(), "50% of\né 👋");
    ASSERT_EQ(seen.details().size(), 1U);
    EXPECT_EQ(seen.details()[0], (ErrorDetail{"a.B", std::string("\0\xff", 2)}));
    EXPECT_TRUE(seen.is_remote());
    EXPECT_TRUE(call.client.messages.empty());
    // The one difference between the protocols: where the error's own metadata is. Taken together they agree.
    const bool unary_connect = c.protocol == Protocol::connect && c.method->stream_type == StreamType::unary;
    EXPECT_EQ(seen.headers().contains("both"), unary_connect);
    EXPECT_THAT(seen.metadata().get_all("both"), testing::ElementsAre("error", "context"));
    EXPECT_EQ(seen.metadata()["begin"], "1");
    EXPECT_EQ(seen.trailers()["end"], "2");
  }
}

TEST(RoundTrip, ErrorWithNothingElse) {
  for (const Combination& c : combinations()) {
    SCOPED_TRACE(name_of(c));
    Call call(c);
    const Error error(Code::data_loss);
    call.server.finish(&error);
    call.client.feed(call.server.answer, c.delivery);
    ASSERT_TRUE(call.client.error);
    EXPECT_EQ(call.client.error->code(), Code::data_loss);
    EXPECT_EQ(call.client.error->message(), "");
    const bool get = call.client.head->method == "GET";
    EXPECT_EQ(lines(call.client.error->metadata()), get ? "vary: accept-encoding\n" : "");
  }
}

TEST(RoundTrip, ErrorAfterMessages) {
  for (const Combination& c : combinations()) {
    if (c.method->stream_type == StreamType::unary || c.method->stream_type == StreamType::client) continue;
    SCOPED_TRACE(name_of(c));
    Call call(c);
    call.server.send_headers({{"begin", "1"}});
    for (const std::string& message : several) ASSERT_TRUE(call.server.send(message));
    Error error(Code::aborted, "enough");
    error.with_metadata("own", "1");
    call.server.finish(&error, {}, {{"end", "2"}});
    call.client.feed(call.server.answer, c.delivery);
    EXPECT_THAT(call.client.messages, ElementsAreArray(several));
    ASSERT_TRUE(call.client.error);
    EXPECT_EQ(call.client.error->code(), Code::aborted);
    EXPECT_EQ(lines(call.client.error->headers()), "begin: 1\n");
    EXPECT_EQ(lines(call.client.error->trailers()), "end: 2\nown: 1\n");
  }
}

TEST(RoundTrip, EveryCodeArrives) {
  for (const Protocol protocol : {Protocol::connect, Protocol::grpc, Protocol::grpc_web}) {
    for (const MethodSpec* const method : {&test::unary_method, &test::bidi_method}) {
      for (int number = 1; number <= 16; ++number) {
        Call call({protocol, method, Codec::proto, false, Delivery::whole});
        const Error error(static_cast<Code>(number), "x");
        call.server.finish(&error);
        call.client.feed(call.server.answer);
        ASSERT_TRUE(call.client.error);
        EXPECT_EQ(call.client.error->code(), static_cast<Code>(number));
      }
    }
  }
}

TEST(RoundTrip, AThousandHeaders) {
  Headers many;
  for (int i = 0; i < 1000; ++i) many.add("name-" + std::to_string(i % 500), std::to_string(i));
  for (const Protocol protocol : {Protocol::connect, Protocol::grpc, Protocol::grpc_web}) {
    for (const MethodSpec* const method : {&test::unary_method, &test::bidi_method}) {
      Call call({protocol, method, Codec::proto, false, Delivery::whole});
      call.server.send_headers(many);
      ASSERT_TRUE(call.server.send("x"));
      call.server.finish(nullptr, {}, many);
      call.client.feed(call.server.answer);
      EXPECT_FALSE(call.client.error);
      EXPECT_EQ(call.client.call().headers(), many);
      EXPECT_EQ(call.client.call().trailers(), many);
    }
  }
}

TEST(RoundTrip, LargeMessagesPassSmallWindows) {
  const std::string large(4 << 20, 'x');
  for (const Protocol protocol : {Protocol::connect, Protocol::grpc, Protocol::grpc_web}) {
    ClientDriver client(protocol, test::unary_method);
    client.request(large);
    ServerDriver server(*client.head, test::unary_method);
    constexpr std::size_t window = 256 * 1024;
    for (std::size_t at = 0; at < client.body.size(); at += window)
      server.feed(std::string_view(client.body).substr(at, window), Delivery::whole, at + window >= client.body.size(),
                  client.body.size());
    ASSERT_EQ(server.messages.size(), 1U);
    EXPECT_EQ(server.messages[0], large);
  }
}

}  // namespace
}  // namespace connectrpc::protocol
