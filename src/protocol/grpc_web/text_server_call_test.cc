// gRPC-Web's text form on the server: whole, byte by byte, and in any mixture of forms.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "protocol/test_support.h"

namespace connectrpc::protocol {
namespace {

using base::base64_encode;
using test::Delivery;
using test::envelope;
using test::gzipped;
using test::lines;
using test::post;
using test::raw;
using test::ServerDriver;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view text_type = "application/grpc-web-text";

TEST(GrpcWebText, ReadsRequestsOfOneEncodingAndOfSeveral) {
  const std::string one = envelope("one");
  const std::string two = envelope(std::string(5000, '2'));
  const std::string bodies[] = {
      base64_encode(one + two),
      base::base64_encode_unpadded(one + two),
      base64_encode(one) + base64_encode(two),
      base64_encode(one.substr(0, 1)) + base64_encode(one.substr(1, 6)) + base64_encode(one.substr(7) + two),
  };
  for (const std::string& body : bodies) {
    for (const Delivery delivery : test::deliveries) {
      ServerDriver server(post(text_type), test::client_method);
      ASSERT_TRUE(server.accepted());
      EXPECT_EQ(server.call().protocol(), Protocol::grpc_web);
      server.feed(body, delivery);
      EXPECT_FALSE(server.failure);
      EXPECT_THAT(server.messages, ElementsAre("one", std::string(5000, '2')));
      EXPECT_TRUE(server.ended);
    }
  }
}

TEST(GrpcWebText, ReadsEveryMessageBeforeTheEnd) {
  ServerDriver server(post(text_type), test::bidi_method);
  server.feed(base64_encode(envelope("one")) + base64_encode(envelope("two")) + "AAAA", Delivery::whole, false);
  EXPECT_THAT(server.messages, ElementsAre("one", "two"));
  EXPECT_FALSE(server.ended);
  server.feed("AAEh", Delivery::whole, false);
  EXPECT_THAT(server.messages, ElementsAre("one", "two", "!"));
  server.feed("");
  EXPECT_TRUE(server.ended);
}

TEST(GrpcWebText, ReadsManyMessagesOfOnePiece) {
  std::string body;
  for (int i = 0; i < 20'000; ++i) body += envelope(std::to_string(i));
  ServerDriver server(post(text_type), test::client_method);
  server.feed(base64_encode(body));
  EXPECT_EQ(server.messages.size(), 20'000u);
  EXPECT_EQ(server.messages.back(), "19999");
  EXPECT_TRUE(server.ended);
}

TEST(GrpcWebText, ReadsCompressedMessages) {
  ServerDriver server(post(text_type, raw({{"grpc-encoding", "gzip"}})), test::unary_method);
  server.feed(base64_encode(envelope(gzipped("hello"), 1)), Delivery::bytewise);
  EXPECT_THAT(server.messages, ElementsAre("hello"));
}

TEST(GrpcWebText, WhatIsNoBase64IsAnInvalidArgument) {
  const std::string good = base64_encode(envelope("hello"));
  for (const std::string& body :
       {std::string("!"), good + "*AAA", good + "A", good.substr(0, 5), envelope("hello"), good + "\r\n"}) {
    for (const Delivery delivery : test::deliveries) {
      ServerDriver server(post(text_type), test::bidi_method);
      server.feed(body, delivery);
      ASSERT_TRUE(server.failure) << body;
      EXPECT_EQ(server.failure->code(), Code::invalid_argument);
      EXPECT_EQ(server.failure->message(), "the request's body is not base64, as its content type has it");
      server.finish(&*server.failure);
      EXPECT_EQ(server.answer.head.headers["grpc-status"], "3");
      EXPECT_EQ(server.answer.head.headers["content-type"], text_type);
    }
  }
}

TEST(GrpcWebText, MessagesBeforeWhatIsNoBase64AreRead) {
  const std::string one = envelope("one!");  // nine bytes: no group is shared
  const std::string good = base64_encode(one + one);
  for (const std::string& body : {good + "*", good + "****", good + "AAAA" + "A*AA", good + base64_encode(one) + "A"}) {
    for (const Delivery delivery : test::deliveries) {
      ServerDriver server(post(text_type), test::bidi_method);
      server.feed(body, delivery);
      ASSERT_GE(server.messages.size(), 2u) << body;
      EXPECT_EQ(server.messages[1], "one!");
      ASSERT_TRUE(server.failure) << body;
      EXPECT_EQ(server.failure->code(), Code::invalid_argument);
    }
  }
}

TEST(GrpcWebText, BadStreamsInsideAreWhatTheyAreElsewhere) {
  struct Case {
    std::string body;
    Code code;
  };
  const Case cases[] = {
      {"", Code::unimplemented},
      {base64_encode(envelope("one") + envelope("two")), Code::unimplemented},
      {base64_encode(envelope("hello").substr(0, 7)), Code::internal},
      {base64_encode(envelope("hello").substr(0, 3)), Code::internal},
      {base64_encode(envelope("hello", 1)), Code::internal},
      {base64_encode(envelope("hello", 4)), Code::internal},
      {base64_encode(envelope("hello", 0x80)), Code::internal},
  };
  for (const Case& c : cases) {
    for (const Delivery delivery : test::deliveries) {
      ServerDriver server(post(text_type), test::unary_method);
      server.feed(c.body, delivery);
      ASSERT_TRUE(server.failure) << c.body;
      EXPECT_EQ(server.failure->code(), c.code) << c.body;
    }
  }
}

TEST(GrpcWebText, LimitsCountTheMessageItself) {
  ServerSettings settings;
  settings.receive_limit = 100;
  ServerDriver exact(post(text_type), test::unary_method, settings);
  exact.feed(base64_encode(envelope(std::string(100, 'x'))), Delivery::whole, true, 140);
  EXPECT_THAT(exact.messages, ElementsAre(std::string(100, 'x')));

  ServerDriver over(post(text_type), test::unary_method, settings);
  over.feed(base64_encode(envelope(std::string(101, 'x'))).substr(0, 8), Delivery::whole, false);
  ASSERT_TRUE(over.failure);
  EXPECT_EQ(over.failure->code(), Code::resource_exhausted);
}

TEST(GrpcWebText, EachPieceOfAnAnswerIsPaddedOnItsOwn) {
  ServerDriver server(post("application/grpc-web-text+proto"), test::server_method);
  server.send_headers({{"a", "1"}});
  EXPECT_EQ(lines(server.answer.head.headers), "a: 1\ncontent-type: application/grpc-web-text+proto\n");
  EXPECT_EQ(server.answer.body, "");
  std::string expected;
  for (const std::string_view message : {"one", "four", "", "seventy"}) {
    ASSERT_TRUE(server.send(message));
    expected += base64_encode(envelope(message));
    EXPECT_EQ(server.answer.body, expected);
    EXPECT_EQ(server.answer.body.size() % 4, 0u);
  }
  server.finish(nullptr, {}, {{"Cost", "3ms"}});
  EXPECT_EQ(server.answer.body, expected + base64_encode(envelope("cost: 3ms\r\ngrpc-status: 0\r\n", 0x80)));
  EXPECT_TRUE(server.answer.ended);
  EXPECT_TRUE(server.answer.trailers.empty());
}

TEST(GrpcWebText, MessageAndEndInOneOutput) {
  ServerDriver server(post(text_type), test::unary_method);
  ServerOutput out;
  server.call().send_headers({}, out);
  out.body.append(server.call().message_prefix(), '\0').append("hi");
  ASSERT_TRUE(server.call().send_message(out.body, 0));
  server.call().finish({}, out);
  ASSERT_TRUE(out.head);
  EXPECT_EQ(out.head->headers["content-type"], text_type);
  EXPECT_EQ(out.body, base64_encode(envelope("hi")) + base64_encode(envelope("grpc-status: 0\r\n", 0x80)));
  EXPECT_TRUE(out.end);
}

TEST(GrpcWebText, Failures) {
  const Error error(Code::internal, "a\nb");
  ServerDriver trailers_only(post("application/grpc-web-text+json"), test::unary_method);
  trailers_only.finish(&error);
  EXPECT_EQ(lines(trailers_only.answer.head.headers),
            "content-type: application/grpc-web-text+json\ngrpc-message: a%0Ab\ngrpc-status: 13\n");
  EXPECT_EQ(trailers_only.answer.body, "");

  ServerDriver headers(post(text_type), test::unary_method);
  headers.finish(&error, {{"a", "1"}});
  EXPECT_EQ(headers.answer.body, base64_encode(envelope("grpc-status: 13\r\ngrpc-message: a%0Ab\r\n", 0x80)));

  ServerDriver unknown(post(text_type, raw({{"grpc-encoding", "foo"}})), test::unary_method);
  ASSERT_TRUE(unknown.call().fault());
  EXPECT_EQ(unknown.call().fault()->code(), Code::unimplemented);

  ServerDriver timed(post(text_type, raw({{"grpc-timeout", "2S"}})), test::unary_method);
  EXPECT_EQ(timed.call().timeout(), std::chrono::seconds(2));
}

TEST(GrpcWebText, AcceptChoosesTheFormOfTheAnswer) {
  struct Case {
    std::string_view type;
    std::vector<std::string_view> accept;
    std::string_view answered;
  };
  const Case cases[] = {
      {"application/grpc-web-text", {}, "application/grpc-web-text"},
      {"application/grpc-web-text", {"application/grpc-web-text"}, "application/grpc-web-text"},
      {"application/grpc-web-text+proto", {"*/*"}, "application/grpc-web-text+proto"},
      {"application/grpc-web-text", {"application/grpc-web+proto"}, "application/grpc-web"},
      {"application/grpc-web-text", {"application/grpc-web, application/grpc-web-text"}, "application/grpc-web-text"},
      {"application/grpc-web+proto", {"application/grpc-web-text"}, "application/grpc-web-text+proto"},
      {"application/grpc-web+json", {"text/html", "Application/Grpc-Web-Text;q=0.5"}, "application/grpc-web-text+json"},
      {"application/grpc-web+proto", {"application/grpc-web-text;q=0"}, "application/grpc-web+proto"},
      {"application/grpc-web", {"application/grpc-web-text", "application/grpc-web"}, "application/grpc-web"},
      {"application/grpc-web", {"application/json"}, "application/grpc-web"},
  };
  for (const Case& c : cases) {
    Headers fields;
    for (const std::string_view value : c.accept) detail::HeadersAccess::append(fields, "accept", value);
    ServerDriver server(post(c.type, fields), test::unary_method);
    ASSERT_TRUE(server.accepted());
    const std::string request = envelope("hello");
    server.feed(c.type.find("-text") == std::string_view::npos ? request : base64_encode(request));
    EXPECT_THAT(server.messages, ElementsAre("hello"));
    server.send_headers({});
    ASSERT_TRUE(server.send("hi"));
    EXPECT_EQ(server.answer.head.headers["content-type"], c.answered);
    const std::string answer = envelope("hi");
    EXPECT_EQ(server.answer.body, c.answered.find("-text") == std::string_view::npos ? answer : base64_encode(answer));
  }
}

}  // namespace
}  // namespace connectrpc::protocol
