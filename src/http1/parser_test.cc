// Every shape of message, well-formed and not, cut in every way.
#include "http1/parser.h"

#include <gtest/gtest.h>

#include <cctype>
#include <ostream>
#include <string>
#include <string_view>

#include "http1/test_support.h"

namespace connectrpc::http1 {
namespace {

using namespace std::string_literals;
using testing::Cuts;
using testing::print;

// All events as a text; bodies are joined.
std::string events(Parser& parser, std::string_view input, const Cuts& cuts, bool end, bool bodiless = false) {
  std::string text;
  bool in_body = false;
  const auto take = [&](Parser::Event event) {
    if (event == Parser::Event::need_more) return false;
    if (event != Parser::Event::body) {
      if (in_body) text += "> ";
      in_body = false;
    }
    switch (event) {
      case Parser::Event::need_more: break;
      case Parser::Event::head: {
        const MessageHead& head = parser.head();
        text += head.status != 0 ? std::to_string(head.status) + " "
                                 : head.method + " " + head.target + " at " + head.authority + " ";
        if (head.version == HttpVersion::http1_0) text += "1.0 ";
        text += print(head.headers);
        if (head.content_length) text += "length " + std::to_string(*head.content_length) + " ";
        if (head.chunked) text += "chunked ";
        if (!head.keep_alive) text += "closes ";
        if (head.expectation == Expectation::go_ahead) text += "expects ";
        return true;
      }
      case Parser::Event::body:
        if (!in_body) text += "<";
        in_body = true;
        text += parser.body();
        return true;
      case Parser::Event::complete:
        text += print(parser.trailers()) + ". ";
        parser.restart(bodiless);
        return true;
      case Parser::Event::failed:
        text += std::to_string(parser.fault().status) + ": " + parser.fault().text;
        return false;
    }
    return false;
  };
  parser.restart(bodiless);
  for (std::string_view piece : cuts(input)) {
    Parser::Event event;
    do event = parser.next(piece);
    while (take(event));
    if (event == Parser::Event::failed) return text;
  }
  if (end) take(parser.end());
  return text;
}

struct Case {
  std::string name;
  std::string input;
  std::string expected;
  bool end = false;
  bool bodiless = false;
};

std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

std::string printable(std::string name) {
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

class RequestTest : public ::testing::TestWithParam<Case> {};

TEST_P(RequestTest, IsTheSameHoweverCut) {
  for (const Cuts& cuts : Cuts::all()) {
    const auto parser = make_request_parser(1024);
    EXPECT_EQ(events(*parser, GetParam().input, cuts, GetParam().end), GetParam().expected) << cuts.name();
  }
}

const std::string post = "POST /a HTTP/1.1\r\nHost: h\r\n";

INSTANTIATE_TEST_SUITE_P(
    WellFormed, RequestTest,
    ::testing::Values(
        Case{"no body", "GET /a?b=c HTTP/1.1\r\nHost: acme.com:80\r\n\r\n", "GET /a?b=c at acme.com:80 . "},
        Case{"fields", "GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nB:2\r\na:\t 3 \t\r\nc:\r\n\r\n",
             "GET / at h a=1 b=2 a=3 c= . "},
        Case{"any bytes in a value", "GET / HTTP/1.1\r\nHost: h\r\nA: \x80\xff \"b\t\"\r\n\r\n",
             "GET / at h a=\x80\xff \"b\t\" . "},
        Case{"length", post + "Content-Length: 5\r\n\r\nhelloGET", "POST /a at h length 5 <hello> . "},
        Case{"length 0", post + "Content-Length: 0\r\n\r\n", "POST /a at h length 0 . "},
        Case{"same length twice", post + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nab",
             "POST /a at h length 2 <ab> . "},
        Case{"chunked", post + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n",
             "POST /a at h chunked <abc0123456789> . "},
        Case{"chunked in any case", post + "TRANSFER-ENCODING: Chunked\r\n\r\n0\r\n\r\n", "POST /a at h chunked . "},
        Case{"no chunks", post + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "POST /a at h chunked . "},
        Case{"chunk data that looks like lines",
             post + "Transfer-Encoding: chunked\r\n\r\n6\r\n\r\n0\r\n\r\r\n0\r\n\r\n",
             "POST /a at h chunked <\r\n0\r\n\r> . "},
        Case{"chunk size with zeros and letters",
             post + "Transfer-Encoding: chunked\r\n\r\n00b\r\n01234567890\r\n000\r\n\r\n",
             "POST /a at h chunked <01234567890> . "},
        Case{"chunk extensions", post + "Transfer-Encoding: chunked\r\n\r\n1;a=b;c=\"d;e\"\r\nx\r\n0;last\r\n\r\n",
             "POST /a at h chunked <x> . "},
        Case{"trailers",
             post + "Transfer-Encoding: chunked\r\nTrailer: t\r\n\r\n1\r\nx\r\n0\r\nT: 1\r\nt:  2 \r\nu:\r\n\r\n",
             "POST /a at h trailer=t chunked <x> t=1 t=2 u= . "},
        Case{"pipelined",
             "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n" + post + "Content-Length: 1\r\n\r\nx" +
                 "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n",
             "GET /1 at h . POST /a at h length 1 <x> . GET /2 at h . "},
        Case{"an empty line before", "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "GET / at h . "},
        Case{"HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "GET / at  1.0 closes . "},
        Case{"HTTP/1.0 keep-alive", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET / at  1.0 . "},
        Case{"HTTP/1.0 does not wait", "POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\nx",
             "POST / at  1.0 expect=100-continue length 1 closes <x> . "},
        Case{"close", post + "Connection: close\r\n\r\n", "POST /a at h closes . "},
        Case{"close among others", post + "Connection: keep-alive, , Close\r\n\r\n", "POST /a at h closes . "},
        Case{"hop by hop",
             post + "Keep-Alive: 5\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\nUpgrade: h2c\r\nHTTP2-Settings: "
                    "AAA\r\n"
                    "Connection: Upgrade, HTTP2-Settings, X-Mine\r\nx-mine: 1\r\nx-yours: 2\r\n\r\n",
             "POST /a at h x-yours=2 . "},
        Case{"expects", post + "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\nx",
             "POST /a at h expect=100-Continue length 1 expects <x> . "},
        Case{"absolute form", "GET http://Acme.com:8080/a/b?c HTTP/1.1\r\nHost: other\r\n\r\n",
             "GET /a/b?c at Acme.com:8080 . "},
        Case{"absolute form without path", "GET HTTPS://[::1]:5?x HTTP/1.1\r\nHost:\r\n\r\n", "GET /?x at [::1]:5 . "},
        Case{"asterisk", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "OPTIONS * at h . "},
        Case{"unknown method", "BREW-it!~ / HTTP/1.1\r\nHost: h\r\n\r\n", "BREW-it!~ / at h . "},
        Case{"empty host", "GET / HTTP/1.1\r\nHost: \r\n\r\n", "GET / at  . "}),
    [](const auto& tested) { return printable(tested.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Malformed, RequestTest,
    ::testing::Values(
        Case{"length and encoding", post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
             "400: Transfer-Encoding is repeated or stands beside Content-Length"},
        Case{"encoding and length", post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
             "400: Content-Length is not a number or stands beside Transfer-Encoding"},
        Case{"unknown encoding and length", post + "Transfer-Encoding: x\r\nContent-Length: 5\r\n\r\n",
             "400: the only Transfer-Encoding is chunked"},
        Case{"lengths differ", post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
             "400: the Content-Length fields differ"},
        Case{"lengths differ in form", post + "Content-Length: 5\r\nContent-Length: 05\r\n\r\n",
             "400: the Content-Length fields differ"},
        Case{"lengths in a list", post + "Content-Length: 5, 5\r\n\r\n", "400: Content-Length is not a number"},
        Case{"length with sign", post + "Content-Length: +5\r\n\r\n",
             "400: Content-Length is not a number or stands beside Transfer-Encoding"},
        Case{"negative length", post + "Content-Length: -5\r\n\r\n",
             "400: Content-Length is not a number or stands beside Transfer-Encoding"},
        Case{"hexadecimal length", post + "Content-Length: 0x5\r\n\r\n",
             "400: Content-Length is not a number or stands beside Transfer-Encoding"},
        Case{"empty length", post + "Content-Length:\r\n\r\n",
             "400: Content-Length is not a number or stands beside Transfer-Encoding"},
        Case{"length with a space", post + "Content-Length: 5 5\r\n\r\n",
             "400: Content-Length is not a number or stands beside Transfer-Encoding"},
        Case{"length too large", post + "Content-Length: 18446744073709551616\r\n\r\n",
             "400: Content-Length is not a number or stands beside Transfer-Encoding"},
        Case{"encoding not chunked", post + "Transfer-Encoding: gzip\r\n\r\n",
             "400: the only Transfer-Encoding is chunked"},
        Case{"encoding identity", post + "Transfer-Encoding: identity\r\n\r\n",
             "400: the only Transfer-Encoding is chunked"},
        Case{"encoding list", post + "Transfer-Encoding: gzip, chunked\r\n\r\n",
             "400: the only Transfer-Encoding is chunked"},
        Case{"chunked twice", post + "Transfer-Encoding: chunked, chunked\r\n\r\n",
             "400: the only Transfer-Encoding is chunked"},
        Case{"chunked twice in two", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
             "400: Transfer-Encoding is repeated or stands beside Content-Length"},
        Case{"chunked after another", post + "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n",
             "400: the only Transfer-Encoding is chunked"},
        Case{"chunked with a parameter", post + "Transfer-Encoding: chunked;a=b\r\n\r\n",
             "400: the only Transfer-Encoding is chunked"},
        Case{"chunked with vertical tab", post + "Transfer-Encoding: \vchunked\r\n\r\n",
             "400: there is a control character in the head"},
        Case{"empty encoding", post + "Transfer-Encoding:\r\n\r\n", "400: the only Transfer-Encoding is chunked"},
        Case{"encoding in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
             "400: HTTP/1.0 has no Transfer-Encoding"},
        Case{"bare LF after start line", "GET / HTTP/1.1\nHost: h\r\n\r\n", "400: a line ends in LF alone"},
        Case{"bare LF after field", "GET / HTTP/1.1\r\nHost: h\n\r\n", "400: a line ends in LF alone"},
        Case{"bare LF at end", "GET / HTTP/1.1\r\nHost: h\r\n\n", "400: a line ends in LF alone"},
        Case{"bare CR in start line", "GET /\r HTTP/1.1\r\nHost: h\r\n\r\n", "400: a line ends in CR alone"},
        Case{"bare CR in value", "GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n", "400: a line ends in CR alone"},
        Case{"bare CR at end", "GET / HTTP/1.1\r\nHost: h\r\n\rX", "400: a line ends in CR alone"},
        Case{"two CRs", "GET / HTTP/1.1\r\nHost: h\r\r\n\r\n", "400: a line ends in CR alone"},
        Case{"bare CR before", "\rGET / HTTP/1.1\r\nHost: h\r\n\r\n", "400: a line ends in CR alone"},
        Case{"bare LF before", "\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "400: a line ends in LF alone"},
        Case{"two empty lines before", "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "400: the method is not a token"},
        Case{"folded", post + "A: b\r\n c\r\n\r\n", "400: a line of the head begins with a blank"},
        Case{"folded with tab", post + "A: b\r\n\tc\r\n\r\n", "400: a line of the head begins with a blank"},
        Case{"blank before the first field", "GET / HTTP/1.1\r\n Host: h\r\n\r\n",
             "400: a line of the head begins with a blank"},
        Case{"no host", "GET / HTTP/1.1\r\n\r\n", "400: there is no Host field"},
        Case{"no host but URL", "GET http://h/ HTTP/1.1\r\n\r\n", "400: there is no Host field"},
        Case{"two hosts", "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", "400: there are two Host fields"},
        Case{"two hosts in 1.0", "GET / HTTP/1.0\r\nHost: h\r\nHost: i\r\n\r\n", "400: there are two Host fields"},
        Case{"host with path", "GET / HTTP/1.1\r\nHost: h/x\r\n\r\n",
             "400: the host has a character that hosts do not have"},
        Case{"host with user", "GET / HTTP/1.1\r\nHost: u@h\r\n\r\n",
             "400: the host has a character that hosts do not have"},
        Case{"host with space", "GET / HTTP/1.1\r\nHost: h i\r\n\r\n",
             "400: the host has a character that hosts do not have"},
        Case{"space before colon", "GET / HTTP/1.1\r\nHost : h\r\n\r\n",
             "400: a field name is not a token followed by a colon"},
        Case{"empty name", "GET / HTTP/1.1\r\n: h\r\n\r\n", "400: a field name is not a token followed by a colon"},
        Case{"no colon", "GET / HTTP/1.1\r\nHost\r\n\r\n", "400: a field name is not a token followed by a colon"},
        Case{"odd name", "GET / HTTP/1.1\r\nH(st: h\r\n\r\n", "400: a field name is not a token followed by a colon"},
        Case{"high byte in name", "GET / HTTP/1.1\r\nH\x80: h\r\n\r\n",
             "400: a field name is not a token followed by a colon"},
        Case{"NUL in value", post + "A: b\0c\r\n\r\n"s, "400: there is a control character in the head"},
        Case{"escape in value", post + "A: b\x1b\r\n\r\n", "400: there is a control character in the head"},
        Case{"delete in value", post + "A: b\x7f\r\n\r\n", "400: there is a control character in the head"},
        Case{"NUL in name", post + "A\0: b\r\n\r\n"s, "400: there is a control character in the head"},
        Case{"TLS hello", "\x16\x03\x01\x02\0\x01"s, "400: there is a control character in the head"},
        Case{"bad method", "GE(T / HTTP/1.1\r\nHost: h\r\n\r\n", "400: the method is not a token"},
        Case{"no method", " / HTTP/1.1\r\nHost: h\r\n\r\n", "400: the method is not a token"},
        Case{"no target", "GET  HTTP/1.1\r\nHost: h\r\n\r\n",
             "400: the request target is empty or has a space or control character"},
        Case{"target with space", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n",
             "400: the start line has no valid HTTP version"},
        Case{"target with tab", "GET /a\tb HTTP/1.1\r\nHost: h\r\n\r\n",
             "400: the request target is empty or has a space or control character"},
        Case{"relative target", "GET a HTTP/1.1\r\nHost: h\r\n\r\n",
             "400: the request target is neither a path nor an http URL"},
        Case{"other URL", "GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n",
             "400: the request target is neither a path nor an http URL"},
        Case{"URL without host", "GET http:///a HTTP/1.1\r\nHost: h\r\n\r\n", "400: the request target has no host"},
        Case{"URL with user", "GET http://u@h/a HTTP/1.1\r\nHost: h\r\n\r\n",
             "400: the host has a character that hosts do not have"},
        Case{"asterisk with GET", "GET * HTTP/1.1\r\nHost: h\r\n\r\n", "400: the target \"*\" is for OPTIONS only"},
        Case{"connect", "CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n", "501: this server makes no tunnels"},
        Case{"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
             "505: only HTTP/1.0 and HTTP/1.1 are understood in this form"},
        Case{"HTTP/1.2", "GET / HTTP/1.2\r\n", "505: only HTTP/1.0 and HTTP/1.1 are understood in this form"},
        Case{"HTTP/0.9", "GET /\r\n", "400: the request target is empty or has a space or control character"},
        Case{"HTTP/1", "GET / HTTP/1\r\n", "400: the start line has no valid HTTP version"},
        Case{"HTTP/11", "GET / HTTP/11.1\r\n", "400: the start line has no valid HTTP version"},
        Case{"lower-case http", "GET / http/1.1\r\n", "400: the start line has no valid HTTP version"},
        Case{"space after version", "GET / HTTP/1.1 \r\n", "400: the start line has no valid HTTP version"},
        Case{"no sense", "hello\r\n", "400: the method is not a token"},
        Case{"expectation", post + "Expect: gold\r\n\r\n", "417: the only expectation is 100-continue"},
        Case{"connection list", post + "Connection: a b\r\n\r\n", "400: the value of a field has the wrong form"},
        Case{"connection names many",
             post + "Connection: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,aa,ab,ac,ad,ae,af,ag\r\n\r\n",
             "400: Connection names too many fields"},
        Case{"long target", "GET /" + std::string(1100, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n",
             "414: the start line exceeds the limit of 1024 bytes"},
        Case{"long target without end", "GET /" + std::string(1100, 'a'),
             "414: the start line exceeds the limit of 1024 bytes"},
        Case{"long value", post + "A: " + std::string(1100, 'a'),
             "431: the header fields exceed the limit of 1024 bytes (option header_list_limit)"},
        Case{"long head", post + "A: " + std::string(400, 'a') + "\r\nB: " + std::string(560, 'a') + "\r\n\r\n",
             "431: the header fields exceed the limit of 1024 bytes (option header_list_limit)"},
        Case{"many fields",
             [] {
               std::string input = post;
               for (int i = 0; i < 40; ++i) input += "a:\r\n";
               return input + "\r\n";
             }(),
             "431: the header fields exceed the limit of 1024 bytes (option header_list_limit)"}),
    [](const auto& tested) { return printable(tested.param.name); });

const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
const std::string chunked_head = "POST /a at h chunked ";

INSTANTIATE_TEST_SUITE_P(
    BadBody, RequestTest,
    ::testing::Values(
        Case{"no size", chunked + "\r\nabc\r\n", chunked_head + "400: a chunk does not begin with a hexadecimal size"},
        Case{"size not hexadecimal", chunked + "g\r\n",
             chunked_head + "400: a chunk does not begin with a hexadecimal size"},
        Case{"size with prefix", chunked + "0x1\r\na\r\n", chunked_head + "400: a chunk extension has the wrong form"},
        Case{"negative size", chunked + "-1\r\n", chunked_head + "400: a chunk does not begin with a hexadecimal size"},
        Case{"size too large", chunked + "10000000000000000\r\n",
             chunked_head + "400: a chunk does not begin with a hexadecimal size"},
        Case{"size after a space", chunked + " 1\r\na\r\n",
             chunked_head + "400: a chunk does not begin with a hexadecimal size"},
        Case{"space after size", chunked + "1 \r\na\r\n", chunked_head + "400: a chunk extension has the wrong form"},
        Case{"size with bare LF", chunked + "1\na\r\n", chunked_head + "400: a line ends in LF alone"},
        Case{"size with bare CR", chunked + "1\ra\r\n", chunked_head + "400: a line ends in CR alone"},
        Case{"LF in an extension", chunked + "1;a=\"\n\"\r\nx\r\n", chunked_head + "400: a line ends in LF alone"},
        Case{"bad extension", chunked + "1;=b\r\na\r\n", chunked_head + "400: a chunk extension has the wrong form"},
        Case{"open quotes in an extension", chunked + "1;a=\"b\r\n\"\r\n",
             chunked_head + "400: a chunk extension has the wrong form"},
        Case{"open quotes in the last extension", chunked + "0;a=\"b\r\n\r\n\"\r\n\r\n",
             chunked_head + "400: a chunk extension has the wrong form"},
        Case{"long extension", chunked + "1;" + std::string(1100, 'a') + "\r\na\r\n",
             chunked_head + "400: a chunk extension exceeds 1024 bytes"},
        Case{"chunk too long", chunked + "1\r\nab\r\n", chunked_head + "<a> 400: a chunk is longer than its size says"},
        Case{"chunk ends in LF", chunked + "1\r\na\n0\r\n\r\n",
             chunked_head + "<a> 400: a chunk is longer than its size says"},
        Case{"chunk ends in CR", chunked + "1\r\na\r0\r\n\r\n",
             chunked_head + "<a> 400: a chunk is longer than its size says"},
        Case{"length in trailers", chunked + "0\r\nContent-Length: 3\r\n\r\n",
             chunked_head + "400: Content-Length is not a number or stands beside Transfer-Encoding"},
        Case{"encoding in trailers", chunked + "0\r\nTransfer-Encoding: chunked\r\n\r\n",
             chunked_head + "400: Transfer-Encoding is repeated or stands beside Content-Length"},
        Case{"host in trailers", chunked + "0\r\nHost: i\r\n\r\n",
             chunked_head + "400: the trailers have a field that belongs into the head"},
        Case{"folded trailer", chunked + "0\r\nA: b\r\n c\r\n\r\n",
             chunked_head + "400: a line of the head begins with a blank"},
        Case{"trailer without colon", chunked + "0\r\nA\r\n\r\n",
             chunked_head + "400: a field name is not a token followed by a colon"},
        Case{"trailer with bare LF", chunked + "0\r\nA: b\n\r\n", chunked_head + "400: a line ends in LF alone"},
        Case{"long trailers", chunked + "0\r\nA: " + std::string(1100, 'a'),
             chunked_head + "431: the header fields exceed the limit of 1024 bytes (option header_list_limit)"},
        Case{"many trailers",
             [] {
               std::string input = chunked + "0\r\n";
               for (int i = 0; i < 40; ++i) input += "a:\r\n";
               return input + "\r\n";
             }(),
             chunked_head + "431: the header fields exceed the limit of 1024 bytes (option header_list_limit)"}),
    [](const auto& tested) { return printable(tested.param.name); });

INSTANTIATE_TEST_SUITE_P(
    CutShort, RequestTest,
    ::testing::Values(
        Case{"nothing", "", "400: it ended in the middle of the head", true},
        Case{"start line", "GET /", "400: it ended in the middle of the head", true},
        Case{"fields", post, "400: it ended in the middle of the head", true},
        Case{"body", post + "Content-Length: 5\r\n\r\nab",
             "POST /a at h length 5 <ab> 400: it ended 3 bytes before the end of a body of 5", true},
        Case{"chunk", chunked + "5\r\nab", chunked_head + "<ab> 400: it ended in the middle of a chunked body", true},
        Case{"last chunk", chunked + "0\r\n", chunked_head + "400: it ended in the middle of a chunked body", true}),
    [](const auto& tested) { return printable(tested.param.name); });

class ResponseTest : public ::testing::TestWithParam<Case> {};

TEST_P(ResponseTest, IsTheSameHoweverCut) {
  for (const Cuts& cuts : Cuts::all()) {
    const auto parser = make_response_parser(1024);
    EXPECT_EQ(events(*parser, GetParam().input, cuts, GetParam().end, GetParam().bodiless), GetParam().expected)
        << cuts.name();
  }
}

INSTANTIATE_TEST_SUITE_P(
    WellFormed, ResponseTest,
    ::testing::Values(
        Case{"length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: b\r\n\r\nhi", "200 a=b length 2 <hi> . "},
        Case{"to the end", "HTTP/1.1 200 OK\r\n\r\nhi", "200 <hi> . ", true},
        Case{"empty to the end", "HTTP/1.1 200 OK\r\n\r\n", "200 . ", true},
        Case{"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nt: u\r\n\r\n",
             "200 chunked <hi> t=u . "},
        Case{"no reason", "HTTP/1.1 204 \r\n\r\n", "204 . "},
        Case{"no space before no reason", "HTTP/1.1 204\r\n\r\n", "204 . "},
        Case{"odd reason", "HTTP/1.1 299 \xc3\xa4\t!\r\nContent-Length: 0\r\n\r\n", "299 length 0 . "},
        Case{"odd status", "HTTP/1.1 800 x\r\nContent-Length: 0\r\n\r\n", "800 length 0 . "},
        Case{"interim", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
             "100 . 200 length 0 . "},
        Case{"not modified", "HTTP/1.1 304 x\r\nContent-Length: 7\r\n\r\n", "304 length 7 . "},
        Case{"answer to HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", "200 length 7 . ", false, true},
        Case{"HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nhi", "200 1.0 closes <hi> . ", true},
        Case{"HTTP/1.0 keep-alive", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx",
             "200 1.0 length 1 <x> . "},
        Case{"close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", "200 length 0 closes . "}),
    [](const auto& tested) { return printable(tested.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Malformed, ResponseTest,
    ::testing::Values(
        Case{"HTTP/2 settings", "\0\0\x12\x04\0\0\0\0\0"s,
             "400: it is an HTTP/2 frame: the server speaks HTTP/2 on this port, HTTP/1.1 was spoken to it"},
        Case{"HTTP/2 goaway", "\0\0\x08\x07\0\0\0\0\0"s,
             "400: it is an HTTP/2 frame: the server speaks HTTP/2 on this port, HTTP/1.1 was spoken to it"},
        Case{"TLS alert", "\x15\x03\x01"s, "400: it is a TLS alert: the server wants TLS (https) on this port"},
        Case{"status of two digits", "HTTP/1.1 20 OK\r\n\r\n", "400: the status is not a number of three digits"},
        Case{"status of four digits", "HTTP/1.1 2000 OK\r\n\r\n", "400: the status is not a number of three digits"},
        Case{"no status", "HTTP/1.1\r\n\r\n", "400: the start line has no valid HTTP version"},
        Case{"bare LF", "HTTP/1.1 200 OK\n\n", "400: a line ends in LF alone"},
        Case{"length and encoding", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
             "400: Transfer-Encoding is repeated or stands beside Content-Length"},
        Case{"encoding not chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
             "400: the only Transfer-Encoding is chunked"},
        Case{"encoding in 1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
             "400: HTTP/1.0 has no Transfer-Encoding"},
        Case{"long head", "HTTP/1.1 200 OK\r\na: " + std::string(2000, 'a'),
             "431: the header fields exceed the limit of 1024 bytes (option header_list_limit)"}),
    [](const auto& tested) { return printable(tested.param.name); });

TEST(ResponseParser, ShowsWhatCameInstead) {
  const auto parser = make_response_parser(1024);
  EXPECT_EQ(events(*parser, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", Cuts::all()[0], false),
            "400: it begins with \"SSH-2.0-OpenSSH_9.2p1 De\" where \"HTTP/1.1\" was expected");
  EXPECT_EQ(events(*parser, "\r\nHTTP/1.1 200 OK\r\n\r\n", Cuts::all()[1], false),
            "400: it begins with \"\\x0d\" where \"HTTP/1.1\" was expected");
}

TEST(RequestParser, LimitIsExact) {
  // "/" is 1, "host: h" 4 + 1 + 32, the last field 1 + 32 and its value.
  const std::string head = "GET / HTTP/1.1\r\nHost: h\r\na: ";
  const std::size_t rest = 1024 - 1 - 37 - 33;
  for (const Cuts& cuts : Cuts::all()) {
    auto parser = make_request_parser(1024);
    EXPECT_TRUE(events(*parser, head + std::string(rest, 'x') + "\r\n\r\n", cuts, false).starts_with("GET"));
    parser = make_request_parser(1024);
    EXPECT_TRUE(events(*parser, head + std::string(rest + 1, 'x') + "\r\n\r\n", cuts, false).starts_with("431"));
  }
}

TEST(RequestParser, TellsWhatIsLeftOfABody) {
  const auto parser = make_request_parser(1024);
  const std::string text = post + "Content-Length: 10\r\n\r\nabc";
  std::string_view input = text;
  EXPECT_FALSE(parser->begun());
  EXPECT_EQ(parser->next(input), Parser::Event::head);
  EXPECT_TRUE(parser->begun());
  EXPECT_EQ(parser->rest(), 10U);
  EXPECT_EQ(parser->next(input), Parser::Event::body);
  EXPECT_EQ(parser->rest(), 7U);
}

TEST(RequestParser, HugeLimitIsHarmless) {
  const auto parser = make_request_parser(testing::no_limit);
  EXPECT_EQ(events(*parser, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", Cuts::all()[0], false), "GET / at h . ");
}

}  // namespace
}  // namespace connectrpc::http1
