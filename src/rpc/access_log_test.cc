// Lines of the access log: form, sampling, secrets.
#include "connectrpc/access_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "connectrpc/detail/headers_access.h"

namespace connectrpc {
namespace {

using namespace std::chrono_literals;
using Format = AccessLogOptions::Format;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr MethodSpec greet{"/greet.v1.GreetService/Greet"};

class AccessLogTest : public ::testing::Test {
 protected:
  CallHook log(Format format = Format::key_value) {
    options_.format = format;
    options_.sink = [this](std::string_view line) { lines_.emplace_back(line); };
    return access_log(options_);
  }
  CallRecord record() {
    CallRecord record{greet, peer_, headers_};
    record.protocol = Protocol::grpc;
    record.http_method = "POST";
    record.duration = 1234567ns;
    record.traffic = {.request_bytes = 12, .response_bytes = 34, .request_messages = 1, .response_messages = 2};
    return record;
  }

  AccessLogOptions options_;
  Peer peer_ = Peer::ipv4("10.0.0.1", 5555);
  Headers headers_;
  std::vector<std::string> lines_;
};

TEST_F(AccessLogTest, KeysAndValues) {
  log()(record());
  EXPECT_THAT(lines_, ElementsAre("method=greet.v1.GreetService/Greet code=ok protocol=grpc codec=proto http=HTTP/2 "
                                  "verb=POST peer=10.0.0.1:5555 duration_ms=1.234 request_bytes=12 request_messages=1 "
                                  "response_bytes=34 response_messages=2"));
}

TEST_F(AccessLogTest, Json) {
  log(Format::json)(record());
  EXPECT_THAT(lines_,
              ElementsAre("{\"method\":\"greet.v1.GreetService/Greet\",\"code\":\"ok\",\"protocol\":\"grpc\","
                          "\"codec\":\"proto\",\"http\":\"HTTP/2\",\"verb\":\"POST\",\"peer\":\"10.0.0.1:5555\","
                          "\"duration_ms\":1.234,\"request_bytes\":12,\"request_messages\":1,\"response_bytes\":34,"
                          "\"response_messages\":2}"));
}

TEST_F(AccessLogTest, NothingThatSomebodySendsBreaksALine) {
  const Error error(Code::not_found, "no \"x\"\ncode=ok \\ \x01");
  CallRecord failed = record();
  failed.error = &error;
  failed.cancelled = CancelReason::deadline;
  log()(failed);
  EXPECT_THAT(lines_[0], EndsWith(" cancelled=deadline message=\"no \\\"x\\\"\\u000acode=ok \\\\ \\u0001\""));
  EXPECT_THAT(lines_[0], HasSubstr(" code=not_found "));

  detail::HeadersAccess::append(headers_, "agent", "ä\n\xff=");
  options_.headers = {"agent"};
  log()(record());
  log(Format::json)(record());
  EXPECT_THAT(lines_[1], EndsWith(" header.agent=\"\\u00c3\\u00a4\\u000a\\u00ff=\""));
  EXPECT_THAT(lines_[2], EndsWith(",\"header.agent\":\"\\u00c3\\u00a4\\u000a\\u00ff=\"}"));
}

TEST_F(AccessLogTest, HeadersThatAreAskedForWithoutSecrets) {
  headers_ = {
      {"user-agent", "curl/8"}, {"authorization", "Bearer x"}, {"acme-key", "k"}, {"acme-key", "l"}, {"cookie", "a=b"}};
  log()(record());
  options_.headers = {"User-Agent", "authorization", "acme-key", "absent", "COOKIE"};
  options_.redact = {"Acme-Key"};
  log()(record());
  EXPECT_THAT(lines_[0], Not(HasSubstr("curl")));
  EXPECT_THAT(lines_[1], EndsWith(" header.user-agent=curl/8 header.authorization=(redacted) "
                                  "header.acme-key=(redacted) header.acme-key=(redacted) header.cookie=(redacted)"));
}

TEST_F(AccessLogTest, KnowsSecretHeaders) {
  for (const char* name : {"authorization", "Proxy-Authorization", "cookie", "Set-Cookie", "x-auth-token", "X-API-Key",
                           "client-secret", "acme-password-bin", "session-id"}) {
    EXPECT_TRUE(is_secret_header(name)) << name;
  }
  for (const char* name : {"", "user-agent", "author", "accept", "acme-tenant-id"}) {
    EXPECT_FALSE(is_secret_header(name)) << name;
  }
}

TEST_F(AccessLogTest, SamplesSuccessesEvenlyAndKeepsFailures) {
  options_.sample = 0.25;
  auto hook = log();
  for (int i = 0; i < 100; ++i) hook(record());
  EXPECT_EQ(lines_.size(), 25u);
  const Error error(Code::internal, "");
  CallRecord failed = record();
  failed.error = &error;
  for (int i = 0; i < 100; ++i) hook(failed);
  EXPECT_EQ(lines_.size(), 125u);
  lines_.clear();
  options_.sample = 0;
  hook = log();
  for (int i = 0; i < 100; ++i) hook(record());
  EXPECT_THAT(lines_, IsEmpty());
}

TEST_F(AccessLogTest, BadOptionsAreNamed) {
  const auto fault = [](AccessLogOptions options) -> std::string {
    try {
      access_log(std::move(options));
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "none";
  };
  const auto sink = [](std::string_view) {};
  EXPECT_EQ(fault({}), "AccessLogOptions::sink is empty");
  EXPECT_EQ(fault({.sink = sink, .sample = 1.5}), "AccessLogOptions::sample must be between 0 and 1, not 1.500000");
  EXPECT_EQ(fault({.sink = sink, .headers = {"a b"}}),
            "AccessLogOptions::headers has \"a b\", which is no name of a header");
  EXPECT_EQ(fault({.sink = sink, .redact = {""}}), "AccessLogOptions::redact has \"\", which is no name of a header");
}

}  // namespace
}  // namespace connectrpc
