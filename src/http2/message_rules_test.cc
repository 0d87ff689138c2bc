// What a message over HTTP/2 may and may not be, a field at a time.
#include "http2/message_rules.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace connectrpc::http2 {
namespace {

using Of = MessageRules::Of;
using Fields = std::vector<std::pair<std::string, std::string>>;

Fields request(Fields others = {}) {
  Fields fields = {{":method", "POST"}, {":scheme", "http"}, {":path", "/a.B/C"}, {":authority", "host:80"}};
  fields.insert(fields.end(), others.begin(), others.end());
  return fields;
}

// The first fault of a head, and where it was.
std::pair<Fault, std::string> head(Of of, const Fields& fields, MessageRules rules = {}) {
  for (const auto& [name, value] : fields)
    if (const Fault fault = rules.head_field(of, name, value); fault != Fault::none) return {fault, name};
  return {rules.head_complete(of), ""};
}

Fault of_request(const Fields& fields) { return head(Of::requests, fields).first; }
Fault of_response(const Fields& fields) { return head(Of::responses, fields).first; }

TEST(MessageRules, GoodHeads) {
  EXPECT_EQ(of_request(request()), Fault::none);
  EXPECT_EQ(of_request(request({{"te", "Trailers"}, {"host", "host:80"}, {"content-length", "0"}, {"user-agent", ""}})),
            Fault::none);
  EXPECT_EQ(
      of_request({{":authority", "[::1]:50051"}, {":path", "/?a=%20&b"}, {":scheme", "HTTPS"}, {":method", "GET"}}),
      Fault::none);
  EXPECT_EQ(of_request({{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"host", "a"}}), Fault::none);
  EXPECT_EQ(of_request({{":method", "OPTIONS"}, {":scheme", "http"}, {":path", "*"}, {":authority", "a"}}),
            Fault::none);
  EXPECT_EQ(of_request({{":method", "GET"}, {":scheme", "urn"}, {":path", "isbn"}, {":authority", "a"}}), Fault::none);
  EXPECT_EQ(of_request({{":method", "CONNECT"}, {":authority", "a:1"}}), Fault::none);
  EXPECT_EQ(of_response({{":status", "200"}, {"content-length", "18446744073709551615"}}), Fault::none);
  EXPECT_EQ(of_response({{":status", "204"}, {"content-length", "0"}}), Fault::none);
  EXPECT_EQ(of_response({{":status", "800"}, {"host", "/"}}), Fault::none);
}

TEST(MessageRules, EveryCharacterOfNames) {
  const std::string allowed = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz";
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const Fault expected = allowed.find(c) != std::string::npos ? Fault::none : Fault::invalid_name;
    // Alone, within eight, sixteen and more.
    for (const std::size_t size : {1U, 3U, 7U, 8U, 15U, 16U, 17U, 40U}) {
      for (const std::size_t at : {std::size_t{0}, size / 2, size - 1}) {
        std::string name(size, 'x');
        name[at] = c;
        if (name.front() == ':') continue;
        MessageRules rules;
        EXPECT_EQ(rules.head_field(Of::requests, name, ""), expected) << byte << " at " << at << " of " << size;
        EXPECT_EQ(rules.trailer(name, ""), expected) << byte << " at " << at << " of " << size;
      }
    }
  }
  EXPECT_EQ(of_request({{"", "x"}}), Fault::invalid_name);
}

TEST(MessageRules, EveryCharacterOfValues) {
  for (int byte = 0; byte < 256; ++byte) {
    const bool allowed = byte == '\t' || (byte >= 0x20 && byte != 0x7f);
    for (const std::size_t size : {1U, 2U, 8U, 16U, 33U}) {
      std::string value(size, 'x');
      value[size / 2] = static_cast<char>(byte);
      EXPECT_EQ(MessageRules().trailer("x", value), allowed ? Fault::none : Fault::invalid_value) << byte;
    }
  }
}

TEST(MessageRules, EveryCharacterOfPseudoHeaders) {
  const std::string letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const std::string digits = "0123456789";
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const auto among = [c](const std::string& set) { return set.find(c) != std::string::npos; };
    const auto expect = [&](std::string name, std::string value, bool good) {
      value[value.size() / 2] = c;
      EXPECT_EQ(MessageRules().head_field(Of::requests, name, value), good ? Fault::none : Fault::invalid_value)
          << name << ' ' << byte;
    };
    expect(":method", "GET", among(letters + digits + "!#$%&'*+-.^_`|~"));
    expect(":scheme", "http", among(letters + digits + "+-."));
    expect(":path", "/abcdefghijklmnopqrstuvwxyz", byte > 0x20 && byte != 0x7f);
    expect(":authority", "host.example:80", among(letters + digits + "!$%&'()*+,-.:;=@[]_~"));
    expect("host", "host.example", among(letters + digits + "!$%&'()*+,-.:;=@[]_~"));
  }
}

TEST(MessageRules, BadRequests) {
  const auto without = [](std::string_view name) {
    Fields fields = request();
    std::erase_if(fields, [name](const auto& field) { return field.first == name; });
    return fields;
  };
  for (const char* name : {":method", ":scheme", ":path", ":authority"})
    EXPECT_EQ(of_request(without(name)), Fault::incomplete_head) << name;
  for (const char* name : {":method", ":scheme", ":path", ":authority"})
    EXPECT_EQ(of_request(request({{name, "a"}})), Fault::repeated) << name;
  for (const char* name : {":method", ":scheme", ":path", ":authority", "host", "content-length"})
    EXPECT_EQ(of_request({{name, ""}}), Fault::invalid_value) << name;
  for (const char* name : {"connection", "keep-alive", "upgrade", "proxy-connection", "transfer-encoding", "te"})
    EXPECT_EQ(of_request(request({{name, "x"}})), Fault::about_the_connection) << name;
  for (const char* name : {":", ":status", ":protocol", ":Path", ":paths"})
    EXPECT_EQ(of_request({{name, "200"}}), Fault::unknown_pseudo_header) << name;
  for (const char* value : {"-1", "+1", "1 ", "0x1", "1,1", "18446744073709551616"})
    EXPECT_EQ(of_request(request({{"content-length", value}})), Fault::invalid_value) << value;
  EXPECT_EQ(of_request(request({{"content-length", "1"}, {"content-length", "1"}})), Fault::repeated);
  EXPECT_EQ(of_request(request({{"host", "a"}, {"host", "a"}})), Fault::repeated);
  EXPECT_EQ(of_request({{"x", ""}, {":method", "GET"}}), Fault::misplaced);
  EXPECT_EQ(of_request({{":method", "GET"}, {":scheme", "http"}, {":path", "a"}, {":authority", "a"}}),
            Fault::incomplete_head);
  EXPECT_EQ(of_request({{":method", "GET"}, {":scheme", "https"}, {":path", "*"}, {":authority", "a"}}),
            Fault::incomplete_head);
  EXPECT_EQ(of_request({{":scheme", "1http"}}), Fault::invalid_value);
  EXPECT_EQ(of_request({{":method", "CONNECT"}, {":path", "/"}, {":authority", "a"}}), Fault::incomplete_head);
  EXPECT_EQ(of_request({{":method", "CONNECT"}, {":scheme", "http"}, {":authority", "a"}}), Fault::incomplete_head);
  EXPECT_EQ(of_request({{":method", "CONNECT"}}), Fault::incomplete_head);
}

TEST(MessageRules, BadResponses) {
  EXPECT_EQ(of_response({{"x", ""}}), Fault::incomplete_head);
  EXPECT_EQ(of_response({{":path", "/"}}), Fault::unknown_pseudo_header);
  EXPECT_EQ(of_response({{":status", "200"}, {":status", "200"}}), Fault::repeated);
  for (const char* value : {"", "20", "2000", "abc", "+20", " 20", "099", "000", "101"})
    EXPECT_EQ(of_response({{":status", value}}), Fault::invalid_value) << value;
  EXPECT_EQ(of_response({{"x", ""}, {":status", "200"}}), Fault::misplaced);
  EXPECT_EQ(of_response({{":status", "100"}, {"content-length", "0"}}), Fault::misplaced);
  EXPECT_EQ(of_response({{":status", "204"}, {"content-length", "1"}}), Fault::misplaced);
  EXPECT_EQ(of_response({{":status", "200"}, {"upgrade", "h3"}}), Fault::about_the_connection);
}

TEST(MessageRules, Trailers) {
  for (const char* name : {":status", ":path", ":", "content-length"})
    EXPECT_EQ(MessageRules().trailer(name, "1"), Fault::misplaced) << name;
  for (const char* name : {"connection", "keep-alive", "upgrade", "proxy-connection", "transfer-encoding", "te"})
    EXPECT_EQ(MessageRules().trailer(name, "x"), Fault::about_the_connection) << name;
  EXPECT_EQ(MessageRules().trailer("te", "trailers"), Fault::none);
  EXPECT_EQ(MessageRules().trailer("grpc-status", "0"), Fault::none);
}

TEST(MessageRules, LengthOfTheBody) {
  MessageRules rules;
  EXPECT_EQ(rules.body(1), Fault::none);
  EXPECT_EQ(rules.end(1), Fault::none);
  ASSERT_EQ(rules.head_field(Of::requests, "content-length", "10"), Fault::none);
  EXPECT_EQ(rules.length(), 10u);
  EXPECT_EQ(rules.body(10), Fault::none);
  EXPECT_EQ(rules.body(11), Fault::wrong_length);
  EXPECT_EQ(rules.end(9), Fault::wrong_length);
  EXPECT_EQ(rules.end(10), Fault::none);
  EXPECT_EQ(rules.describe(Fault::wrong_length, {}), "its body's length is not the announced 10 bytes");
}

TEST(MessageRules, AnswersWithoutABody) {
  const auto length_of = [](std::string_view method, const char* status) {
    MessageRules rules;
    rules.answers(method);
    EXPECT_EQ(rules.head_field(Of::responses, ":status", status), Fault::none);
    EXPECT_EQ(rules.head_field(Of::responses, "content-length", status == std::string_view("204") ? "0" : "7"),
              Fault::none);
    EXPECT_EQ(rules.head_complete(Of::responses), Fault::none);
    return rules.length();
  };
  EXPECT_EQ(length_of("GET", "200"), 7u);
  EXPECT_EQ(length_of("GET", "304"), 0u);
  EXPECT_EQ(length_of("GET", "204"), 0u);
  EXPECT_EQ(length_of("HEAD", "200"), 0u);
  EXPECT_EQ(length_of("CONNECT", "200"), std::nullopt);
  EXPECT_EQ(length_of("CONNECT", "403"), 7u);
}

TEST(MessageRules, AnInformationalHeadIsForgottenButNotTheMethod) {
  MessageRules rules;
  rules.answers("HEAD");
  ASSERT_EQ(rules.head_field(Of::responses, ":status", "103"), Fault::none);
  ASSERT_EQ(rules.head_field(Of::responses, "link", "x"), Fault::none);
  ASSERT_EQ(rules.head_complete(Of::responses), Fault::none);
  rules.begin_again();
  EXPECT_EQ(head(Of::responses, {{":status", "200"}, {"content-length", "7"}}, rules).first, Fault::none);
  ASSERT_EQ(rules.head_field(Of::responses, ":status", "200"), Fault::none);
  ASSERT_EQ(rules.head_complete(Of::responses), Fault::none);
  EXPECT_EQ(rules.end(0), Fault::none);
  EXPECT_EQ(rules.end(1), Fault::wrong_length);
}

TEST(MessageRules, DescribesFaults) {
  const MessageRules rules;
  EXPECT_EQ(rules.describe(Fault::none, "a"), "");
  EXPECT_EQ(rules.describe(Fault::invalid_name, "a b"), "invalid field \"a b\"");
  EXPECT_EQ(rules.describe(Fault::invalid_value, ":path"), "invalid value of \":path\"");
  EXPECT_EQ(rules.describe(Fault::unknown_pseudo_header, ":x"), "unknown pseudo-header \":x\"");
  EXPECT_EQ(rules.describe(Fault::repeated, "host"), "\"host\" came twice");
  EXPECT_EQ(rules.describe(Fault::misplaced, ":path"), "misplaced field \":path\"");
  EXPECT_EQ(rules.describe(Fault::about_the_connection, "te"), "\"te\" is about a connection of HTTP/1.1");
  EXPECT_EQ(rules.describe(Fault::incomplete_head, {}), "its pseudo-headers are incomplete or do not go together");
  EXPECT_EQ(rules.describe(Fault::trailers_go_on, {}), "its trailers do not end the message");
  EXPECT_EQ(rules.describe(Fault::no_head, {}), "its message has no head");
}

}  // namespace
}  // namespace connectrpc::http2
