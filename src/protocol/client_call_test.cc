// What clients write, byte by byte, and what they make of every answer a server may think of.
#include "protocol/client_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/test_support.h"
#include "protocol/user_agent.h"

namespace connectrpc::protocol {
namespace {

using namespace std::chrono_literals;
using test::Answer;
using test::ClientDriver;
using test::Delivery;
using test::envelope;
using test::gzip;
using test::gzipped;
using test::lines;
using test::raw;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string connect_agent = "user-agent: " + std::string(user_agent(Protocol::connect)) + "\n";
const std::string grpc_agent = "user-agent: " + std::string(user_agent(Protocol::grpc)) + "\n";
const std::string known = CompressionRegistry::built_in().names();

// Requests.

TEST(ClientCall, ConnectUnaryRequest) {
  ClientDriver client(Protocol::connect, test::unary_method);
  client.open({{"tenant", "1"}, {"tenant", "2"}}, 1500us, "/prefix");
  EXPECT_FALSE(client.head);
  ASSERT_TRUE(client.send("message"));
  client.close_send();
  ASSERT_TRUE(client.head);
  EXPECT_EQ(client.head->method, "POST");
  EXPECT_EQ(client.head->target, "/prefix/greet.v1.GreetService/Greet");
  EXPECT_EQ(client.head->scheme, "http");
  EXPECT_EQ(client.head->authority, "example.com");
  EXPECT_EQ(lines(client.head->headers), "accept-encoding: " + known +
                                             "\nconnect-protocol-version: 1\nconnect-timeout-ms: 2\ncontent-length: 7\n"
                                             "content-type: application/proto\ntenant: 1\ntenant: 2\n" +
                                             connect_agent);
  EXPECT_EQ(client.body, "message");
  EXPECT_TRUE(client.closed);
}

TEST(ClientCall, ConnectStreamRequest) {
  ClientSettings settings;
  settings.request_compression = &gzip();
  settings.compress_min_bytes = 10;
  ClientDriver client(Protocol::connect, test::bidi_method, settings, Codec::json);
  client.open();
  ASSERT_TRUE(client.head);
  EXPECT_EQ(client.head->method, "POST");
  EXPECT_EQ(lines(client.head->headers), "connect-accept-encoding: " + known +
                                             "\nconnect-content-encoding: gzip\nconnect-protocol-version: 1\n"
                                             "content-type: application/connect+json\n" +
                                             connect_agent);
  const std::string large(100, 'x');
  ASSERT_TRUE(client.send("{}"));
  ASSERT_TRUE(client.send(large));
  EXPECT_FALSE(client.closed);
  client.close_send();
  EXPECT_EQ(client.body, envelope("{}") + envelope(gzipped(large), 1));
  EXPECT_TRUE(client.closed);
}

TEST(ClientCall, GrpcRequest) {
  ClientDriver client(Protocol::grpc, test::unary_method);
  client.open({{"x-bin", "AQI"}}, 2s);
  ASSERT_TRUE(client.head);
  EXPECT_EQ(client.head->target, "/greet.v1.GreetService/Greet");
  EXPECT_EQ(lines(client.head->headers), "content-type: application/grpc\ngrpc-accept-encoding: " + known +
                                             "\ngrpc-timeout: 2000m\nte: trailers\n" + grpc_agent + "x-bin: AQI\n");
  ASSERT_TRUE(client.send("hi"));
  client.close_send();
  EXPECT_EQ(client.body, envelope("hi"));
}

TEST(ClientCall, GrpcWebRequest) {
  ClientSettings settings;
  settings.request_compression = &gzip();
  ClientDriver client(Protocol::grpc_web, test::unary_method, settings);
  client.open();
  EXPECT_EQ(lines(client.head->headers), "content-type: application/grpc-web+proto\ngrpc-accept-encoding: " + known +
                                             "\ngrpc-encoding: gzip\n" + grpc_agent);
}

TEST(ClientCall, TheUsersAgentReplacesOurs) {
  for (const Protocol protocol : {Protocol::connect, Protocol::grpc, Protocol::grpc_web}) {
    ClientDriver client(protocol, test::unary_method);
    client.request("", {{"User-Agent", "mine"}});
    EXPECT_THAT(client.head->headers.get_all("user-agent"), ElementsAre("mine"));
  }
  EXPECT_THAT(connect_agent, testing::StartsWith("user-agent: connect-cpp/"));
  EXPECT_THAT(grpc_agent, testing::StartsWith("user-agent: grpc-c++-connect/"));
}

TEST(ClientCall, NothingIsAcceptedWhereNothingIsKnown) {
  const CompressionRegistry none;
  ClientSettings settings;
  settings.compressions = &none;
  for (const Protocol protocol : {Protocol::connect, Protocol::grpc, Protocol::grpc_web}) {
    ClientDriver client(protocol, test::unary_method, settings);
    client.request("");
    EXPECT_THAT(lines(client.head->headers), testing::Not(HasSubstr("accept-encoding")));
  }
}

TEST(ClientCall, CompressedConnectUnaryRequest) {
  ClientSettings settings;
  settings.request_compression = &gzip();
  settings.compress_min_bytes = 10;
  ClientDriver large(Protocol::connect, test::unary_method, settings);
  large.request(std::string(100, 'x'));
  EXPECT_EQ(large.head->headers["content-encoding"], "gzip");
  EXPECT_EQ(large.body, gzipped(std::string(100, 'x')));
  EXPECT_EQ(large.head->headers["content-length"], std::to_string(large.body.size()));
  ClientDriver small(Protocol::connect, test::unary_method, settings);
  small.request("small");
  EXPECT_FALSE(small.head->headers.contains("content-encoding"));
  EXPECT_EQ(small.body, "small");
}

TEST(ClientCall, SendLimit) {
  ClientSettings settings;
  settings.send_limit = 10;
  for (const Protocol protocol : {Protocol::connect, Protocol::grpc, Protocol::grpc_web}) {
    ClientDriver client(protocol, test::unary_method, settings);
    client.open();
    const Result<void> sent = client.send(std::string(11, 'x'));
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().code(), Code::resource_exhausted);
    EXPECT_EQ(client.body, "");
    EXPECT_TRUE(client.send(std::string(10, 'x')));
  }
}

TEST(ClientCall, Get) {
  ClientSettings settings;
  settings.use_get = true;
  ClientDriver client(Protocol::connect, test::get_method, settings);
  EXPECT_TRUE(client.call().stable_encoding());
  client.open({{"tenant", "1"}}, 5ms);
  ASSERT_TRUE(client.send("hi"));
  client.close_send();
  EXPECT_EQ(client.head->method, "GET");
  EXPECT_EQ(client.head->target, "/greet.v1.GreetService/Read?connect=v1&base64=1&encoding=proto&message=aGk");
  EXPECT_EQ(lines(client.head->headers),
            "accept-encoding: " + known + "\nconnect-timeout-ms: 5\ntenant: 1\n" + connect_agent);
  EXPECT_EQ(client.body, "");
  EXPECT_TRUE(client.closed);

  ClientDriver json(Protocol::connect, test::get_method, settings, Codec::json);
  json.request("{}");
  EXPECT_EQ(json.head->target, "/greet.v1.GreetService/Read?connect=v1&encoding=json&message=%7B%7D");
}

TEST(ClientCall, GetOnlyWhereItIsAskedForAndSafe) {
  ClientSettings settings;
  ClientDriver not_asked(Protocol::connect, test::get_method, settings);
  EXPECT_FALSE(not_asked.call().stable_encoding());
  not_asked.request("");
  EXPECT_EQ(not_asked.head->method, "POST");
  settings.use_get = true;
  for (const auto& [protocol, method] :
       {std::pair{Protocol::connect, test::unary_method}, std::pair{Protocol::grpc, test::get_method}}) {
    ClientDriver client(protocol, method, settings);
    EXPECT_FALSE(client.call().stable_encoding());
    client.request("");
    EXPECT_EQ(client.head->method, "POST");
  }
}

TEST(ClientCall, GetThatWouldBeTooLong) {
  ClientSettings settings;
  settings.use_get = true;
  settings.get_url_limit = 300;
  const std::string large(1000, 'x');
  ClientDriver plain(Protocol::connect, test::get_method, settings);
  plain.request(large);
  EXPECT_EQ(plain.head->method, "POST");
  EXPECT_EQ(plain.head->target, "/greet.v1.GreetService/Read");
  EXPECT_EQ(plain.head->headers["content-type"], "application/proto");
  EXPECT_EQ(plain.body, large);

  settings.request_compression = &gzip();
  settings.compress_min_bytes = 2000;
  ClientDriver packed(Protocol::connect, test::get_method, settings);
  packed.request(large);
  EXPECT_EQ(packed.head->method, "GET");
  EXPECT_THAT(packed.head->target, HasSubstr("&base64=1&compression=gzip&encoding=proto&message="));
  EXPECT_LE(packed.head->target.size(), 300U);
  EXPECT_FALSE(packed.head->headers.contains("content-encoding"));

  settings.get_url_limit = 10;
  settings.compress_min_bytes = 0;
  ClientDriver both(Protocol::connect, test::get_method, settings);
  both.request(large);
  EXPECT_EQ(both.head->method, "POST");
  EXPECT_EQ(both.head->headers["content-encoding"], "gzip");
  EXPECT_EQ(both.body, gzipped(large));
}

// Answers.

Answer answer(int status, Headers headers, std::string body = {}, Headers trailers = {}) {
  Answer made;
  made.head.status = status;
  made.head.headers = std::move(headers);
  made.body = std::move(body);
  made.trailers = std::move(trailers);
  made.ended = true;
  return made;
}

struct Case {
  std::string_view name;
  const MethodSpec& method;
  Answer answer;
  std::optional<Code> code;  // empty: success
  std::vector<std::string> messages = {};
  std::string_view message = "";  // part of the error's text
  std::string_view headers = "";  // the user's, as lines()
  std::string_view trailers = "";
  std::size_t details = 0;
  bool remote = false;
};

void check(Protocol protocol, const Case& c, const ClientSettings& settings = {}) {
  for (const Delivery delivery : test::deliveries) {
    SCOPED_TRACE(std::string(to_string(protocol)) + ": " + std::string(c.name) +
                 (delivery == Delivery::whole ? "" : ", byte by byte"));
    ClientDriver client(protocol, c.method, settings);
    client.request("");
    client.feed(c.answer, delivery);
    ASSERT_TRUE(client.ended);
    EXPECT_EQ(client.messages, c.messages);
    ASSERT_EQ(client.error.has_value(), c.code.has_value()) << (client.error ? client.error->what() : "success");
    EXPECT_EQ(lines(client.call().headers()), c.headers);
    EXPECT_EQ(lines(client.call().trailers()), c.trailers);
    if (!c.code) continue;
    EXPECT_EQ(client.error->code(), *c.code) << client.error->what();
    EXPECT_THAT(client.error->message(), HasSubstr(std::string(c.message)));
    EXPECT_EQ(client.error->details().size(), c.details);
    EXPECT_EQ(client.error->is_remote(), c.remote) << client.error->what();
    EXPECT_EQ(client.error->headers(), client.call().headers());
    EXPECT_EQ(client.error->trailers(), client.call().trailers());
  }
}

TEST(ClientCall, HttpStatusWithoutAnythingElse) {
  struct Row {
    int status;
    Code code;
  };
  const Row rows[] = {{400, Code::internal},      {401, Code::unauthenticated}, {403, Code::permission_denied},
                      {404, Code::unimplemented}, {409, Code::unknown},         {429, Code::unavailable},
                      {502, Code::unavailable},   {503, Code::unavailable},     {504, Code::unavailable},
                      {418, Code::unknown},       {500, Code::unknown},         {304, Code::unknown},
                      {201, Code::unknown},       {800, Code::unknown}};
  for (const Protocol protocol : {Protocol::connect, Protocol::grpc, Protocol::grpc_web}) {
    for (const MethodSpec& method : {test::unary_method, test::bidi_method}) {
      for (const Row& row : rows) {
        check(protocol, {"bare",
                         method,
                         answer(row.status, {}),
                         row.code,
                         {},
                         "HTTP " + std::to_string(row.status),
                         "",
                         "",
                         0,
                         true});
        check(protocol,
              {"page of a proxy",
               method,
               answer(row.status, raw({{"content-type", "text/plain"}, {"via", "proxy"}}), "no upstream\nmore"),
               row.code,
               {},
               "\"no upstream\"",
               "via: proxy\n",
               "",
               0,
               true});
        check(protocol, {"html",
                         method,
                         answer(row.status, raw({{"content-type", "text/html"}}), std::string(300, '<')),
                         row.code,
                         {},
                         "the server answered HTTP",
                         "",
                         "",
                         0,
                         true});
      }
    }
  }
}

TEST(ClientCall, WrongContentTypesAndCompressions) {
  struct Row {
    Protocol protocol;
    const MethodSpec& method;
    std::string_view type;
    std::string_view encoding_name;
    std::string_view encoding;
    std::string body;
    Code code;
  };
  const Row rows[] = {
      {Protocol::connect, test::unary_method, "image/jpeg", "", "", "x", Code::unknown},
      {Protocol::connect, test::unary_method, "", "", "", "", Code::unknown},
      {Protocol::connect, test::unary_method, "application/json", "", "", "{}", Code::internal},
      {Protocol::connect, test::unary_method, "application/proto", "content-encoding", "foo", "x", Code::internal},
      {Protocol::connect, test::unary_method, "application/proto", "content-encoding", "gzip", "x", Code::internal},
      {Protocol::connect, test::server_method, "image/jpeg", "", "", "x", Code::unknown},
      {Protocol::connect, test::server_method, "application/proto", "", "", "", Code::unknown},
      {Protocol::connect, test::server_method, "application/connect+json", "", "", envelope("{}"), Code::internal},
      {Protocol::connect, test::server_method, "application/connect+proto", "connect-content-encoding", "identity",
       envelope("x", 1), Code::internal},
      {Protocol::connect, test::server_method, "application/connect+proto", "connect-content-encoding", "foo",
       envelope("x", 1), Code::internal},
      {Protocol::connect, test::server_method, "application/connect+proto", "", "", envelope("", 1), Code::internal},
      {Protocol::grpc, test::unary_method, "application/grpc", "grpc-encoding", "identity", envelope("", 1),
       Code::internal},
      {Protocol::grpc_web, test::unary_method, "application/grpc-web", "grpc-encoding", "foo", envelope("", 1),
       Code::internal},
      {Protocol::connect, test::server_method, "application/connect+proto", "connect-content-encoding", "gzip",
       envelope("x", 1), Code::internal},
      {Protocol::grpc, test::unary_method, "image/jpeg", "", "", "", Code::unknown},
      {Protocol::grpc, test::unary_method, "application/grpc-web", "", "", "", Code::unknown},
      {Protocol::grpc, test::unary_method, "application/grpc+json", "", "", envelope("{}"), Code::internal},
      {Protocol::grpc, test::unary_method, "application/grpc", "grpc-encoding", "foo", envelope("x", 1),
       Code::internal},
      {Protocol::grpc, test::unary_method, "application/grpc+proto", "grpc-encoding", "identity", envelope("x", 1),
       Code::internal},
      {Protocol::grpc, test::unary_method, "application/grpc", "", "", envelope("x", 2), Code::internal},
      {Protocol::grpc, test::unary_method, "application/grpc", "", "", envelope("grpc-status: 0\r\n", 0x80),
       Code::internal},
      {Protocol::grpc_web, test::unary_method, "image/jpeg", "", "", "", Code::unknown},
      {Protocol::grpc_web, test::unary_method, "application/grpc", "", "", "", Code::unknown},
      {Protocol::grpc_web, test::unary_method, "application/grpc-web+json", "", "", envelope("{}"), Code::internal},
      {Protocol::grpc_web, test::unary_method, "application/grpc-web", "grpc-encoding", "foo", envelope("x", 1),
       Code::internal},
      {Protocol::grpc_web, test::unary_method, "application/grpc-web", "grpc-encoding", "identity", envelope("x", 1),
       Code::internal},
      {Protocol::grpc_web, test::unary_method, "application/grpc-web", "", "", envelope("x", 2), Code::internal},
  };
  for (const Row& row : rows) {
    Headers headers = raw({{"content-type", row.type}});
    if (!row.encoding_name.empty()) detail::HeadersAccess::append(headers, row.encoding_name, row.encoding);
    check(row.protocol, {row.type, row.method, answer(200, headers, row.body, raw({{"grpc-status", "0"}})), row.code});
  }
}

const Headers unary_head = raw({{"content-type", "application/proto"}, {"a", "1"}});

TEST(ClientCall, ConnectUnaryAnswers) {
  const Headers json = raw({{"content-type", "application/json"}});
  const std::string whole =
      R"({"code":"out_of_range","message":"oops","foobar":"baz","details":[{"type":"a.B","value":"Cgp0ZXN0LnByb3Rv","debug":"garbage"}]})";
  const Case cases[] = {
      {"message", test::unary_method, answer(200, unary_head, "hello"), {}, {"hello"}, "", "a: 1\n"},
      {"empty message", test::unary_method, answer(200, unary_head), {}, {""}, "", "a: 1\n"},
      {"compressed",
       test::unary_method,
       answer(200, raw({{"content-type", "application/proto"}, {"content-encoding", "gzip"}}), gzipped("hello")),
       {},
       {"hello"}},
      {"compressed nothing",
       test::unary_method,
       answer(200, raw({{"content-type", "application/proto"}, {"content-encoding", "gzip"}})),
       {},
       {""}},
      {"trailers",
       test::unary_method,
       answer(200, raw({{"content-type", "application/proto; x=y"},
                        {"trailer-b", "2"},
                        {"Trailer-B", "3"},
                        {"trailer-x-bin", "AQI"},
                        {"trailer-", "?"},
                        {"trailer-grpc-status", "0"},
                        {"a", "1"}})),
       {},
       {""},
       "",
       "a: 1\n",
       "b: 2\nb: 3\nx-bin: AQI\n"},
      {"error with everything",
       test::unary_method,
       answer(422, raw({{"content-type", "application/json; charset=utf-8"}, {"a", "1"}, {"trailer-b", "2"}}), whole),
       Code::out_of_range,
       {},
       "oops",
       "a: 1\n",
       "b: 2\n",
       1,
       true},
      {"compressed error",
       test::unary_method,
       answer(422, raw({{"content-type", "application/json"}, {"content-encoding", "gzip"}}), gzipped(whole)),
       Code::out_of_range,
       {},
       "oops",
       "",
       "",
       1,
       true},
      {"error of unknown compression",
       test::unary_method,
       answer(429, raw({{"content-type", "application/json"}, {"content-encoding", "foo"}}), whole),
       Code::unavailable,
       {},
       "HTTP 429",
       "",
       "",
       0,
       true},
      {"error of broken compression",
       test::unary_method,
       answer(429, raw({{"content-type", "application/json"}, {"content-encoding", "gzip"}}), whole),
       Code::unavailable,
       {},
       "HTTP 429",
       "",
       "",
       0,
       true},
      {"null", test::unary_method, answer(401, json, "null"), Code::unauthenticated, {}, "HTTP 401", "", "", 0, true},
      {"null code",
       test::unary_method,
       answer(401, json, R"({ "code": null, "message": "oops" })"),
       Code::unauthenticated,
       {},
       "oops",
       "",
       "",
       0,
       true},
      {"missing code",
       test::unary_method,
       answer(401, json, R"({ "message": "oops" })"),
       Code::unauthenticated,
       {},
       "oops",
       "",
       "",
       0,
       true},
      {"unknown code",
       test::unary_method,
       answer(429, json, R"({ "code": "foobar", "message": "oops" })"),
       Code::unavailable,
       {},
       "oops",
       "",
       "",
       0,
       true},
      {"missing message",
       test::unary_method,
       answer(401, json, R"({ "code": "unauthenticated" })"),
       Code::unauthenticated,
       {},
       "",
       "",
       "",
       0,
       true},
      {"broken JSON",
       test::unary_method,
       answer(503, json, R"({ "code": "internal")"),
       Code::unavailable,
       {},
       "HTTP 503",
       "",
       "",
       0,
       true},
      {"error in another type",
       test::unary_method,
       answer(403, unary_head, whole),
       Code::permission_denied,
       {},
       "HTTP 403",
       "a: 1\n",
       "",
       0,
       true},
      {"grpc-status means nothing here",
       test::unary_method,
       answer(200, raw({{"content-type", "application/proto"}, {"grpc-status", "5"}})),
       {},
       {""}},
  };
  for (const Case& c : cases) check(Protocol::connect, c);
}

TEST(ClientCall, ConnectStreamAnswers) {
  const Headers head = raw({{"content-type", "application/connect+proto"}, {"trailer-x", "header"}});
  const std::string seen = "trailer-x: header\n";
  const auto ends = [&head](std::string json) { return answer(200, head, envelope(json, 2)); };
  const std::string whole =
      R"({"error":{"code":"out_of_range","message":"oops","details":[{"type":"a.B","value":"AQI","debug":[]}]},"metadata":{"X-A":["1","2"],"trailer-t":["3"],"grpc-status":["4"]}})";
  const Case cases[] = {
      {"messages",
       test::server_method,
       answer(200, head, envelope("one") + envelope("") + envelope("three") + envelope("{}", 2)),
       {},
       {"one", "", "three"},
       "",
       seen},
      {"no message", test::server_method, ends("{}"), {}, {}, "", seen},
      {"one message",
       test::client_method,
       answer(200, head, envelope("") + envelope(R"({"metadata":{"a":["1"]}})", 2)),
       {},
       {""},
       "",
       seen,
       "a: 1\n"},
      {"error",
       test::server_method,
       answer(200, head, envelope("one") + envelope(whole, 2)),
       Code::out_of_range,
       {"one"},
       "oops",
       seen,
       "trailer-t: 3\nx-a: 1\nx-a: 2\n",
       1,
       true},
      {"null error", test::server_method, ends(R"({ "error": null })"), {}, {}, "", seen},
      {"null code",
       test::server_method,
       ends(R"({"error":{"code":null,"message":"oops"}})"),
       Code::unknown,
       {},
       "oops",
       seen,
       "",
       0,
       true},
      {"missing code",
       test::server_method,
       ends(R"({"error":{"message":"oops"}})"),
       Code::unknown,
       {},
       "oops",
       seen,
       "",
       0,
       true},
      {"empty error", test::server_method, ends(R"({"error":{}})"), Code::unknown, {}, "", seen, "", 0, true},
      {"unknown code",
       test::server_method,
       ends(R"({"error":{"code":"foobar","message":"oops"}})"),
       Code::unknown,
       {},
       "oops",
       seen,
       "",
       0,
       true},
      {"broken end", test::server_method, ends("{"), Code::internal, {}, "no JSON object", seen},
      {"empty end", test::server_method, ends(""), Code::internal, {}, "no JSON object", seen},
      {"no message where one belongs",
       test::client_method,
       ends(R"({"code":"out_of_range"})"),
       Code::unimplemented,
       {},
       "without a message",
       seen},
      {"two messages where one belongs",
       test::client_method,
       answer(200, head, envelope("") + envelope("") + envelope("{}", 2)),
       Code::unimplemented,
       {""},
       "more than one",
       seen},
      {"no end",
       test::server_method,
       answer(200, head, envelope("one")),
       Code::internal,
       {"one"},
       "without the end of the stream",
       seen},
      {"nothing", test::server_method, answer(200, head), Code::internal, {}, "without the end of the stream", seen},
      {"data after the end",
       test::server_method,
       answer(200, head, envelope("{}", 2) + "x"),
       Code::internal,
       {},
       "after the end",
       seen},
      {"two ends",
       test::server_method,
       answer(200, head, envelope("{}", 2) + envelope("{}", 2)),
       Code::internal,
       {},
       "after the end",
       seen},
      {"truncated",
       test::server_method,
       answer(200, head, envelope("") + envelope("0123456789").substr(0, 8)),
       Code::internal,
       {""},
       "within a message",
       seen},
      {"truncated prefix",
       test::server_method,
       answer(200, head, envelope("") + std::string(3, '\0')),
       Code::internal,
       {""},
       "within a message",
       seen},
      {"compressed end",
       test::server_method,
       answer(200, raw({{"content-type", "application/connect+proto"}, {"connect-content-encoding", "gzip"}}),
              envelope(gzipped("one"), 1) + envelope("two") + envelope("", 1) + envelope(gzipped(whole), 3)),
       Code::out_of_range,
       {"one", "two", ""},
       "oops",
       "",
       "trailer-t: 3\nx-a: 1\nx-a: 2\n",
       1,
       true},
      {"error object with another status",
       test::server_method,
       answer(401, raw({{"content-type", "application/json"}}), R"({"message":"who?"})"),
       Code::unauthenticated,
       {},
       "who?",
       "",
       "",
       0,
       true},
  };
  for (const Case& c : cases) check(Protocol::connect, c);
}

TEST(ClientCall, GrpcAnswers) {
  const Headers head = raw({{"content-type", "application/grpc"}, {"a", "1"}});
  const std::string seen = "a: 1\n";
  const Headers ok = raw({{"grpc-status", "0"}, {"b", "2"}});
  const std::string details = "CAkaHAoXdHlwZS5nb29nbGVhcGlzLmNvbS9hLkISAXY";  // code 9, a.B
  const Case cases[] = {
      {"message", test::unary_method, answer(200, head, envelope("hi"), ok), {}, {"hi"}, "", seen, "b: 2\n"},
      {"empty message", test::unary_method, answer(200, head, envelope(""), ok), {}, {""}, "", seen, "b: 2\n"},
      {"with sub-format",
       test::unary_method,
       answer(200, raw({{"content-type", "application/grpc+proto"}}), envelope("hi"), ok),
       {},
       {"hi"},
       "",
       "",
       "b: 2\n"},
      {"unknown compression that is not used",
       test::unary_method,
       answer(200, raw({{"content-type", "application/grpc"}, {"grpc-encoding", "foo"}}), envelope("hi"), ok),
       {},
       {"hi"},
       "",
       "",
       "b: 2\n"},
      {"compressed",
       test::server_method,
       answer(200, raw({{"content-type", "application/grpc"}, {"grpc-encoding", "gzip"}}),
              envelope(gzipped("one"), 1) + envelope("two"), ok),
       {},
       {"one", "two"},
       "",
       "",
       "b: 2\n"},
      {"error",
       test::unary_method,
       answer(200, head, "",
              raw({{"grpc-status", "9"},
                   {"grpc-message", "50%25%"},
                   {"grpc-status-details-bin", details},
                   {"b", "2"},
                   {"b", "3"}})),
       Code::failed_precondition,
       {},
       "50%%",
       seen,
       "b: 2\nb: 3\n",
       1,
       true},
      {"padded details",
       test::unary_method,
       answer(200, head, "", raw({{"grpc-status", "9"}, {"grpc-status-details-bin", details + "="}})),
       Code::failed_precondition,
       {},
       "",
       seen,
       "",
       1,
       true},
      {"error after messages",
       test::server_method,
       answer(200, head, envelope("one"), raw({{"grpc-status", "8"}, {"grpc-message", "x"}})),
       Code::resource_exhausted,
       {"one"},
       "x",
       seen,
       "",
       0,
       true},
      {"trailers-only error",
       test::unary_method,
       answer(200, raw({{"content-type", "application/grpc"},
                        {"grpc-status", "9"},
                        {"grpc-message", "error"},
                        {"grpc-status-details-bin", details},
                        {"b", "2"}})),
       Code::failed_precondition,
       {},
       "error",
       "",
       "b: 2\n",
       1,
       true},
      {"trailers-only success",
       test::server_method,
       answer(200, raw({{"content-type", "application/grpc"}, {"grpc-status", "0"}, {"b", "2"}})),
       {},
       {},
       "",
       "",
       "b: 2\n"},
      {"trailers-only success without the message",
       test::unary_method,
       answer(200, raw({{"content-type", "application/grpc"}, {"grpc-status", "0"}})),
       Code::unimplemented,
       {},
       "without a message"},
      {"success without the message",
       test::unary_method,
       answer(200, head, "", ok),
       Code::unimplemented,
       {},
       "without a message",
       seen,
       "b: 2\n"},
      {"two messages",
       test::client_method,
       answer(200, head, envelope("") + envelope(""), ok),
       Code::unimplemented,
       {""},
       "more than one",
       seen},
      {"missing status",
       test::unary_method,
       answer(200, head, "", raw({{"grpc-message", "error"}})),
       Code::unknown,
       {},
       "no grpc-status",
       seen},
      {"no trailers",
       test::unary_method,
       answer(200, head, envelope("")),
       Code::internal,
       {""},
       "without trailers",
       seen},
      {"nothing at all", test::server_method, answer(200, head), Code::internal, {}, "without trailers", seen},
      {"status in headers beside a body",
       test::unary_method,
       answer(200, raw({{"content-type", "application/grpc"}, {"grpc-status", "9"}}), envelope("")),
       Code::internal,
       {""},
       "without trailers"},
      {"status in headers beside trailers",
       test::unary_method,
       answer(200, raw({{"content-type", "application/grpc"}, {"grpc-status", "8"}, {"a", "1"}}), "",
              raw({{"foo", "bar"}, {"grpc-status", "9"}})),
       Code::failed_precondition,
       {},
       "",
       seen,
       "foo: bar\n",
       0,
       true},
      {"bad status",
       test::unary_method,
       answer(200, head, envelope(""), raw({{"grpc-status", "x"}})),
       Code::unknown,
       {""},
       "no number",
       seen,
       "",
       0,
       true},
      {"status beyond the known ones",
       test::unary_method,
       answer(200, head, "", raw({{"grpc-status", "42"}})),
       Code::unknown,
       {},
       "",
       seen,
       "",
       0,
       true},
      {"4xx with a status",
       test::unary_method,
       answer(404,
              raw({{"content-type", "application/grpc"}, {"grpc-status", "5"}, {"grpc-message", "m"}, {"b", "2"}})),
       Code::not_found,
       {},
       "m",
       "",
       "b: 2\n",
       0,
       true},
      {"5xx with a status in trailers",
       test::unary_method,
       answer(503, raw({{"a", "1"}}), "page", raw({{"grpc-status", "7"}, {"b", "2"}})),
       Code::permission_denied,
       {},
       "",
       seen,
       "b: 2\n",
       0,
       true},
      {"4xx claims success",
       test::unary_method,
       answer(403, raw({{"grpc-status", "0"}})),
       Code::permission_denied,
       {},
       "HTTP 403",
       "",
       "",
       0,
       true},
      {"status in headers beside an error page",
       test::unary_method,
       answer(503, raw({{"grpc-status", "5"}}), "page"),
       Code::unavailable,
       {},
       "HTTP 503",
       "",
       "",
       0,
       true},
      {"truncated",
       test::server_method,
       answer(200, head, envelope("") + envelope("0123456789").substr(0, 8), ok),
       Code::internal,
       {""},
       "within a message",
       seen,
       "b: 2\n"},
      {"truncated prefix",
       test::server_method,
       answer(200, head, envelope("") + std::string(3, '\0'), ok),
       Code::internal,
       {""},
       "within a message",
       seen,
       "b: 2\n"},
      {"truncated, and the server says why",
       test::server_method,
       answer(200, head, envelope("0123456789").substr(0, 8), raw({{"grpc-status", "15"}, {"grpc-message", "disk"}})),
       Code::data_loss,
       {},
       "disk",
       seen,
       "",
       0,
       true},
      {"free names",
       test::unary_method,
       answer(200, raw({{"content-type", "application/grpc"}, {"grpc-trace-bin", "AQI"}, {"grpc-foo", "x"}}),
              envelope(""), raw({{"grpc-status", "0"}, {"grpc-retry-pushback-ms", "5"}, {"trailer-x", "1"}})),
       {},
       {""},
       "",
       "grpc-trace-bin: AQI\n",
       "grpc-retry-pushback-ms: 5\ntrailer-x: 1\n"},
  };
  for (const Case& c : cases) check(Protocol::grpc, c);
}

TEST(ClientCall, GrpcWebAnswers) {
  const Headers head = raw({{"content-type", "application/grpc-web"}, {"a", "1"}});
  const std::string seen = "a: 1\n";
  const auto ends = [&head](std::string block) { return answer(200, head, envelope(block, 0x80)); };
  const Case cases[] = {
      {"message",
       test::unary_method,
       answer(200, head, envelope("hi") + envelope("grpc-status: 0\r\nb: 2\r\n", 0x80)),
       {},
       {"hi"},
       "",
       seen,
       "b: 2\n"},
      {"error",
       test::unary_method,
       ends("grpc-status: 9\r\ngrpc-message: error\r\nb: 2\r\nb: 3\r\n"),
       Code::failed_precondition,
       {},
       "error",
       seen,
       "b: 2\nb: 3\n",
       0,
       true},
      {"mixed case",
       test::server_method,
       ends("Grpc-Status: 9\r\ngRPC-Message: error\r\nx-B: 2\r\n"),
       Code::failed_precondition,
       {},
       "error",
       seen,
       "x-b: 2\n",
       0,
       true},
      {"no space, empty value, no final line end",
       test::unary_method,
       ends("grpc-status:9\r\nb:\r\nc:3"),
       Code::failed_precondition,
       {},
       "",
       seen,
       "b: \nc: 3\n",
       0,
       true},
      {"compressed",
       test::unary_method,
       answer(200, raw({{"content-type", "application/grpc-web+proto"}, {"grpc-encoding", "gzip"}}),
              envelope(gzipped("grpc-status: 9\r\ngrpc-message: error\r\nb: 2\r\n"), 0x81)),
       Code::failed_precondition,
       {},
       "error",
       "",
       "b: 2\n",
       0,
       true},
      {"compressed without compression",
       test::unary_method,
       answer(200, head, envelope(gzipped("grpc-status: 0\r\n"), 0x81)),
       Code::internal,
       {},
       "names no compression",
       seen},
      {"no fields", test::unary_method, ends("nonsense"), Code::internal, {}, "no header fields", seen},
      {"missing status",
       test::unary_method,
       ends("grpc-message: error\r\n"),
       Code::unknown,
       {},
       "no grpc-status",
       seen},
      {"empty block", test::unary_method, ends(""), Code::internal, {}, "without trailers", seen},
      {"success without the message",
       test::unary_method,
       ends("grpc-status: 0\r\n"),
       Code::unimplemented,
       {},
       "without a message",
       seen},
      {"two messages",
       test::unary_method,
       answer(200, head, envelope("") + envelope("") + envelope("grpc-status: 0\r\n", 0x80)),
       Code::unimplemented,
       {""},
       "more than one",
       seen},
      {"no trailers",
       test::server_method,
       answer(200, head, envelope("")),
       Code::internal,
       {""},
       "without trailers in its body",
       seen},
      {"trailers of HTTP do not count",
       test::server_method,
       answer(200, head, envelope(""), raw({{"grpc-status", "0"}})),
       Code::internal,
       {""},
       "without trailers in its body",
       seen},
      {"several blocks",
       test::server_method,
       answer(200, head, envelope("grpc-status: 0\r\n", 0x80) + envelope("grpc-status: 9\r\n", 0x80)),
       Code::internal,
       {},
       "after the end",
       seen},
      {"data after the trailers",
       test::server_method,
       answer(200, head, envelope("grpc-status: 0\r\n", 0x80) + envelope("late")),
       Code::internal,
       {},
       "after the end",
       seen},
      {"trailers-only error",
       test::server_method,
       answer(200, raw({{"content-type", "application/grpc-web"},
                        {"grpc-status", "9"},
                        {"grpc-message", "error"},
                        {"b", "2"},
                        {"b", "3"}})),
       Code::failed_precondition,
       {},
       "error",
       "",
       "b: 2\nb: 3\n",
       0,
       true},
      {"trailers-only without status",
       test::unary_method,
       answer(200, raw({{"content-type", "application/grpc-web"}, {"grpc-message", "error"}})),
       Code::internal,
       {},
       "without trailers"},
      {"trailers-only success without the message",
       test::client_method,
       answer(200, raw({{"content-type", "application/grpc-web"}, {"grpc-status", "0"}})),
       Code::unimplemented,
       {},
       "without a message"},
      {"status in headers beside a body",
       test::unary_method,
       answer(200, raw({{"content-type", "application/grpc-web"}, {"grpc-status", "8"}}),
              envelope("grpc-status: 9\r\n", 0x80)),
       Code::failed_precondition,
       {},
       "",
       "",
       "",
       0,
       true},
  };
  for (const Case& c : cases) check(Protocol::grpc_web, c);
}

TEST(ClientCall, ReceiveLimit) {
  ClientSettings settings;
  settings.receive_limit = 1000;
  const std::string exact(1000, 'x');
  const std::string over(1001, 'x');
  const std::string said = "exceeds the receive limit of 1000 bytes";
  const Headers ok = raw({{"grpc-status", "0"}});
  check(Protocol::connect, {"exact", test::unary_method, answer(200, unary_head, exact), {}, {exact}, "", "a: 1\n"},
        settings);
  check(Protocol::connect,
        {"over", test::unary_method, answer(200, unary_head, over), Code::resource_exhausted, {}, said, "a: 1\n"},
        settings);
  const Headers packed = raw({{"content-type", "application/proto"}, {"content-encoding", "gzip"}});
  check(Protocol::connect, {"packed", test::unary_method, answer(200, packed, gzipped(exact)), {}, {exact}}, settings);
  check(Protocol::connect,
        {"packed over", test::unary_method, answer(200, packed, gzipped(over)), Code::resource_exhausted, {}, said},
        settings);
  const Headers grpc = raw({{"content-type", "application/grpc"}, {"grpc-encoding", "gzip"}});
  check(Protocol::grpc, {"exact", test::unary_method, answer(200, grpc, envelope(exact), ok), {}, {exact}}, settings);
  check(Protocol::grpc,
        {"over",
         test::server_method,
         answer(200, grpc, envelope("x") + envelope(over), ok),
         Code::resource_exhausted,
         {"x"},
         said},
        settings);
  check(Protocol::grpc,
        {"bomb",
         test::unary_method,
         answer(200, grpc, envelope(gzipped(std::string(1 << 24, '\0')), 1), ok),
         Code::resource_exhausted,
         {},
         said},
        settings);

  ClientDriver announced(Protocol::connect, test::unary_method, settings);
  announced.request("");
  Answer begun = answer(200, unary_head);
  begun.ended = false;
  announced.feed(begun, Delivery::whole, 1001);
  ASSERT_TRUE(announced.error);
  EXPECT_EQ(announced.error->code(), Code::resource_exhausted);
}

TEST(ClientCall, ErrorsAreNotCutByASmallReceiveLimit) {
  ClientSettings settings;
  settings.receive_limit = 10;
  const std::string message(1000, 'm');
  check(Protocol::connect,
        {"unary",
         test::unary_method,
         answer(400, raw({{"content-type", "application/json"}}), R"({"code":"aborted","message":")" + message + "\"}"),
         Code::aborted,
         {},
         message,
         "",
         "",
         0,
         true},
        settings);
  check(Protocol::connect,
        {"stream",
         test::server_method,
         answer(200, raw({{"content-type", "application/connect+proto"}}),
                envelope(R"({"error":{"code":"aborted","message":")" + message + "\"}}", 2)),
         Code::aborted,
         {},
         message,
         "",
         "",
         0,
         true},
        settings);
  check(Protocol::grpc_web,
        {"web",
         test::server_method,
         answer(200, raw({{"content-type", "application/grpc-web"}}),
                envelope("grpc-status: 10\r\ngrpc-message: " + message + "\r\n", 0x80)),
         Code::aborted,
         {},
         message,
         "",
         "",
         0,
         true},
        settings);
  // But they have a limit, too.
  check(Protocol::connect,
        {"huge",
         test::unary_method,
         answer(400, raw({{"content-type", "application/json"}}),
                R"({"code":"aborted","message":")" + std::string(100'000, 'm') + "\"}"),
         Code::internal,
         {},
         "HTTP 400",
         "",
         "",
         0,
         true},
        settings);
}

TEST(ClientCall, HeadersAreThereBeforeAnythingElse) {
  struct Row {
    Protocol protocol;
    const MethodSpec& method;
    std::string_view type;
  };
  for (const Row& row : {Row{Protocol::connect, test::bidi_method, "application/connect+proto"},
                         Row{Protocol::grpc, test::bidi_method, "application/grpc"},
                         Row{Protocol::grpc_web, test::bidi_method, "application/grpc-web"},
                         Row{Protocol::connect, test::unary_method, "application/proto"}}) {
    ClientDriver client(row.protocol, row.method);
    client.open();
    Answer begun = answer(200, raw({{"content-type", row.type}, {"a", "1"}}));
    begun.ended = false;
    client.feed(begun);
    EXPECT_FALSE(client.ended);
    EXPECT_EQ(lines(client.call().headers()), "a: 1\n");
  }
}

TEST(ClientCall, ResetsKeepWhatTheServerAnswered) {
  const http::Reset reset{http::ResetReason::refused, "the server said GOAWAY"};
  for (const Protocol protocol : {Protocol::connect, Protocol::grpc, Protocol::grpc_web}) {
    ClientDriver before(protocol, test::unary_method);
    before.request("");
    const Error early = before.call().reset_error(reset);
    EXPECT_EQ(early.code(), Code::unavailable);
    EXPECT_EQ(early.message(), "the server said GOAWAY");
    EXPECT_FALSE(early.is_remote());
    EXPECT_TRUE(early.headers().empty());

    ClientDriver page(protocol, test::unary_method);
    page.request("");
    Answer begun = answer(403, raw({{"content-type", "text/plain"}, {"via", "proxy"}}), "go away");
    begun.ended = false;
    page.feed(begun);
    const Error refused = page.call().reset_error({http::ResetReason::no_error, ""});
    EXPECT_EQ(refused.code(), Code::permission_denied);
    EXPECT_EQ(lines(refused.headers()), "via: proxy\n");
    EXPECT_TRUE(refused.is_remote());
  }
  ClientDriver stream(Protocol::grpc, test::server_method);
  stream.request("");
  Answer begun = answer(200, raw({{"content-type", "application/grpc"}, {"a", "1"}}), envelope("one"));
  begun.ended = false;
  stream.feed(begun);
  EXPECT_THAT(stream.messages, ElementsAre("one"));
  const Error lost = stream.call().reset_error({http::ResetReason::internal_error, ""});
  EXPECT_EQ(lost.code(), Code::internal);
  EXPECT_EQ(lines(lost.headers()), "a: 1\n");
  EXPECT_FALSE(lost.message().empty());

  ClientDriver ended(Protocol::connect, test::server_method);
  ended.request("");
  begun = answer(200, raw({{"content-type", "application/connect+proto"}}),
                 envelope(R"({"error":{"code":"aborted"},"metadata":{"b":["2"]}})", 2));
  begun.ended = false;
  ended.feed(begun);
  EXPECT_FALSE(ended.ended);
  const Error said = ended.call().reset_error({http::ResetReason::no_error, ""});
  EXPECT_EQ(said.code(), Code::aborted);
  EXPECT_EQ(lines(said.trailers()), "b: 2\n");
}

}  // namespace
}  // namespace connectrpc::protocol
