// What a server answers to input that is wrong: the answer that the protocols name, and the next call is served.
#include <gmock/gmock.h>

#include "base/base64.h"
#include "integration/harness.h"
#include "integration/raw_client.h"

namespace connectrpc::probe_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view json = "content-type: application/json\r\n";
constexpr std::string_view proto = "content-type: application/proto\r\n";

std::string envelope(std::string_view message, std::uint32_t announced, char flags = 0) {
  std::string bytes(1, flags);
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(announced >> shift & 0xff);
  return bytes + std::string(message);
}

class BadInput : public ::testing::Test {
 protected:
  void TearDown() override {
    // Nothing of it has cost anything else.
    const ::probe::v1::ProbeServiceClientSync client(server_.url());
    const auto response = client.probe(ProbeRequest());
    EXPECT_EQ(response->text(), "hello ");
  }

  // The answer to `request`, and to a good one after it on the same connection.
  std::string answer_on_living_connection(const std::string& request) {
    RawClient client(server_.port());
    client.send(request);
    const std::string answer = client.read_answer();
    client.send(post(json, R"({"text":"next"})"));
    EXPECT_THAT(client.read_answer(), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("hello next"))) << answer;
    return answer;
  }
  std::string answer_and_close(const std::string& request) {
    RawClient client(server_.port());
    client.send(request);
    return client.read_all();
  }

  TestServer server_;
};

TEST_F(BadInput, UnknownPath) {
  EXPECT_THAT(answer_on_living_connection(post(json, "{}", "/probe.v1.ProbeService/Nothing")),
              StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(answer_on_living_connection(post(json, "{}", "/")), StartsWith("HTTP/1.1 404"));
}

TEST_F(BadInput, WrongVerb) {
  for (const std::string verb : {"GET", "PUT", "DELETE", "PATCH", "OPTIONS"}) {
    const std::string answer =
        answer_on_living_connection(verb + " /probe.v1.ProbeService/Probe HTTP/1.1\r\nhost: x\r\n\r\n");
    EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 405"), HasSubstr("allow: POST\r\n"))) << verb;
  }
  const std::string answer =
      answer_on_living_connection("PUT /probe.v1.ProbeService/Look HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n");
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 405"), HasSubstr("allow: GET, POST\r\n")));
}

TEST_F(BadInput, ContentType) {
  EXPECT_THAT(answer_on_living_connection(post("", "{}")), StartsWith("HTTP/1.1 415"));
  EXPECT_THAT(answer_on_living_connection(post("content-type: text/html\r\n", "{}")),
              AllOf(StartsWith("HTTP/1.1 415"), HasSubstr("accept-post:")));
  EXPECT_THAT(answer_on_living_connection(post("content-type: application/yaml\r\n", "{}")),
              StartsWith("HTTP/1.1 415"));
  EXPECT_THAT(answer_on_living_connection(post("content-type: application/grpc-web+yaml\r\n", "")),
              StartsWith("HTTP/1.1 415"));
  // Parameters and case are no fault.
  EXPECT_THAT(answer_on_living_connection(post("content-type: Application/JSON; charset=\"utf-8\"\r\n", "{}")),
              StartsWith("HTTP/1.1 200"));
}

TEST_F(BadInput, GrpcNeedsHttp2) {
  const std::string answer = answer_on_living_connection(post("content-type: application/grpc\r\n", envelope("", 0)));
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 505"), HasSubstr("HTTP/2")));
}

TEST_F(BadInput, Compression) {
  const std::string unknown = answer_on_living_connection(post(std::string(json) + "content-encoding: lzma\r\n", "{}"));
  EXPECT_THAT(unknown, AllOf(HasSubstr("\"unimplemented\""), HasSubstr("lzma"), HasSubstr("gzip")));
  const std::string broken =
      answer_on_living_connection(post(std::string(json) + "content-encoding: gzip\r\n", "this is no gzip"));
  EXPECT_THAT(broken, AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("\"invalid_argument\"")));
  const std::string flag_without_compression =
      answer_on_living_connection(post("content-type: application/grpc-web+proto\r\n", envelope("x", 1, 1)));
  EXPECT_THAT(flag_without_compression, HasSubstr("grpc-status: 13"));
}

TEST_F(BadInput, BrokenJsonSaysWhere) {
  const std::string answer = answer_on_living_connection(post(json, "{\"text\": \"a\",\n \"payload\": }"));
  EXPECT_THAT(answer,
              AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("\"invalid_argument\""), HasSubstr("line 2, column 13")));
  EXPECT_THAT(answer_on_living_connection(post(json, "")), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(answer_on_living_connection(post(json, "{\"text\":\"\xff\"}")), StartsWith("HTTP/1.1 400"));
}

TEST_F(BadInput, BrokenProto) {
  EXPECT_THAT(answer_on_living_connection(post(proto, "\xff\xff\xff")),
              AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("\"invalid_argument\"")));
}

TEST_F(BadInput, TruncatedEnvelope) {
  const std::string answer =
      answer_on_living_connection(post("content-type: application/grpc-web+proto\r\n", envelope("abc", 10)));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(answer, Not(HasSubstr("grpc-status: 0")));
}

TEST_F(BadInput, TextThatIsNoBase64) {
  const std::string answer = answer_on_living_connection(post("content-type: application/grpc-web-text\r\n", "{}"));
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("grpc-status: 3"), HasSubstr("is not base64")));
}

TEST_F(BadInput, TruncatedBodyOfALostClient) {
  {
    RawClient client(server_.port());
    client.send("POST /probe.v1.ProbeService/Probe HTTP/1.1\r\nhost: x\r\n" + std::string(json) +
                "content-length: 100\r\n\r\n{\"text\":");
  }
  {
    RawClient client(server_.port());
    client.send("POST /probe.v1.ProbeService/Probe HTTP/1.1\r\nhost: x\r\n" + std::string(json) +
                "transfer-encoding: chunked\r\n\r\n5\r\n{\"te");
  }
  EXPECT_TRUE(eventually([&] { return server_.counters().started == server_.counters().ended; }));
}

TEST_F(BadInput, BodyOverTheLimitIsRefusedBeforeItArrives) {
  RawClient client(server_.port());
  // Announced, not sent.
  client.send("POST /probe.v1.ProbeService/Probe HTTP/1.1\r\nhost: x\r\n" + std::string(json) +
              "content-length: 100000000\r\n\r\n");
  EXPECT_THAT(client.read_all(), AllOf(StartsWith("HTTP/1.1 429"), HasSubstr("\"resource_exhausted\""),
                                       HasSubstr("100000000"), HasSubstr("4194304")));
  RawClient enveloped(server_.port());
  enveloped.send(
      "POST /probe.v1.ProbeService/Probe HTTP/1.1\r\nhost: x\r\ncontent-type: application/grpc-web\r\n"
      "transfer-encoding: chunked\r\n\r\n5\r\n" +
      envelope("", 100'000'000) + "\r\n");
  EXPECT_THAT(enveloped.read_all(), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("grpc-status: 8")));
  RawClient announced(server_.port());
  announced.send(
      "POST /probe.v1.ProbeService/Probe HTTP/1.1\r\nhost: x\r\ncontent-type: application/grpc-web\r\n"
      "content-length: 100000000\r\n\r\n");
  EXPECT_THAT(announced.read_all(), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("grpc-status: 8")));
  // Refused while more is on its way.
  RawClient busy(server_.port());
  busy.send(
      "POST /probe.v1.ProbeService/Probe HTTP/1.1\r\nhost: x\r\ncontent-type: application/grpc-web-text\r\n"
      "content-length: 100000000\r\n\r\n" +
      base::base64_encode(envelope("x", 70'000'000)));
  const std::string piece(65536, 'A');
  for (int i = 0; i < 3 && busy.send(piece); ++i) {
  }
  EXPECT_THAT(busy.read_all(),
              AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("application/grpc-web-text"), HasSubstr("grpc-status: 8")));
  // Chunked: the limit is met on the way.
  RawClient chunked(server_.port());
  chunked.send("POST /probe.v1.ProbeService/Probe HTTP/1.1\r\nhost: x\r\n" + std::string(json) +
               "transfer-encoding: chunked\r\n\r\n");
  const std::string chunk = "10000\r\n" + std::string(65536, ' ') + "\r\n";
  for (int i = 0; i < 70 && chunked.send(chunk); ++i) {
  }
  EXPECT_THAT(chunked.read_all(), AllOf(StartsWith("HTTP/1.1 429"), HasSubstr("\"resource_exhausted\"")));
  EXPECT_EQ(server_.counters().started, 0);
}

TEST_F(BadInput, GetParameters) {
  const auto get = [&](const std::string& query) {
    return answer_on_living_connection("GET /probe.v1.ProbeService/Look?" + query + " HTTP/1.1\r\nhost: x\r\n\r\n");
  };
  EXPECT_THAT(get("connect=v1&encoding=json&message=%7B%22text%22%3A%22q%22%7D"),
              AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("hello q"), HasSubstr("vary: accept-encoding\r\n")));
  EXPECT_THAT(get("connect=v1&encoding=proto&base64=1&message=!!!!"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(get("connect=v1&encoding=json&message=%7"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(get("connect=v1&encoding=json"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(get("connect=v1&message=%7B%7D"), StartsWith("HTTP/1.1 4"));
  EXPECT_THAT(get("connect=v1&encoding=yaml&message=%7B%7D"), StartsWith("HTTP/1.1 415"));
  EXPECT_THAT(get("connect=v2&encoding=json&message=%7B%7D"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(get("connect=v1&encoding=json&compression=lzma&message=%7B%7D"), HasSubstr("unimplemented"));
}

TEST_F(BadInput, TimeoutHeader) {
  for (const std::string value : {"-1", "abc", "12345678901", "1.5", "1S"}) {
    EXPECT_THAT(answer_on_living_connection(post(std::string(json) + "connect-timeout-ms: " + value + "\r\n", "{}")),
                AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("\"invalid_argument\"")))
        << value;
  }
  // Each protocol reads only its own.
  EXPECT_THAT(answer_on_living_connection(post(std::string(json) + "grpc-timeout: -1S\r\n", "{}")),
              StartsWith("HTTP/1.1 200"));
  for (const std::string value : {"''", "1", "1s", "-1S", "123456789S", "1.5S"}) {
    EXPECT_THAT(answer_on_living_connection(
                    post("content-type: application/grpc-web\r\ngrpc-timeout: " + value + "\r\n", envelope("", 0))),
                HasSubstr("grpc-status: 3"))
        << value;
  }
  EXPECT_THAT(answer_on_living_connection(post(std::string(json) + "connect-timeout-ms: 0\r\n", "{}")),
              HasSubstr("\"deadline_exceeded\""));
}

TEST_F(BadInput, SmugglingShapes) {
  const std::string head = "POST /probe.v1.ProbeService/Probe HTTP/1.1\r\n";
  const std::string good = "host: x\r\n" + std::string(json);
  const std::pair<std::string, std::string> shapes[] = {
      {"both lengths", head + good + "content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"two lengths", head + good + "content-length: 2\r\ncontent-length: 3\r\n\r\n{}"},
      {"bare LF", head + "host: x\n" + std::string(json) + "content-length: 2\r\n\r\n{}"},
      {"obs-fold", head + good + "x-a: b\r\n c\r\ncontent-length: 2\r\n\r\n{}"},
      {"no host", head + std::string(json) + "content-length: 2\r\n\r\n{}"},
      {"two hosts", head + good + "host: y\r\ncontent-length: 2\r\n\r\n{}"},
      {"gzip, chunked", head + good + "transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
      {"xchunked", head + good + "transfer-encoding: xchunked\r\n\r\n0\r\n\r\n"},
      {"chunked in 1.0", "POST /probe.v1.ProbeService/Probe HTTP/1.0\r\n" + good +
                             "transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"},
  };
  for (const auto& [name, bytes] : shapes) {
    EXPECT_THAT(answer_and_close(bytes), StartsWith("HTTP/1.1 400")) << name;
  }
  EXPECT_EQ(server_.counters().started, 0);
}

TEST_F(BadInput, TlsHelloOnAPlainPort) {
  RawClient client(server_.port());
  client.send(std::string("\x16\x03\x01\x00\x05hello", 10));
  EXPECT_THAT(client.read_all(), AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("plain HTTP, not TLS")));
  EXPECT_TRUE(eventually([&] { return server_.logged("TLS"); }));
  const ::probe::v1::ProbeServiceClientSync tls("https://127.0.0.1:" + std::to_string(server_.port()));
  const auto result = as_result([&] { return tls.probe(ProbeRequest()); });
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code(), Code::unavailable);
  EXPECT_THAT(result.error().message(), HasSubstr("does not speak TLS"));
}

TEST_F(BadInput, PlainHttpOnATlsPort) {
  TestServer tls(Style::coroutine, ServerOptions(), true);
  RawClient client(tls.port());
  client.send(post(json, "{}"));
  EXPECT_THAT(client.read_all(), AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("TLS")));
}

TEST_F(BadInput, GarbageAndSilence) {
  EXPECT_THAT(answer_and_close("hello, is anybody there?\r\n\r\n"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(answer_and_close("PRIORITY / HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 400"));
  {
    RawClient silent(server_.port());
  }
  {
    RawClient halfway(server_.port());
    halfway.send("PRI * HT");
  }
  RawClient broken_http2(server_.port());
  broken_http2.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nthis is no frame at all");
  broken_http2.read_all();
}

// The beginning of a connection tells what it speaks, however slowly it comes.
TEST_F(BadInput, OneByteAtATime) {
  RawClient client(server_.port());
  for (const char c : post(json, R"({"text":"slow"})")) ASSERT_TRUE(client.send(std::string_view(&c, 1)));
  EXPECT_THAT(client.read_answer(), HasSubstr("hello slow"));
}

TEST_F(BadInput, UpgradeToH2cIsIgnored) {
  const std::string answer = answer_on_living_connection(post(
      std::string(json) + "connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n", "{}"));
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 200"), Not(HasSubstr("101"))));
}

TEST_F(BadInput, PipelinedRequestsAreAnsweredInOrder) {
  RawClient client(server_.port());
  std::string requests;
  for (int i = 0; i < 5; ++i) {
    requests += post(json, "{\"text\":\"" + std::to_string(i) + "\",\"delayMs\":" + std::to_string(20 - 4 * i) + "}");
  }
  client.send(requests);
  for (int i = 0; i < 5; ++i) EXPECT_THAT(client.read_answer(), HasSubstr("hello " + std::to_string(i)));
}

TEST_F(BadInput, ExpectContinue) {
  RawClient client(server_.port());
  client.send("POST /probe.v1.ProbeService/Probe HTTP/1.1\r\nhost: x\r\n" + std::string(json) +
              "expect: 100-continue\r\ncontent-length: 2\r\n\r\n");
  EXPECT_THAT(client.read_answer(), StartsWith("HTTP/1.1 100"));
  client.send("{}");
  EXPECT_THAT(client.read_answer(), StartsWith("HTTP/1.1 200"));
}

TEST(BadStart, PortInUseIsNamed) {
  TestServer first;
  Server second;
  const std::string address = "127.0.0.1:" + std::to_string(first.port());
  try {
    second.listen(address);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), AllOf(HasSubstr(address), HasSubstr("in use")));
  }
  EXPECT_THROW(second.listen("nonsense"), Error);
}

TEST(BadStart, UnreadableCertificateIsNamed) {
  try {
    TlsConfig::from_files("/nowhere/cert.pem", "/nowhere/key.pem");
    FAIL() << "no error";
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), HasSubstr("/nowhere/cert.pem"));
  }
}

TEST(BadStart, DuplicateServiceIsNamed) {
  Counters counters;
  Probe probe(counters);
  ProbeBlocking blocking(counters);
  Server server;
  server.add(probe).add(probe, "/api");
  try {
    server.add(blocking);
    FAIL() << "no error";
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), HasSubstr("/probe.v1.ProbeService/Probe"));
  }
  EXPECT_THROW(server.add(probe, "api"), std::invalid_argument);
  ServerOptions no_threads;
  no_threads.threads = 0;
  EXPECT_THROW(Server{no_threads}, std::invalid_argument);
}

TEST(BadStart, UrlsAndOptionsOfAChannel) {
  for (const char* url : {"", "localhost:80", "ftp://x", "http://", "http://x:0", "http://u@x", "http://x/?q=1"}) {
    EXPECT_THROW(Channel::make(url), std::invalid_argument) << url;
  }
  ChannelOptions grpc;
  grpc.protocol = Protocol::grpc;
  grpc.http_version = HttpVersion::http1_1;
  EXPECT_THROW(Channel::make("http://x", grpc), std::invalid_argument);
  ChannelOptions compression;
  compression.compression = "lzma";
  EXPECT_THROW(Channel::make("http://x", compression), std::invalid_argument);
}

}  // namespace
}  // namespace connectrpc::probe_test
