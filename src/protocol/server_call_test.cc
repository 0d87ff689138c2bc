// What servers read and write, byte by byte.
#include "protocol/server_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectrpc/detail/error_access.h"
#include "protocol/test_support.h"

namespace connectrpc::protocol {
namespace {

using test::Delivery;
using test::envelope;
using test::get;
using test::gzipped;
using test::lines;
using test::post;
using test::raw;
using test::ServerDriver;
using testing::ElementsAre;
using testing::HasSubstr;

Error failure() {
  Error error(Code::not_found, "no such user");
  error.with_metadata("cause", "error").with_detail(ErrorDetail{"a.B", "v"});
  return error;
}

// How each protocol frames a request.
struct Shape {
  std::string_view type;
  bool enveloped;
  std::string_view encoding_name;
  std::string_view accept_name;
};
const Shape connect_unary{"application/proto", false, "content-encoding", "accept-encoding"};
const Shape connect_stream{"application/connect+proto", true, "connect-content-encoding", "connect-accept-encoding"};
const Shape grpc{"application/grpc+proto", true, "grpc-encoding", "grpc-accept-encoding"};
const Shape grpc_web{"application/grpc-web+proto", true, "grpc-encoding", "grpc-accept-encoding"};

std::string framed(const Shape& shape, std::string_view message) {
  return shape.enveloped ? envelope(message) : std::string(message);
}

std::string packed(const Shape& shape, std::string_view message) {
  return shape.enveloped ? envelope(gzipped(message), 1) : gzipped(message);
}

struct ShapedMethod {
  const Shape& shape;
  const MethodSpec& method;
};
const ShapedMethod single_requests[] = {{connect_unary, test::unary_method}, {connect_stream, test::server_method},
                                        {grpc, test::unary_method},          {grpc, test::server_method},
                                        {grpc_web, test::unary_method},      {grpc_web, test::server_method}};
const ShapedMethod stream_requests[] = {{connect_stream, test::client_method}, {connect_stream, test::bidi_method},
                                        {grpc, test::client_method},           {grpc, test::bidi_method},
                                        {grpc_web, test::client_method},       {grpc_web, test::bidi_method}};
const ShapedMethod all_requests[] = {{connect_unary, test::unary_method},
                                     {connect_stream, test::server_method},
                                     {grpc, test::unary_method},
                                     {grpc, test::server_method},
                                     {grpc_web, test::unary_method},
                                     {grpc_web, test::server_method},
                                     {connect_stream, test::client_method},
                                     {connect_stream, test::bidi_method},
                                     {grpc, test::client_method},
                                     {grpc, test::bidi_method},
                                     {grpc_web, test::client_method},
                                     {grpc_web, test::bidi_method}};

// Requests.

TEST(ServerCall, ReadsOneMessage) {
  for (const auto& [shape, method] : all_requests) {
    for (const Delivery delivery : test::deliveries) {
      for (const std::string& message : {std::string("hello"), std::string(), std::string(5000, 'x')}) {
        ServerDriver server(post(shape.type), method);
        server.feed(framed(shape, message), delivery);
        EXPECT_THAT(server.messages, ElementsAre(message));
        EXPECT_TRUE(server.ended);

        ServerDriver compressed(post(shape.type, raw({{shape.encoding_name, "gzip"}})), method);
        compressed.feed(packed(shape, message), delivery);
        EXPECT_THAT(compressed.messages, ElementsAre(message)) << shape.type;
        EXPECT_TRUE(compressed.ended);
      }
    }
  }
}

TEST(ServerCall, ReadsStreams) {
  for (const auto& [shape, method] : stream_requests) {
    for (const Delivery delivery : test::deliveries) {
      ServerDriver server(post(shape.type, raw({{shape.encoding_name, "gzip"}})), method);
      server.feed(envelope("one") + envelope("") + packed(shape, "three") + envelope("", 1) + envelope("five"),
                  delivery);
      EXPECT_THAT(server.messages, ElementsAre("one", "", "three", "", "five"));
      EXPECT_TRUE(server.ended);

      ServerDriver empty(post(shape.type), method);
      empty.feed("", delivery);
      EXPECT_TRUE(empty.ended);
    }
  }
}

TEST(ServerCall, MessagesComeBeforeTheEnd) {
  ServerDriver server(post(grpc.type), test::bidi_method);
  server.feed(envelope("one") + "\x00", Delivery::whole, false);
  EXPECT_THAT(server.messages, ElementsAre("one"));
  EXPECT_FALSE(server.ended);
}

TEST(ServerCall, AnEmptyBodyIsAnEmptyMessageInConnectUnary) {
  for (const Headers& headers : {raw({}), raw({{"content-encoding", "gzip"}})}) {
    ServerDriver server(post(connect_unary.type, headers), test::unary_method);
    server.feed("");
    EXPECT_THAT(server.messages, ElementsAre(""));
    EXPECT_TRUE(server.ended);
  }
}

TEST(ServerCall, ZeroOrTwoMessagesWhereOneBelongs) {
  for (const auto& [shape, method] : single_requests) {
    if (!shape.enveloped) continue;
    for (const Delivery delivery : test::deliveries) {
      for (const std::string& body : {std::string(), envelope("one") + envelope("two"), envelope("") + envelope("")}) {
        ServerDriver server(post(shape.type), method);
        server.feed(body, delivery);
        ASSERT_TRUE(server.failure);
        EXPECT_EQ(server.failure->code(), Code::unimplemented);
      }
    }
  }
}

TEST(ServerCall, BrokenFraming) {
  struct Case {
    std::string body;
    Code code;
  };
  const Case cases[] = {
      {std::string("\0\0\0", 3), Code::internal}, {envelope("0123456789").substr(0, 8), Code::internal},
      {envelope("x", 1), Code::internal},         {envelope("", 1), Code::internal},
      {envelope("x", 2), Code::internal},         {envelope("x", 0x80), Code::internal},
      {envelope("x", 0xff), Code::internal},
  };
  for (const auto& [shape, method] : stream_requests) {
    for (const Case& c : cases) {
      for (const Delivery delivery : test::deliveries) {
        ServerDriver server(post(shape.type, raw({{shape.encoding_name, "identity"}})), method);
        server.feed(c.body, delivery);
        ASSERT_TRUE(server.failure);
        EXPECT_EQ(server.failure->code(), c.code);
        EXPECT_FALSE(server.failure->is_remote());
      }
    }
  }
}

TEST(ServerCall, BrokenCompression) {
  for (const auto& [shape, method] : all_requests) {
    for (const std::string& bytes : {std::string("garbage"), gzipped("hello").substr(0, 10), gzipped("x") + "y"}) {
      ServerDriver server(post(shape.type, raw({{shape.encoding_name, "gzip"}})), method);
      server.feed(shape.enveloped ? envelope(bytes, 1) : bytes);
      ASSERT_TRUE(server.failure) << shape.type;
      EXPECT_EQ(server.failure->code(), Code::invalid_argument);
      EXPECT_THAT(server.failure->message(), HasSubstr("is not valid gzip"));
    }
  }
}

TEST(ServerCall, LimitCountsTheMessageItself) {
  ServerSettings settings;
  settings.receive_limit = 2000;
  std::string noise;
  for (unsigned i = 1; noise.size() < settings.receive_limit; i = i * 1103515245 + 12345)
    noise += static_cast<char>(i >> 16);
  for (const auto& [shape, method] : all_requests) {
    for (const std::string& message : {std::string(2000, 'x'), noise}) {
      for (const Delivery delivery : test::deliveries) {
        ServerDriver exact(post(shape.type), method, settings);
        exact.feed(framed(shape, message), delivery);
        EXPECT_THAT(exact.messages, ElementsAre(message));
        ServerDriver exact_packed(post(shape.type, raw({{shape.encoding_name, "gzip"}})), method, settings);
        exact_packed.feed(packed(shape, message), delivery);
        EXPECT_THAT(exact_packed.messages, ElementsAre(message)) << shape.type;

        ServerDriver over(post(shape.type), method, settings);
        over.feed(framed(shape, message + "x"), delivery);
        ASSERT_TRUE(over.failure);
        EXPECT_EQ(over.failure->code(), Code::resource_exhausted);
        EXPECT_EQ(over.failure->message(),
                  "a message of 2001 bytes exceeds the receive limit of 2000 bytes (option receive_limit)");
        ServerDriver over_packed(post(shape.type, raw({{shape.encoding_name, "gzip"}})), method, settings);
        over_packed.feed(packed(shape, message + "x"), delivery);
        ASSERT_TRUE(over_packed.failure);
        EXPECT_EQ(over_packed.failure->code(), Code::resource_exhausted);
      }
    }
  }
}

TEST(ServerCall, TooLargeIsRefusedBeforeItComes) {
  ServerSettings settings;
  settings.receive_limit = 2000;
  for (const auto& [shape, method] : all_requests) {
    ServerDriver server(post(shape.type), method, settings);
    const std::string prefix = shape.enveloped ? envelope(std::string(2001, 'x')).substr(0, 5) : "";
    server.feed(prefix, Delivery::whole, false, 2001 + prefix.size());
    ASSERT_TRUE(server.failure) << shape.type;
    EXPECT_EQ(server.failure->code(), Code::resource_exhausted);
  }
}

TEST(ServerCall, BombsStopAtTheLimit) {
  const std::string bomb = gzipped(std::string(16 << 20, '\0'));
  for (const auto& [shape, method] : all_requests) {
    ServerDriver server(post(shape.type, raw({{shape.encoding_name, "gzip"}})), method);
    server.feed(shape.enveloped ? envelope(bomb, 1) : bomb);
    ASSERT_TRUE(server.failure);
    EXPECT_EQ(server.failure->code(), Code::resource_exhausted);
  }
}

TEST(ServerCall, ReadsGet) {
  struct Case {
    std::string_view query;
    std::string message;
    Codec codec;
  };
  const std::string packed_query =
      "compression=gzip&base64=1&encoding=proto&connect=v1&message=H4sIAAAAAAACA8tIzcnJBwCGphA2BQAAAA";
  const Case cases[] = {
      {"connect=v1&base64=1&encoding=proto&message=-_8", "\xfb\xff", Codec::proto},
      {"connect=v1&base64=1&encoding=proto&message=aGk%3D", "hi", Codec::proto},
      {"encoding=json&message=%7B%22a%22%3A1%7D", "{\"a\":1}", Codec::json},
      {"message=a+b&encoding=json&base64=0", "a b", Codec::json},
      {"encoding=proto&message=", "", Codec::proto},
      {packed_query, "hello", Codec::proto},
  };
  for (const Case& c : cases) {
    ServerDriver server(get(c.query), test::get_method);
    ASSERT_TRUE(server.accepted());
    ASSERT_FALSE(server.call().fault()) << server.call().fault()->message();
    EXPECT_EQ(server.call().codec(), c.codec);
    server.feed("");
    EXPECT_THAT(server.messages, ElementsAre(c.message));
    EXPECT_TRUE(server.ended);
  }
  ServerSettings settings;
  settings.receive_limit = 3;
  ServerDriver large(get("encoding=json&message=abcd"), test::get_method, settings);
  large.feed("");
  EXPECT_EQ(large.failure->code(), Code::resource_exhausted);
}

// Answers.

TEST(ServerCall, ConnectUnarySuccess) {
  ServerDriver server(post("application/json; charset=utf-8"), test::unary_method);
  server.send_headers({{"greet-version", "v1"}});
  ASSERT_TRUE(server.send("{}"));
  EXPECT_FALSE(server.answer.ended);
  server.finish(nullptr, {}, {{"cost", "3ms"}, {"x-bin", "AQI"}, {"cost", "4ms"}});
  EXPECT_EQ(server.answer.head.status, 200);
  EXPECT_EQ(lines(server.answer.head.headers),
            "content-type: application/json\ngreet-version: v1\ntrailer-cost: 3ms\ntrailer-cost: 4ms\n"
            "trailer-x-bin: AQI\n");
  EXPECT_EQ(server.answer.body, "{}");
  EXPECT_TRUE(server.answer.trailers.empty());
}

TEST(ServerCall, ConnectUnaryError) {
  const Error error = failure();
  for (const bool headers_sent : {false, true}) {
    ServerDriver server(post("application/proto"), test::unary_method);
    if (headers_sent) server.send_headers({{"a", "context"}});
    server.finish(&error, headers_sent ? Headers() : Headers{{"a", "context"}}, {{"cost", "3ms"}});
    EXPECT_EQ(server.answer.head.status, 404);
    EXPECT_EQ(lines(server.answer.head.headers),
              "a: context\ncause: error\ncontent-type: application/json\ntrailer-cost: 3ms\n");
    EXPECT_EQ(server.answer.body,
              R"({"code":"not_found","message":"no such user","details":[{"type":"a.B","value":"dg"}]})");
    EXPECT_TRUE(server.answer.ended);
  }
}

TEST(ServerCall, ConnectUnaryErrorAfterItsMessage) {
  ServerDriver server(post("application/proto"), test::unary_method);
  server.send_headers({});
  ASSERT_TRUE(server.send("message"));
  const Error error(Code::internal);
  server.finish(&error);
  EXPECT_EQ(server.answer.head.status, 500);
  EXPECT_EQ(server.answer.body, R"({"code":"internal"})");
}

TEST(ServerCall, GetAnswersVary) {
  for (const bool fails : {false, true}) {
    ServerDriver server(get("encoding=json&message=%7B%7D"), test::get_method);
    server.feed("");
    const Error error(Code::internal);
    if (!fails) {
      server.send_headers({{"vary", "x-tenant"}});
      ASSERT_TRUE(server.send("{}"));
    }
    server.finish(fails ? &error : nullptr, {{"vary", "x-tenant"}});
    EXPECT_THAT(server.answer.head.headers.get_all("vary"), ElementsAre("x-tenant", "accept-encoding"));
    EXPECT_EQ(server.answer.head.headers["content-type"], "application/json");
  }
}

TEST(ServerCall, ConnectStream) {
  ServerDriver server(post("application/connect+json"), test::bidi_method);
  server.send_headers({{"a", "1"}});
  EXPECT_EQ(server.answer.head.status, 200);
  EXPECT_EQ(lines(server.answer.head.headers), "a: 1\ncontent-type: application/connect+json\n");
  ASSERT_TRUE(server.send("{}"));
  ASSERT_TRUE(server.send(""));
  EXPECT_FALSE(server.answer.ended);
  server.finish(nullptr, {}, {{"cost", "3ms"}});
  EXPECT_EQ(server.answer.body, envelope("{}") + envelope("") + envelope(R"({"metadata":{"cost":["3ms"]}})", 2));
  EXPECT_TRUE(server.answer.ended);
  EXPECT_TRUE(server.answer.trailers.empty());
}

TEST(ServerCall, ConnectStreamError) {
  ServerDriver server(post("application/connect+proto"), test::server_method);
  const Error error = failure();
  server.finish(&error, {{"a", "1"}}, {{"cause", "context"}});
  EXPECT_EQ(server.answer.head.status, 200);
  EXPECT_EQ(lines(server.answer.head.headers), "a: 1\ncontent-type: application/connect+proto\n");
  EXPECT_EQ(
      server.answer.body,
      envelope(R"({"error":{"code":"not_found","message":"no such user","details":[{"type":"a.B","value":"dg"}]},)"
               R"("metadata":{"cause":["error","context"]}})",
               2));
}

TEST(ServerCall, GrpcSuccess) {
  ServerDriver server(post("application/grpc"), test::unary_method);
  server.send_headers({{"a", "1"}});
  ASSERT_TRUE(server.send("hi"));
  server.finish(nullptr, {}, {{"cost", "3ms"}});
  EXPECT_EQ(server.answer.head.status, 200);
  EXPECT_EQ(lines(server.answer.head.headers), "a: 1\ncontent-type: application/grpc\n");
  EXPECT_EQ(server.answer.body, envelope("hi"));
  EXPECT_EQ(lines(server.answer.trailers), "cost: 3ms\ngrpc-status: 0\n");
  EXPECT_TRUE(server.answer.ended);
}

TEST(ServerCall, GrpcTrailersOnly) {
  const Error error = failure();
  const std::string fields =
      "cause: error\ncontent-type: application/grpc+proto\ncost: 3ms\ngrpc-message: no such user\ngrpc-status: 5\n"
      "grpc-status-details-bin: CAUSDG5vIHN1Y2ggdXNlchocChd0eXBlLmdvb2dsZWFwaXMuY29tL2EuQhIBdg\n";
  ServerDriver failed(post("application/grpc+proto"), test::unary_method);
  failed.finish(&error, {}, {{"cost", "3ms"}});
  EXPECT_EQ(lines(failed.answer.head.headers), fields);
  EXPECT_TRUE(failed.answer.ended);
  EXPECT_EQ(failed.answer.body, "");
  EXPECT_TRUE(failed.answer.trailers.empty());

  ServerDriver silent(post("application/grpc+json"), test::server_method);
  silent.finish(nullptr);
  EXPECT_EQ(lines(silent.answer.head.headers), "content-type: application/grpc+json\ngrpc-status: 0\n");
  EXPECT_TRUE(silent.answer.trailers.empty());
}

TEST(ServerCall, GrpcErrorBehindHeadersOrMessages) {
  const Error error(Code::internal, "x");
  ServerDriver headers(post("application/grpc"), test::unary_method);
  headers.finish(&error, {{"a", "1"}});
  EXPECT_EQ(lines(headers.answer.head.headers), "a: 1\ncontent-type: application/grpc\n");
  EXPECT_EQ(lines(headers.answer.trailers), "grpc-message: x\ngrpc-status: 13\n");
  EXPECT_EQ(headers.answer.body, "");

  ServerDriver sent(post("application/grpc"), test::server_method);
  sent.send_headers({});
  sent.finish(&error);
  EXPECT_EQ(lines(sent.answer.head.headers), "content-type: application/grpc\n");
  EXPECT_EQ(lines(sent.answer.trailers), "grpc-message: x\ngrpc-status: 13\n");

  ServerDriver messages(post("application/grpc"), test::server_method);
  messages.send_headers({});
  ASSERT_TRUE(messages.send("one"));
  messages.finish(&error);
  EXPECT_EQ(messages.answer.body, envelope("one"));
  EXPECT_EQ(lines(messages.answer.trailers), "grpc-message: x\ngrpc-status: 13\n");
}

TEST(ServerCall, GrpcWeb) {
  ServerDriver server(post("application/grpc-web+json"), test::server_method);
  server.send_headers({{"a", "1"}});
  ASSERT_TRUE(server.send("{}"));
  server.finish(nullptr, {}, {{"Cost", "3ms"}});
  EXPECT_EQ(lines(server.answer.head.headers), "a: 1\ncontent-type: application/grpc-web+json\n");
  EXPECT_EQ(server.answer.body, envelope("{}") + envelope("cost: 3ms\r\ngrpc-status: 0\r\n", 0x80));
  EXPECT_TRUE(server.answer.trailers.empty());

  const Error error(Code::internal, "a\nb");
  ServerDriver failed(post("application/grpc-web"), test::unary_method);
  failed.finish(&error);
  EXPECT_EQ(lines(failed.answer.head.headers),
            "content-type: application/grpc-web\ngrpc-message: a%0Ab\ngrpc-status: 13\n");
  EXPECT_EQ(failed.answer.body, "");

  ServerDriver headers(post("application/grpc-web"), test::unary_method);
  headers.finish(&error, {{"a", "1"}});
  EXPECT_EQ(headers.answer.body, envelope("grpc-status: 13\r\ngrpc-message: a%0Ab\r\n", 0x80));
}

// A regression: in gRPC-Web's text form the choice was made for nothing.
TEST(ServerCall, ADifferentCompressionIsChosenInEveryProtocol) {
  struct Form {
    std::string_view type;
    std::string_view accept;
    std::string_view encoding;
  };
  const Form forms[] = {
      {"application/proto", "accept-encoding", "content-encoding"},
      {"application/grpc", "grpc-accept-encoding", "grpc-encoding"},
      {"application/grpc-web", "grpc-accept-encoding", "grpc-encoding"},
      {"application/grpc-web-text", "grpc-accept-encoding", "grpc-encoding"},
  };
  ServerSettings settings;
  settings.compressions = &test::only_gzip();
  settings.compress_min_bytes = 0;
  for (const Form& form : forms) {
    for (const std::string_view name : {"gzip", "identity"}) {
      ServerDriver server(post(form.type, raw({{form.accept, "gzip"}})), test::unary_method, settings);
      EXPECT_EQ(server.call().find_response_compression("br"), std::nullopt) << form.type;
      const auto found = server.call().find_response_compression(name);
      ASSERT_TRUE(found) << form.type << " " << name;
      server.call().set_response_compression(*found);
      server.send_headers({});
      ASSERT_TRUE(server.send(std::string(200, 'x')));
      server.finish(nullptr);
      const std::string_view sent = server.answer.head.headers[form.encoding];
      EXPECT_EQ(sent, name == "gzip" ? "gzip" : "") << form.type;
    }
    ServerDriver none(post(form.type, raw({{form.accept, "identity"}})), test::unary_method, settings);
    EXPECT_EQ(none.call().find_response_compression("gzip"), std::nullopt) << form.type;
  }
}

TEST(ServerCall, CompressesWhatTheClientTakes) {
  ServerSettings settings;
  settings.compressions = &test::only_gzip();
  settings.compress_min_bytes = 10;
  const std::string large(100, 'x');
  struct Case {
    std::vector<std::pair<std::string_view, std::string_view>> fields;  // "E": encoding, "A": accept
    bool compresses;
  };
  const Case cases[] = {
      {{{"A", "gzip"}}, true},
      {{{"A", "br, gzip;q=0.5"}}, true},
      {{{"A", "br"}, {"A", "gzip"}}, true},
      {{{"A", "identity"}}, false},
      {{{"A", "gzip;q=0"}}, false},
      {{{"E", "gzip"}}, true},
      {{{"E", "gzip"}, {"A", "identity"}}, false},
      {{}, false},
  };
  for (const auto& [shape, method] : all_requests) {
    for (const Case& c : cases) {
      Headers fields;
      for (const auto& [kind, value] : c.fields)
        detail::HeadersAccess::append(fields, kind == "A" ? shape.accept_name : shape.encoding_name, value);
      ServerDriver server(post(shape.type, fields), method, settings);
      server.send_headers({});
      ASSERT_TRUE(server.send(large));
      server.finish(nullptr);
      EXPECT_EQ(server.answer.head.headers[shape.encoding_name], c.compresses ? "gzip" : "");
      EXPECT_THAT(server.answer.body, testing::StartsWith(c.compresses ? packed(shape, large) : framed(shape, large)));
    }
    ServerDriver small(post(shape.type, raw({{shape.accept_name, "gzip"}})), method, settings);
    small.send_headers({});
    ASSERT_TRUE(small.send("small"));
    small.finish(nullptr);
    EXPECT_THAT(small.answer.body, testing::StartsWith(framed(shape, "small")));
    EXPECT_EQ(small.answer.head.headers[shape.encoding_name], shape.enveloped ? "gzip" : "");

    settings.compress_responses = false;
    ServerDriver off(post(shape.type, raw({{shape.accept_name, "gzip"}, {shape.encoding_name, "gzip"}})), method,
                     settings);
    off.send_headers({});
    ASSERT_TRUE(off.send(large));
    off.finish(nullptr);
    EXPECT_FALSE(off.answer.head.headers.contains(shape.encoding_name));
    settings.compress_responses = true;
  }
}

TEST(ServerCall, SendLimit) {
  ServerSettings settings;
  settings.send_limit = 10;
  for (const auto& [shape, method] : all_requests) {
    ServerDriver server(post(shape.type), method, settings);
    server.send_headers({{"a", "1"}});
    EXPECT_TRUE(server.send(std::string(10, 'x')));
    const std::string before = server.answer.body;
    const Result<void> sent = server.send(std::string(11, 'x'));
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().code(), Code::resource_exhausted);
    EXPECT_EQ(server.answer.body, before);
    server.finish(&sent.error());
    EXPECT_TRUE(server.answer.ended);
    EXPECT_EQ(server.answer.head.headers["a"], "1");
  }
}

TEST(ServerCall, AnErrorFromElsewhereDoesNotForwardItsMetadata) {
  Error error(Code::internal, "x");
  error.with_metadata("own", "1");
  detail::ErrorAccess::set_response(error, {{"their-header", "2"}}, {{"their-trailer", "3"}});
  detail::ErrorAccess::set_remote(error, true);
  for (const auto& [shape, method] : all_requests) {
    ServerDriver server(post(shape.type), method);
    server.finish(&error);
    const std::string everything =
        lines(server.answer.head.headers) + server.answer.body + lines(server.answer.trailers);
    EXPECT_THAT(everything, HasSubstr("own"));
    EXPECT_THAT(everything, testing::Not(HasSubstr("their")));
  }
}

TEST(ServerCall, DateIsNeverATrailer) {
  const Headers with_date = {{"date", "Thu, 01 Jan 1970 00:00:00 GMT"}, {"beside", "1"}};
  Error error(Code::internal, "x");
  error.with_metadata("date", "Thu, 01 Jan 1970 00:00:00 GMT").with_metadata("own", "1");
  for (const auto& [shape, method] : all_requests) {
    for (const Error* const end : {static_cast<const Error*>(nullptr), static_cast<const Error*>(&error)}) {
      for (const bool headers_sent : {false, true}) {
        ServerDriver server(post(shape.type), method);
        if (headers_sent || end == nullptr) {
          server.send_headers({});
          ASSERT_TRUE(server.send("message"));
        }
        server.finish(end, {}, with_date);
        const std::string everything =
            lines(server.answer.head.headers) + server.answer.body + lines(server.answer.trailers);
        EXPECT_THAT(everything, testing::Not(HasSubstr("date"))) << shape.type;
        EXPECT_THAT(everything, HasSubstr("beside")) << shape.type;
        if (end != nullptr) {
          EXPECT_THAT(everything, HasSubstr("own")) << shape.type;
        }
      }
    }
  }
}

TEST(ServerCall, DateMayBeAHeader) {
  for (const auto& [shape, method] : all_requests) {
    ServerDriver server(post(shape.type), method);
    server.send_headers({{"date", "Thu, 01 Jan 1970 00:00:00 GMT"}});
    ASSERT_TRUE(server.send("message"));
    server.finish(nullptr);
    EXPECT_EQ(server.answer.head.headers["date"], "Thu, 01 Jan 1970 00:00:00 GMT");
  }
}

TEST(ServerCall, ReceivedPairsThatMayNotBeSentAreLeftOut) {
  const Headers received = raw({{"good", "1"}, {"bad", "a\r\nb"}, {"grpc-status", "0"}, {"content-length", "7"}});
  for (const auto& [shape, method] : all_requests) {
    ServerDriver server(post(shape.type), method);
    server.send_headers(received);
    ASSERT_TRUE(server.send("x"));
    server.finish(nullptr, {}, received);
    EXPECT_EQ(server.answer.head.headers["good"], "1");
    const std::string everything =
        lines(server.answer.head.headers) + server.answer.body + lines(server.answer.trailers);
    EXPECT_THAT(everything, testing::Not(HasSubstr("bad")));
    EXPECT_THAT(everything, testing::Not(HasSubstr("content-length")));
  }
}

}  // namespace
}  // namespace connectrpc::protocol
