// Which protocol a request is served by, and what is said to those that are not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/test_support.h"

namespace connectrpc::protocol {
namespace {

using namespace std::chrono_literals;
using test::Answer;
using test::get;
using test::lines;
using test::post;
using test::raw;
using test::ServerDriver;
using testing::HasSubstr;

TEST(Accept, ChoosesByContentType) {
  struct Case {
    std::string_view type;
    const MethodSpec& method;
    Protocol protocol;
    Codec codec;
  };
  const Case cases[] = {
      {"application/proto", test::unary_method, Protocol::connect, Codec::proto},
      {"application/json; charset=utf-8", test::unary_method, Protocol::connect, Codec::json},
      {"application/connect+proto", test::server_method, Protocol::connect, Codec::proto},
      {"application/connect+json", test::bidi_method, Protocol::connect, Codec::json},
      {"application/grpc", test::unary_method, Protocol::grpc, Codec::proto},
      {"application/grpc+json", test::client_method, Protocol::grpc, Codec::json},
      {"application/grpc-web", test::unary_method, Protocol::grpc_web, Codec::proto},
      {"application/grpc-web+json", test::bidi_method, Protocol::grpc_web, Codec::json},
      {"application/grpc-web-text", test::unary_method, Protocol::grpc_web, Codec::proto},
      {"application/grpc-web-text+json", test::server_method, Protocol::grpc_web, Codec::json},
  };
  for (const Case& c : cases) {
    ServerDriver server(post(c.type), c.method);
    ASSERT_TRUE(server.accepted()) << c.type;
    EXPECT_EQ(server.call().protocol(), c.protocol) << c.type;
    EXPECT_EQ(server.call().codec(), c.codec) << c.type;
    EXPECT_FALSE(server.call().fault()) << c.type;
    EXPECT_FALSE(server.call().timeout()) << c.type;
  }
}

TEST(Accept, WrongVerbsAre405) {
  struct Case {
    std::string_view verb;
    const MethodSpec& method;
    std::string_view allowed;
  };
  const Case cases[] = {
      {"DELETE", test::unary_method, "POST"},  {"GET", test::unary_method, "POST"},
      {"GET", test::server_method, "POST"},    {"PUT", test::get_method, "GET, POST"},
      {"HEAD", test::get_method, "GET, POST"}, {"get", test::get_method, "GET, POST"},
  };
  for (const Case& c : cases) {
    for (const std::string_view type : {"application/proto", "application/grpc", "application/grpc-web", ""}) {
      http::RequestHead head = post(type);
      head.method = c.verb;
      const ServerDriver server(std::move(head), c.method);
      ASSERT_FALSE(server.accepted());
      EXPECT_EQ(server.answer.head.status, 405);
      EXPECT_EQ(server.answer.head.headers["allow"], c.allowed);
      EXPECT_TRUE(server.answer.ended);
      EXPECT_FALSE(server.answer.body.empty());
    }
  }
}

TEST(Accept, WrongContentTypesAre415) {
  struct Case {
    std::string_view type;
    const MethodSpec& method;
  };
  const Case cases[] = {
      {"image/jpeg", test::unary_method},
      {"", test::unary_method},
      {"application/foo", test::unary_method},
      {"application/grpc+foo", test::unary_method},
      {"application/grpc-web+foo", test::unary_method},
      {"application/grpc-web-text+foo", test::unary_method},
      {"application/json; charset=latin1", test::unary_method},
      {"application/connect+proto", test::unary_method},
      {"application/connect+foo", test::server_method},
      {"application/proto", test::server_method},
      {"application/json", test::bidi_method},
  };
  for (const Case& c : cases) {
    const ServerDriver server(post(c.type), c.method);
    ASSERT_FALSE(server.accepted()) << c.type;
    EXPECT_EQ(server.answer.head.status, 415) << c.type;
    const std::string_view served = server.answer.head.headers["accept-post"];
    EXPECT_THAT(std::string(served), HasSubstr("application/grpc-web+proto"));
    EXPECT_THAT(std::string(served), HasSubstr(c.method.stream_type == StreamType::unary ? ", application/json"
                                                                                         : "application/connect+json"));
  }
  const ServerDriver server(get("encoding=foo&message="), test::get_method);
  EXPECT_EQ(server.answer.head.status, 415);
}

TEST(Accept, GrpcBelowHttp2Is505) {
  for (const HttpVersion version : {HttpVersion::http1_0, HttpVersion::http1_1}) {
    http::RequestHead head = post("application/grpc");
    head.version = version;
    const ServerDriver server(std::move(head), test::unary_method);
    EXPECT_EQ(server.answer.head.status, 505);
    EXPECT_THAT(server.answer.body, HasSubstr("gRPC needs HTTP/2, this request came by HTTP/1."));
  }
  http::RequestHead web = post("application/grpc-web");
  web.version = HttpVersion::http1_1;
  EXPECT_TRUE(ServerDriver(std::move(web), test::unary_method).accepted());
  http::RequestHead third = post("application/grpc");
  third.version = HttpVersion::http3;
  EXPECT_TRUE(ServerDriver(std::move(third), test::unary_method).accepted());
}

TEST(Accept, EachProtocolReadsItsOwnTimeout) {
  const Headers both = raw({{"grpc-timeout", "2S"}, {"connect-timeout-ms", "3000"}});
  for (const std::string_view type : {"application/grpc", "application/grpc-web"})
    EXPECT_EQ(ServerDriver(post(type, both), test::unary_method).call().timeout(), 2s);
  EXPECT_EQ(ServerDriver(post("application/proto", both), test::unary_method).call().timeout(), 3s);
  EXPECT_EQ(ServerDriver(post("application/connect+proto", both), test::bidi_method).call().timeout(), 3s);
  EXPECT_EQ(ServerDriver(get("encoding=json&message=%7B%7D", both), test::get_method).call().timeout(), 3s);
}

TEST(Accept, OddTimeouts) {
  struct Case {
    std::vector<std::pair<std::string_view, std::string_view>> fields;
    std::optional<std::chrono::nanoseconds> timeout;
    bool fault = false;
  };
  const Case grpc[] = {
      {{{"grpc-timeout", "5S"}, {"grpc-timeout", "200m"}, {"grpc-timeout", "1M"}}, 200ms},
      {{{"grpc-timeout", "5S"}, {"grpc-timeout", "x"}}, {}, true},
      {{{"grpc-timeout", "99999999H"}, {"grpc-timeout", "1S"}}, 1s},
      {{{"grpc-timeout", "99999999H"}}, {}},
      {{{"grpc-timeout", "0n"}}, 0ns},
      {{{"grpc-timeout", ""}}, {}, true},
      {{{"grpc-timeout", "1"}}, {}, true},
      {{{"grpc-timeout", "1s"}}, {}, true},
      {{{"grpc-timeout", "-1S"}}, {}, true},
      {{{"grpc-timeout", "123456789S"}}, {}, true},
      {{{"grpc-timeout", "1.5S"}}, {}, true},
      {{{"grpc-timeout", " 1S"}}, {}, true},
  };
  for (const Case& c : grpc) {
    for (const std::string_view type : {"application/grpc", "application/grpc-web"}) {
      ServerDriver server(post(type, raw(c.fields)), test::unary_method);
      EXPECT_EQ(server.call().timeout(), c.timeout);
      ASSERT_EQ(server.call().fault().has_value(), c.fault) << c.fields[0].second;
      if (!c.fault) continue;
      EXPECT_EQ(server.call().fault()->code(), Code::invalid_argument);
      EXPECT_THAT(server.call().fault()->message(), HasSubstr("grpc-timeout"));
    }
  }
  const Case connect[] = {
      {{{"connect-timeout-ms", "5000"}, {"connect-timeout-ms", "200"}}, 200ms},
      {{{"connect-timeout-ms", "0"}}, 0ms},
      {{{"connect-timeout-ms", "9999999999"}}, 9999999999ms},
      {{{"connect-timeout-ms", "12345678901"}}, {}, true},
      {{{"connect-timeout-ms", "-1"}}, {}, true},
      {{{"connect-timeout-ms", ""}}, {}, true},
      {{{"connect-timeout-ms", "1S"}}, {}, true},
  };
  for (const Case& c : connect) {
    ServerDriver unary(post("application/proto", raw(c.fields)), test::unary_method);
    ServerDriver stream(post("application/connect+proto", raw(c.fields)), test::bidi_method);
    ServerDriver query(get("encoding=json&message=%7B%7D", raw(c.fields)), test::get_method);
    for (ServerDriver* const server : {&unary, &stream, &query}) {
      EXPECT_EQ(server->call().timeout(), c.timeout);
      ASSERT_EQ(server->call().fault().has_value(), c.fault) << c.fields[0].second;
      if (c.fault) {
        EXPECT_EQ(server->call().fault()->code(), Code::invalid_argument);
      }
    }
  }
}

TEST(Accept, UnknownCompressionNamesTheKnownOnes) {
  struct Case {
    std::string_view type;
    const MethodSpec& method;
    std::string_view encoding_name;
    std::string_view accept_name;
  };
  const Case cases[] = {
      {"application/proto", test::unary_method, "content-encoding", "accept-encoding"},
      {"application/connect+proto", test::bidi_method, "connect-content-encoding", "connect-accept-encoding"},
      {"application/grpc", test::unary_method, "grpc-encoding", "grpc-accept-encoding"},
      {"application/grpc-web", test::unary_method, "grpc-encoding", "grpc-accept-encoding"},
  };
  for (const Case& c : cases) {
    ServerDriver server(post(c.type, raw({{c.encoding_name, "foo"}})), c.method);
    ASSERT_TRUE(server.call().fault()) << c.type;
    EXPECT_EQ(server.call().fault()->code(), Code::unimplemented);
    EXPECT_THAT(server.call().fault()->message(), HasSubstr("unknown compression \"foo\": this server knows gzip"));
    const Error fault = *server.call().fault();
    server.finish(&fault);
    EXPECT_EQ(server.answer.head.headers[c.accept_name], CompressionRegistry::built_in().names());
    EXPECT_FALSE(ServerDriver(post(c.type, raw({{c.encoding_name, "identity"}})), c.method).call().fault());
    EXPECT_FALSE(ServerDriver(post(c.type, raw({{c.encoding_name, "GZIP"}})), c.method).call().fault());
  }
  ServerDriver query(get("encoding=json&message=&compression=foo"), test::get_method);
  EXPECT_EQ(query.call().fault()->code(), Code::unimplemented);
}

TEST(Accept, ConnectVersion) {
  ServerSettings strict;
  strict.require_connect_version = true;
  const Headers one = raw({{"connect-protocol-version", "1"}});
  const Headers two = raw({{"connect-protocol-version", "2"}});
  for (const auto& [type, method] : {std::pair{std::string_view("application/proto"), test::unary_method},
                                     std::pair{std::string_view("application/connect+proto"), test::bidi_method}}) {
    EXPECT_FALSE(ServerDriver(post(type), method).call().fault());
    EXPECT_FALSE(ServerDriver(post(type, one), method, strict).call().fault());
    EXPECT_EQ(ServerDriver(post(type), method, strict).call().fault()->code(), Code::invalid_argument);
    EXPECT_EQ(ServerDriver(post(type, two), method).call().fault()->code(), Code::invalid_argument);
  }
  EXPECT_FALSE(ServerDriver(post("application/grpc"), test::unary_method, strict).call().fault());
  EXPECT_FALSE(ServerDriver(get("encoding=json&message="), test::get_method).call().fault());
  EXPECT_FALSE(ServerDriver(get("connect=v1&encoding=json&message="), test::get_method, strict).call().fault());
  EXPECT_TRUE(ServerDriver(get("encoding=json&message="), test::get_method, strict).call().fault());
  EXPECT_TRUE(ServerDriver(get("connect=v2&encoding=json&message="), test::get_method).call().fault());
}

TEST(Accept, BrokenQueriesAreInvalidArguments) {
  for (const std::string_view query : {"", "encoding=json", "message=x", "encoding=json&message=%", "encoding=%zz",
                                       "encoding=proto&base64=1&message=a+b", "encoding=proto&base64=1&message=%2F%2F",
                                       "encoding=proto&base64=1&message=abcde", "encoding=json&base64=2&message="}) {
    ServerDriver server(get(query), test::get_method);
    ASSERT_TRUE(server.accepted()) << query;
    ASSERT_TRUE(server.call().fault()) << query;
    EXPECT_EQ(server.call().fault()->code(), Code::invalid_argument) << query;
  }
}

TEST(Accept, UnknownPath) {
  const auto answer = [](const http::RequestHead& head) {
    Answer made;
    made.add(unknown_path(head));
    EXPECT_TRUE(made.ended);
    return made;
  };
  const std::string message = "nothing is served at \\\"/greet.v1.GreetService/Greet\\\"";
  for (const std::string_view type : {"application/proto", "application/json", "application/connect+proto"}) {
    const Answer connect = answer(post(type));
    EXPECT_EQ(connect.head.status, 404);
    EXPECT_EQ(connect.head.headers["content-type"], "application/json");
    EXPECT_EQ(connect.body, "{\"code\":\"unimplemented\",\"message\":\"" + message + "\"}");
  }
  for (const std::string_view type :
       {"application/grpc", "application/grpc-web", "application/grpc+json", "application/grpc-web-text"}) {
    const Answer grpc = answer(post(type));
    EXPECT_EQ(grpc.head.status, 200);
    EXPECT_EQ(grpc.head.headers["content-type"], type);
    EXPECT_EQ(grpc.head.headers["grpc-status"], "12");
    EXPECT_EQ(grpc.body, "");
    EXPECT_TRUE(grpc.trailers.empty());
  }
  const Answer foreign = answer(post("application/grpc+foo"));
  EXPECT_EQ(foreign.head.headers["content-type"], "application/grpc");
  for (const http::RequestHead& head : {get(""), post("text/html"), post("")}) {
    const Answer plain = answer(head);
    EXPECT_EQ(plain.head.status, 404);
    EXPECT_EQ(plain.head.headers["content-type"], "text/plain; charset=utf-8");
  }
}

TEST(Accept, ErrorAnswerSpeaksTheCallersProtocol) {
  Error error(Code::unauthenticated, "who are you?");
  error.with_metadata("www", "x");
  const auto answer = [&error](const http::RequestHead& head) {
    Answer made;
    made.add(error_answer(head, error));
    EXPECT_TRUE(made.ended);
    return made;
  };
  const std::string json = R"({"code":"unauthenticated","message":"who are you?"})";
  for (const http::RequestHead& head :
       {post("application/proto"), post("application/json"), get("x=y"), post("text/html")}) {
    const Answer unary = answer(head);
    EXPECT_EQ(unary.head.status, 401);
    EXPECT_EQ(lines(unary.head.headers), "content-type: application/json\nwww: x\n");
    EXPECT_EQ(unary.body, json);
  }
  const Answer stream = answer(post("application/connect+json"));
  EXPECT_EQ(stream.head.status, 200);
  EXPECT_EQ(lines(stream.head.headers), "content-type: application/connect+json\n");
  EXPECT_EQ(stream.body, test::envelope("{\"error\":" + json + R"(,"metadata":{"www":["x"]}})", 2));
  for (const std::string type : {"application/grpc-web+proto", "application/grpc-web-text"}) {
    const Answer grpc = answer(post(type));
    EXPECT_EQ(grpc.head.status, 200);
    EXPECT_EQ(lines(grpc.head.headers),
              "content-type: " + type + "\ngrpc-message: who are you?\ngrpc-status: 16\nwww: x\n");
    EXPECT_EQ(grpc.body, "");
  }
}

}  // namespace
}  // namespace connectrpc::protocol
