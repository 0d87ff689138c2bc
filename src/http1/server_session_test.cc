// The server's session on bytes: answers, order, refusals, back-pressure, and every way to end.
#include "http1/server_session.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "connectrpc/detail/headers_access.h"
#include "http1/test_support.h"

namespace connectrpc::http1 {
namespace {

using http::ResetReason;
using testing::converse;
using testing::Cuts;
using testing::head_of;
using testing::Keeper;
using testing::print;
using testing::WakeCounter;

const std::string get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

std::string post(std::string_view body) {
  return "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

class ServerSessionTest : public ::testing::Test {
 protected:
  ServerSessionTest() { make(); }

  void make() {
    session = make_server_session(handler, limits, Peer::ipv4("1.2.3.4", 5), "http");
    session->set_wakeup(&wakeup);
  }
  std::string produce(std::size_t limit = testing::no_limit) { return testing::produce(*session, limit); }
  // Answers all at once.
  static void answer(http::ServerExchange& exchange, std::string body, int status = 200) {
    exchange.send_head(head_of(status), false);
    exchange.send_body(std::move(body));
    exchange.finish();
  }
  // Answers when the request is complete, with what it was.
  void echo() {
    handler.when_request = [](Keeper::Kept& kept) {
      auto* const exchange = kept.exchange.get();
      kept.listener->when_inbound = [exchange] { echo_if_complete(*exchange); };
      echo_if_complete(*exchange);
    };
  }
  static void echo_if_complete(http::ServerExchange& exchange) {
    if (!exchange.inbound_ended() || exchange.head_sent()) return;
    const http::RequestHead& request = exchange.request();
    answer(exchange, request.method + " " + request.target + " " + print(request.headers) + "<" + exchange.take_body() +
                         "> " + print(exchange.trailers()));
  }

  http::SessionLimits limits;
  Keeper handler;
  WakeCounter wakeup;
  std::unique_ptr<ServerSession> session;
};

TEST_F(ServerSessionTest, AnswersInOneWrite) {
  handler.when_request = [](Keeper::Kept& kept) {
    http::ServerExchange& exchange = *kept.exchange;
    EXPECT_EQ(exchange.request().method, "POST");
    EXPECT_EQ(exchange.request().target, "/p?q");
    EXPECT_EQ(exchange.request().path(), "/p");
    EXPECT_EQ(exchange.request().scheme, "http");
    EXPECT_EQ(exchange.request().authority, "h:1");
    EXPECT_EQ(exchange.request().version, HttpVersion::http1_1);
    EXPECT_EQ(print(exchange.request().headers), "a=b ");
    EXPECT_EQ(exchange.announced_length(), 2U);
    EXPECT_EQ(exchange.body(), "hi");
    EXPECT_TRUE(exchange.inbound_ended());
    EXPECT_EQ(exchange.peer().to_string(), "1.2.3.4:5");
    exchange.send_head(head_of(200, {{"x", "y"}}), false);
    EXPECT_TRUE(exchange.head_sent());
    exchange.send_body("hello ");
    exchange.send_body("");
    exchange.send_body("you");
    EXPECT_EQ(exchange.unsent(), 9U);
    exchange.finish();
    EXPECT_TRUE(exchange.finished());
  };
  session->receive("POST /p?q HTTP/1.1\r\nHost: h:1\r\nA: b\r\nContent-Length: 2\r\n\r\nhi");
  ASSERT_EQ(handler.size(), 1U);
  EXPECT_EQ(handler.kept[0].listener->inbound, 0);
  EXPECT_EQ(session->active(), 1U);
  EXPECT_EQ(produce(), "HTTP/1.1 200 OK\r\nx: y\r\ncontent-length: 9\r\n\r\nhello you");
  EXPECT_EQ(produce(), "");
  EXPECT_EQ(handler[0].unsent(), 0U);
  EXPECT_EQ(session->active(), 0U);
  EXPECT_TRUE(session->wants_read());
  EXPECT_FALSE(session->wants_close());
}

TEST_F(ServerSessionTest, PipelinedRequestsGetTheSameAnswersHoweverCut) {
  const std::string input = get + post("body") +
                            "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "3\r\nabc\r\n2\r\nde\r\n0\r\nT: u\r\n\r\n\r\n" +
                            get + post(std::string(5000, 'z')) +
                            "OPTIONS * HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" + get;
  const auto reply = [](std::string_view body, std::string_view more = "") {
    return "HTTP/1.1 200 OK\r\ncontent-length: " + std::to_string(body.size()) + "\r\n" + std::string(more) + "\r\n" +
           std::string(body);
  };
  const std::string expected = reply("GET /a <> ") + reply("POST /p <body> ") + reply("POST /c <abcde> t=u ") +
                               reply("GET /a <> ") + reply("POST /p <" + std::string(5000, 'z') + "> ") +
                               reply("OPTIONS * <> ", "connection: close\r\n");
  echo();
  for (const Cuts& cuts : Cuts::all()) {
    make();
    EXPECT_EQ(converse(*session, input, cuts), expected) << cuts.name();
    EXPECT_TRUE(session->wants_close());
    EXPECT_FALSE(session->wants_read());
  }
}

TEST_F(ServerSessionTest, BodyInPieces) {
  session->receive("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n");
  ASSERT_EQ(handler.size(), 1U);
  EXPECT_EQ(handler[0].body(), "");
  EXPECT_FALSE(handler[0].inbound_ended());
  session->receive("ab");
  session->receive("cd");
  EXPECT_EQ(handler.kept[0].listener->inbound, 2);
  EXPECT_EQ(handler[0].body(), "abcd");
  handler[0].consume(3);
  session->receive("ef");
  EXPECT_EQ(handler[0].take_body(), "def");
  EXPECT_TRUE(handler[0].inbound_ended());
  EXPECT_EQ(handler.kept[0].listener->inbound, 3);
}

TEST_F(ServerSessionTest, PipelinedRequestsWaitForTheirTurn) {
  session->receive(get + post("2") + post("3"));
  ASSERT_EQ(handler.size(), 1U);
  EXPECT_EQ(produce(), "");
  answer(handler[0], "one");
  EXPECT_EQ(produce(), "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\none");
  ASSERT_EQ(handler.size(), 2U);
  session->receive(post("4"));
  // The third's answer is ready as soon as it is asked for; the second's comes before it all the same.
  handler.when_request = [](Keeper::Kept& kept) { answer(*kept.exchange, kept.exchange->take_body()); };
  EXPECT_EQ(produce(), "");
  answer(handler[1], handler[1].take_body());
  EXPECT_EQ(produce(),
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n2HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n3"
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n4");
  EXPECT_EQ(handler.size(), 4U);
}

TEST_F(ServerSessionTest, ReadingStopsWhileTooMuchIsHeldBack) {
  session->receive(get);
  EXPECT_TRUE(session->wants_read());
  session->receive(post(std::string(20000, 'x')));
  EXPECT_FALSE(session->wants_read());
  answer(handler[0], "");
  produce();
  EXPECT_TRUE(session->wants_read());
  ASSERT_EQ(handler.size(), 2U);
  EXPECT_EQ(handler[1].body().size(), 20000U);
}

TEST_F(ServerSessionTest, OutputStopsAtTheLimitAndGoesOn) {
  echo();
  session->receive(post(std::string(100, 'a')) + get + get);
  std::string out;
  int turns = 0;
  for (std::string part; !(part = produce(50)).empty(); ++turns) {
    EXPECT_LT(part.size(), 150U);
    out += part;
  }
  EXPECT_GT(turns, 2);
  EXPECT_EQ(handler.size(), 3U);
  EXPECT_TRUE(out.ends_with("\r\n\r\nGET /a <> "));
}

TEST_F(ServerSessionTest, StreamedAnswerIsChunked) {
  session->receive(get);
  handler[0].send_head(head_of(200), false);
  EXPECT_EQ(produce(), "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
  EXPECT_EQ(produce(), "");
  const int before = wakeup.count;
  handler[0].send_body("0123456789");
  handler[0].send_body("abcdefg");
  EXPECT_GT(wakeup.count, before);
  EXPECT_EQ(produce(), "11\r\n0123456789abcdefg\r\n");
  handler[0].send_body("x");
  handler[0].finish({{"cost", "3ms"}, {"cost", "4ms"}});
  EXPECT_EQ(produce(), "1\r\nx\r\n0\r\ncost: 3ms\r\ncost: 4ms\r\n\r\n");
  EXPECT_EQ(session->active(), 0U);
}

TEST_F(ServerSessionTest, TrailersThatAreKnownAreAnnounced) {
  session->receive(get);
  handler[0].send_head(head_of(200), false);
  handler[0].send_body("x");
  handler[0].finish({{"a", "1"}, {"b", "2"}});
  EXPECT_EQ(
      produce(),
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: a, b\r\n\r\n1\r\nx\r\n0\r\na: 1\r\nb: 2\r\n\r\n");
}

TEST_F(ServerSessionTest, HeadThatEnds) {
  session->receive(get);
  handler[0].send_head(head_of(404), true);
  EXPECT_TRUE(handler[0].finished());
  EXPECT_EQ(produce(), "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
}

TEST_F(ServerSessionTest, AnswersWithoutABody) {
  handler.when_request = [](Keeper::Kept& kept) {
    const std::string& target = kept.exchange->request().target;
    answer(*kept.exchange, "body", std::stoi(target.substr(1)));
    EXPECT_EQ(kept.exchange->unsent(), kept.exchange->request().method == "HEAD" ? 0U : 4U);
  };
  session->receive(
      "HEAD /200 HTTP/1.1\r\nHost: h\r\n\r\nGET /204 HTTP/1.1\r\nHost: h\r\n\r\nGET /304 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(
      produce(),
      "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nHTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 304 Not Modified\r\n\r\n");
}

TEST_F(ServerSessionTest, HeadAnswerOfUnknownLength) {
  session->receive("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  handler[0].send_head(head_of(200), false);
  EXPECT_EQ(produce(), "HTTP/1.1 200 OK\r\n\r\n");
  handler[0].send_body("x");
  handler[0].finish({{"t", "u"}});
  EXPECT_EQ(produce(), "");
  EXPECT_EQ(session->active(), 0U);
}

TEST_F(ServerSessionTest, Http10IsEndedByTheConnection) {
  session->receive("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(handler[0].request().version, HttpVersion::http1_0);
  EXPECT_EQ(handler[0].request().authority, "");
  handler[0].send_head(head_of(200), false);
  handler[0].send_body("ab");
  EXPECT_EQ(produce(), "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nab");
  EXPECT_FALSE(session->wants_close());
  handler[0].send_body("cd");
  handler[0].finish({{"t", "u"}});
  EXPECT_EQ(produce(), "cd");
  EXPECT_TRUE(session->wants_close());
}

TEST_F(ServerSessionTest, Http10KeepAlive) {
  echo();
  session->receive("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(produce(), "HTTP/1.1 200 OK\r\ncontent-length: 9\r\nconnection: keep-alive\r\n\r\nGET / <> ");
  EXPECT_FALSE(session->wants_close());
  session->receive("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(produce(), "HTTP/1.1 200 OK\r\ncontent-length: 9\r\nconnection: close\r\n\r\nGET / <> ");
  EXPECT_TRUE(session->wants_close());
}

TEST_F(ServerSessionTest, HandlerMayCloseTheConnection) {
  handler.when_request = [](Keeper::Kept& kept) {
    http::ResponseHead head;
    detail::HeadersAccess::append(head.headers, "connection", "close");
    kept.exchange->send_head(std::move(head), true);
  };
  session->receive(get + get);
  EXPECT_EQ(produce(), "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
  EXPECT_TRUE(session->wants_close());
}

TEST_F(ServerSessionTest, NothingGoesOutAsALineOfItsOwn) {
  session->receive(get);
  http::ResponseHead head;
  detail::HeadersAccess::append(head.headers, "a", "b\r\nevil: 1\0\x7f");
  detail::HeadersAccess::append(head.headers, "c: d\r\nevil", "1");
  detail::HeadersAccess::append(head.headers, "transfer-encoding", "gzip");
  detail::HeadersAccess::append(head.headers, "e", "\tf\x80");
  handler[0].send_head(std::move(head), true);
  EXPECT_EQ(produce(), "HTTP/1.1 200 OK\r\na: b  evil: 1\r\ne: \tf\x80\r\ncontent-length: 0\r\n\r\n");
}

TEST_F(ServerSessionTest, WhatWasCheckedIsWrittenAsItIs) {
  session->receive(get);
  http::ResponseHead head;
  head.headers = Headers{{"short", "1"}, {"empty", ""}, {"longer-than-sixteen-letters", std::string(100, 'v')}};
  detail::HeadersAccess::append_own(head.headers, "content-type", "application/proto");
  detail::HeadersAccess::append_own(head.headers, "connection", "keep-alive");
  ASSERT_TRUE(detail::HeadersAccess::all_writable(head.headers));
  handler[0].send_head(std::move(head), true);
  EXPECT_EQ(produce(), "HTTP/1.1 200 OK\r\nshort: 1\r\nempty: \r\nlonger-than-sixteen-letters: " +
                           std::string(100, 'v') + "\r\ncontent-type: application/proto\r\ncontent-length: 0\r\n\r\n");
}

TEST_F(ServerSessionTest, OneUncheckedPairHasAllLookedAt) {
  session->receive(get);
  http::ResponseHead head;
  head.headers = Headers{{"a", "1"}};
  detail::HeadersAccess::append_own(head.headers, "b", "2\r\nevil: 1");
  detail::HeadersAccess::append_own(head.headers, "c", "3");
  handler[0].send_head(std::move(head), true);
  EXPECT_EQ(produce(), "HTTP/1.1 200 OK\r\na: 1\r\nb: 2  evil: 1\r\nc: 3\r\ncontent-length: 0\r\n\r\n");
}

TEST_F(ServerSessionTest, InterimStatusIsNoAnswer) {
  session->receive(get);
  handler[0].send_head(head_of(103), true);
  EXPECT_EQ(produce(), "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n");
}

// --- content-length set by the handler

class AnnouncedTest : public ServerSessionTest {
 protected:
  AnnouncedTest() {
    session->receive(get);
    http::ResponseHead head;
    detail::HeadersAccess::append(head.headers, "content-length", "4");
    handler[0].send_head(std::move(head), false);
  }
  const std::string head_text = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n";
};

TEST_F(AnnouncedTest, IsKept) {
  EXPECT_EQ(produce(), head_text);
  handler[0].send_body("ab");
  EXPECT_EQ(produce(), "ab");
  handler[0].send_body("cd");
  handler[0].finish();
  EXPECT_EQ(produce(), "cd");
  EXPECT_FALSE(session->wants_close());
}

TEST_F(AnnouncedTest, IsCorrectedIfItCanBe) {
  handler[0].send_body("abc");
  handler[0].finish();
  EXPECT_EQ(produce(), "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc");
}

TEST_F(AnnouncedTest, TooShortEndsTheConnection) {
  EXPECT_EQ(produce(), head_text);
  handler[0].send_body("abc");
  handler[0].finish();
  EXPECT_EQ(produce(), "abc");
  EXPECT_TRUE(session->wants_close());
  EXPECT_EQ(handler[0].reset()->reason, ResetReason::internal_error);
  EXPECT_EQ(handler.kept[0].listener->inbound, 1);
}

TEST_F(AnnouncedTest, TooLongEndsTheConnection) {
  EXPECT_EQ(produce(), head_text);
  handler[0].send_body("abcde");
  EXPECT_EQ(produce(), "abcd");
  EXPECT_TRUE(session->wants_close());
  EXPECT_EQ(handler[0].reset()->reason, ResetReason::internal_error);
}

// --- 100-continue

const std::string expecting = "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";

TEST_F(ServerSessionTest, ContinuesWhenTheBodyIsWaitedFor) {
  session->receive(expecting);
  EXPECT_EQ(produce(), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(produce(), "");
  session->receive("hi");
  answer(handler[0], "ok");
  EXPECT_EQ(produce(), "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
  EXPECT_FALSE(session->wants_close());
}

TEST_F(ServerSessionTest, ContinuesBeforeAHeadThatWasSentEarly) {
  handler.when_request = [](Keeper::Kept& kept) { kept.exchange->send_head(head_of(200), false); };
  session->receive(expecting);
  EXPECT_EQ(produce(), "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
}

TEST_F(ServerSessionTest, DoesNotContinueWhatIsHereAlready) {
  session->receive(expecting + "h");
  EXPECT_EQ(produce(), "");
  session->receive("i");
  EXPECT_EQ(produce(), "");
}

TEST_F(ServerSessionTest, DoesNotContinueWhatIsRefused) {
  handler.when_request = [](Keeper::Kept& kept) { answer(*kept.exchange, "no", 413); };
  session->receive(expecting);
  EXPECT_EQ(produce(), "HTTP/1.1 413 Content Too Large\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno");
}

TEST_F(ServerSessionTest, DoesNotContinueAnExchangeThatWasDropped) {
  handler.when_request = [](Keeper::Kept& kept) {
    answer(*kept.exchange, "no", 413);
    kept.exchange.reset();
  };
  session->receive(expecting);
  EXPECT_EQ(produce(), "HTTP/1.1 413 Content Too Large\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno");
  EXPECT_TRUE(session->wants_close());
}

TEST_F(ServerSessionTest, RefusesOtherExpectations) {
  session->receive("GET / HTTP/1.1\r\nHost: h\r\nExpect: gold\r\n\r\n");
  EXPECT_TRUE(produce().starts_with("HTTP/1.1 417 Expectation Failed\r\n"));
  EXPECT_TRUE(session->wants_close());
  EXPECT_EQ(handler.size(), 0U);
}

// --- malformed requests

std::string refusal(std::string_view status, std::string_view text) {
  return "HTTP/1.1 " + std::string(status) +
         "\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: " + std::to_string(text.size() + 1) +
         "\r\nconnection: close\r\n\r\n" + std::string(text) + "\n";
}

TEST_F(ServerSessionTest, RefusesMalformedRequestsWhateverCameBefore) {
  struct {
    std::string bad, status, text;
  } const cases[] = {
      {"GET / HTTP/1.1\r\n\r\n", "400 Bad Request", "there is no Host field"},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "400 Bad Request",
       "Transfer-Encoding is repeated or stands beside Content-Length"},
      {"GET /" + std::string(70000, 'a'), "414 URI Too Long", "the start line exceeds the limit of 65536 bytes"},
      {"GET / HTTP/1.1\r\na: " + std::string(70000, 'a'), "431 Request Header Fields Too Large",
       "the header fields exceed the limit of 65536 bytes (option header_list_limit)"},
      {"CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n", "501 Not Implemented", "this server makes no tunnels"},
      {"GET / HTTP/3.0\r\n", "505 HTTP Version Not Supported",
       "only HTTP/1.0 and HTTP/1.1 are understood in this form"},
  };
  echo();
  for (const auto& tested : cases) {
    for (const Cuts& cuts : Cuts::all()) {
      make();
      handler.kept.clear();
      EXPECT_EQ(converse(*session, get + tested.bad + get, cuts),
                "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nGET /a <> " + refusal(tested.status, tested.text));
      EXPECT_EQ(handler.size(), 1U);
      EXPECT_TRUE(session->wants_close());
      EXPECT_FALSE(session->wants_read());
      session->receive(get);
      EXPECT_EQ(produce(), "");
    }
  }
}

TEST_F(ServerSessionTest, RefusalIsWrittenBeforeTheConnectionCloses) {
  session->receive("nonsense\r\n");
  EXPECT_FALSE(session->wants_close());
  EXPECT_FALSE(session->wants_read());
  EXPECT_EQ(produce(), refusal("400 Bad Request", "the method is not a token"));
  EXPECT_TRUE(session->wants_close());
}

const std::string chunked = "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST_F(ServerSessionTest, BrokenBodyInTheFirstBatchReachesNoHandler) {
  session->receive(chunked + "1\r\nab");
  EXPECT_EQ(handler.size(), 0U);
  EXPECT_EQ(produce(), refusal("400 Bad Request", "a chunk is longer than its size says"));
  EXPECT_TRUE(session->wants_close());
}

TEST_F(ServerSessionTest, BrokenBodyResetsTheExchange) {
  session->receive(chunked + "1\r\na\r\n");
  session->receive("x\r\n");
  EXPECT_EQ(handler.kept[0].listener->inbound, 1);
  EXPECT_EQ(handler[0].reset()->reason, ResetReason::protocol_error);
  EXPECT_EQ(handler[0].reset()->text, "the request is malformed: a chunk does not begin with a hexadecimal size");
  EXPECT_EQ(handler[0].body(), "a");
  answer(handler[0], "too late");
  EXPECT_EQ(produce(), refusal("400 Bad Request", "a chunk does not begin with a hexadecimal size"));
  EXPECT_TRUE(session->wants_close());
}

TEST_F(ServerSessionTest, BrokenBodyCutsAnAnswerThatHasBegun) {
  session->receive(chunked);
  handler[0].send_head(head_of(200), false);
  produce();
  handler[0].send_body("lost");
  session->receive("x\r\n");
  EXPECT_EQ(handler[0].reset()->reason, ResetReason::protocol_error);
  EXPECT_EQ(produce(), "");
  EXPECT_TRUE(session->wants_close());
}

TEST_F(ServerSessionTest, BrokenBodyReplacesAnAnswerThatHasNotLeft) {
  session->receive(chunked);
  handler[0].send_head(head_of(200), false);
  session->receive("x\r\n");
  EXPECT_EQ(produce(), refusal("400 Bad Request", "a chunk does not begin with a hexadecimal size"));
}

TEST_F(ServerSessionTest, BrokenBodyLeavesAWholeAnswer) {
  session->receive(chunked);
  answer(handler[0], "whole");
  session->receive("x\r\n");
  EXPECT_EQ(produce(), "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nwhole");
  EXPECT_TRUE(session->wants_close());
  EXPECT_EQ(handler[0].reset()->reason, ResetReason::protocol_error);
}

// --- early answers

std::string long_post(std::size_t length) {
  return "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
}

enum class Left { by_abort, by_drop };

class EarlyAnswerTest : public ServerSessionTest, public ::testing::WithParamInterface<Left> {
 protected:
  void leave(std::size_t i) {
    if (GetParam() == Left::by_drop) {
      handler.kept[i].exchange.reset();
    } else {
      handler[i].abort(ResetReason::no_error);
      EXPECT_EQ(handler[i].reset()->reason, ResetReason::no_error);
    }
  }
};
INSTANTIATE_TEST_SUITE_P(Left, EarlyAnswerTest, ::testing::Values(Left::by_abort, Left::by_drop));

TEST_P(EarlyAnswerTest, SmallRestIsThrownAway) {
  session->receive(long_post(65536 + 4) + "1234");
  answer(handler[0], "no", 413);
  leave(0);
  EXPECT_EQ(produce(), "HTTP/1.1 413 Content Too Large\r\ncontent-length: 2\r\n\r\nno");
  EXPECT_FALSE(session->wants_close());
  EXPECT_TRUE(session->wants_read());
  session->receive(std::string(65000, 'x'));
  echo();
  session->receive(std::string(536, 'x') + get);
  EXPECT_EQ(produce(), "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nGET /a <> ");
}

TEST_P(EarlyAnswerTest, SmallRestMayComeBeforeTheAnswerLeaves) {
  session->receive(long_post(4));
  answer(handler[0], "no", 413);
  leave(0);
  session->receive("1234");
  EXPECT_EQ(produce(), "HTTP/1.1 413 Content Too Large\r\ncontent-length: 2\r\n\r\nno");
  EXPECT_FALSE(session->wants_close());
  session->receive(get);
  EXPECT_EQ(handler.size(), 2U);
}

TEST_P(EarlyAnswerTest, LargeRestEndsTheConnection) {
  session->receive(long_post(65536 + 5) + "1234");
  answer(handler[0], "no", 413);
  leave(0);
  EXPECT_FALSE(session->wants_read());
  EXPECT_EQ(produce(), "HTTP/1.1 413 Content Too Large\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno");
  EXPECT_TRUE(session->wants_close());
}

TEST_P(EarlyAnswerTest, UnknownRestEndsTheConnection) {
  session->receive(chunked);
  answer(handler[0], "no", 413);
  leave(0);
  EXPECT_EQ(produce(), "HTTP/1.1 413 Content Too Large\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno");
  EXPECT_TRUE(session->wants_close());
}

TEST_P(EarlyAnswerTest, MayBeLeftAfterItWasWritten) {
  session->receive(long_post(1 << 20));
  answer(handler[0], "no", 413);
  EXPECT_EQ(produce(), "HTTP/1.1 413 Content Too Large\r\ncontent-length: 2\r\n\r\nno");
  EXPECT_FALSE(session->wants_close());
  EXPECT_TRUE(session->wants_read());
  const int before = wakeup.count;
  leave(0);
  EXPECT_GT(wakeup.count, before);
  EXPECT_TRUE(session->wants_close());
  EXPECT_EQ(produce(), "");
}

TEST_P(EarlyAnswerTest, ThatIsNotWholeEndsTheConnection) {
  session->receive(long_post(4));
  handler[0].send_head(head_of(200), false);
  handler[0].send_body("lost");
  leave(0);
  EXPECT_TRUE(session->wants_close());
  EXPECT_EQ(produce(), "");
}

TEST_F(ServerSessionTest, RequestMayBeReadAfterItsAnswer) {
  session->receive(long_post(4) + "12");
  answer(handler[0], "ok");
  EXPECT_EQ(produce(), "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
  EXPECT_EQ(session->active(), 1U);
  echo();
  session->receive("34" + get);
  EXPECT_EQ(handler[0].body(), "1234");
  EXPECT_TRUE(handler[0].finished());
  EXPECT_EQ(handler.kept[0].listener->inbound, 1);
  EXPECT_EQ(produce(), "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nGET /a <> ");
}

// --- back-pressure

TEST_F(ServerSessionTest, ReadingStopsAtTheWindow) {
  limits.stream_window = 1000;
  make();
  session->receive(long_post(5000));
  session->receive(std::string(1000, 'x'));
  EXPECT_TRUE(session->wants_read());
  session->receive("x");
  EXPECT_FALSE(session->wants_read());
  const int before = wakeup.count;
  handler[0].consume(1);
  EXPECT_EQ(wakeup.count, before + 1);
  EXPECT_TRUE(session->wants_read());
  handler[0].consume(500);
  EXPECT_EQ(wakeup.count, before + 1);
  session->receive(std::string(3999, 'x'));
  EXPECT_TRUE(handler[0].inbound_ended());
  EXPECT_EQ(handler[0].take_body().size(), 4499U);
}

TEST_F(ServerSessionTest, WriterIsToldOnceTheQueueIsShort) {
  limits.low_water = 100;
  make();
  session->receive(get);
  handler[0].send_head(head_of(200), false);
  handler[0].send_body(std::string(100, 'a'));
  produce();
  EXPECT_EQ(handler.kept[0].listener->outbound, 0);
  handler[0].send_body(std::string(300, 'a'));
  produce(150);
  EXPECT_EQ(handler[0].unsent(), 150U);
  EXPECT_EQ(handler.kept[0].listener->outbound, 0);
  produce(50);
  EXPECT_EQ(handler[0].unsent(), 100U);
  EXPECT_EQ(handler.kept[0].listener->outbound, 1);
  produce();
  EXPECT_EQ(handler.kept[0].listener->outbound, 1);
}

TEST_F(ServerSessionTest, WriterMayGoOnAtOnce) {
  limits.low_water = 10;
  make();
  session->receive(get);
  int rounds = 0;
  handler.kept[0].listener->when_outbound = [&] {
    if (++rounds < 5) handler[0].send_body(std::string(100, 'b'));
    if (rounds == 5) handler[0].finish();
  };
  handler[0].send_head(head_of(200), false);
  handler[0].send_body(std::string(100, 'a'));
  const std::string out = produce();
  EXPECT_EQ(rounds, 5);
  EXPECT_TRUE(out.ends_with("bbb\r\n0\r\n\r\n"));
  EXPECT_EQ(session->active(), 0U);
}

TEST_F(ServerSessionTest, WriterMayDropTheExchange) {
  limits.low_water = 10;
  make();
  session->receive(get + get);
  handler.kept[0].listener->when_outbound = [&] { handler.kept[0].exchange.reset(); };
  handler[0].send_head(head_of(200), false);
  handler[0].send_body(std::string(100, 'a'));
  produce();
  EXPECT_TRUE(session->wants_close());
  EXPECT_EQ(handler.size(), 1U);
}

// --- every way to end

TEST_F(ServerSessionTest, DroppedWithoutAnswerClosesTheConnection) {
  handler.when_request = [](Keeper::Kept& kept) { kept.exchange.reset(); };
  session->receive(get + get);
  EXPECT_EQ(produce(), "");
  EXPECT_TRUE(session->wants_close());
  EXPECT_EQ(handler.size(), 1U);
}

TEST_F(ServerSessionTest, DroppedLaterWakesTheConnection) {
  session->receive(get);
  const int before = wakeup.count;
  handler.kept.clear();
  EXPECT_GT(wakeup.count, before);
  EXPECT_TRUE(session->wants_close());
}

TEST_F(ServerSessionTest, DroppedInTheMiddleOfTheBody) {
  session->receive(long_post(10) + "123");
  handler.kept[0].listener->when_inbound = [this] { handler.kept[0].exchange.reset(); };
  session->receive("456");
  EXPECT_TRUE(session->wants_close());
  EXPECT_EQ(produce(), "");
}

TEST_F(ServerSessionTest, DroppedAfterTheAnswerWasGivenIsAnswered) {
  handler.when_request = [](Keeper::Kept& kept) {
    answer(*kept.exchange, "whole");
    kept.exchange.reset();
  };
  session->receive(get + get);
  const std::string reply = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwhole";
  EXPECT_EQ(produce(), reply + reply);
  EXPECT_FALSE(session->wants_close());
}

TEST_F(ServerSessionTest, AbortedInTheMiddleOfTheAnswer) {
  session->receive(get);
  handler[0].send_head(head_of(200), false);
  handler[0].send_body("abc");
  EXPECT_TRUE(produce().ends_with("abc\r\n"));
  handler[0].send_body("lost");
  handler[0].abort(ResetReason::internal_error);
  EXPECT_EQ(handler[0].reset()->reason, ResetReason::internal_error);
  EXPECT_EQ(produce(), "");
  EXPECT_TRUE(session->wants_close());
  handler[0].send_body("nothing");
  handler[0].finish();
  handler[0].abort(ResetReason::canceled);
  EXPECT_EQ(handler[0].reset()->reason, ResetReason::internal_error);
  EXPECT_EQ(handler[0].unsent(), 0U);
}

TEST_F(ServerSessionTest, FinishWithoutHeadIsNoAnswer) {
  session->receive(get);
  handler[0].finish();
  EXPECT_EQ(handler[0].reset()->reason, ResetReason::internal_error);
  EXPECT_TRUE(session->wants_close());
}

TEST_F(ServerSessionTest, NothingCanFollowTheEnd) {
  session->receive(get);
  answer(handler[0], "x");
  answer(handler[0], "y");
  EXPECT_EQ(produce(), "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx");
  answer(handler[0], "z");
  handler[0].abort(ResetReason::canceled);
  EXPECT_FALSE(handler[0].reset());
  EXPECT_EQ(produce(), "");
}

TEST_F(ServerSessionTest, SessionMayDieFirst) {
  session->receive(long_post(5) + "ab");
  session.reset();
  EXPECT_EQ(handler[0].reset()->reason, ResetReason::connection_lost);
  EXPECT_EQ(handler.kept[0].listener->inbound, 1);
  EXPECT_EQ(handler[0].take_body(), "ab");
  EXPECT_EQ(handler[0].unsent(), 0U);
  answer(handler[0], "nobody");
  EXPECT_FALSE(handler[0].head_sent());
}

TEST_F(ServerSessionTest, ExchangeMayDieInItsSessionsEnd) {
  session->receive(get);
  handler.kept[0].listener->when_inbound = [this] { handler.kept[0].exchange.reset(); };
  session.reset();
  EXPECT_EQ(handler.kept[0].exchange, nullptr);
}

TEST_F(ServerSessionTest, ConnectionLost) {
  session->receive(get);
  answer(handler[0], "x");
  session->connection_lost("reset by peer");
  EXPECT_EQ(handler[0].reset()->reason, ResetReason::connection_lost);
  EXPECT_EQ(handler[0].reset()->text, "reset by peer");
  EXPECT_EQ(handler.kept[0].listener->inbound, 1);
  EXPECT_EQ(produce(), "");
  EXPECT_TRUE(session->wants_close());
}

TEST_F(ServerSessionTest, EndWhileIdle) {
  session->receive_end();
  EXPECT_TRUE(session->wants_close());
  make();
  session->receive("GET / HT");
  session->receive_end();
  EXPECT_TRUE(session->wants_close());
  EXPECT_EQ(produce(), "");
}

TEST_F(ServerSessionTest, EndWithinTheRequest) {
  session->receive(long_post(5) + "ab");
  session->receive_end();
  EXPECT_EQ(handler[0].reset()->reason, ResetReason::connection_lost);
  EXPECT_EQ(handler.kept[0].listener->inbound, 1);
  EXPECT_TRUE(session->wants_close());
}

TEST_F(ServerSessionTest, EndBeforeTheAnswerCancels) {
  session->receive(get);
  session->receive_end();
  EXPECT_EQ(handler[0].reset()->reason, ResetReason::canceled);
  EXPECT_EQ(handler.kept[0].listener->inbound, 1);
  EXPECT_TRUE(session->wants_close());
}

TEST_F(ServerSessionTest, EndWithinTheAnswerCancels) {
  session->receive(get);
  handler[0].send_head(head_of(200), false);
  produce();
  session->receive_end();
  EXPECT_EQ(handler[0].reset()->reason, ResetReason::canceled);
  EXPECT_TRUE(session->wants_close());
}

TEST_F(ServerSessionTest, EndBehindWholeAnswersLetsThemGo) {
  echo();
  session->receive(get + get + get);
  session->receive_end();
  EXPECT_FALSE(session->wants_close());
  std::string out;
  for (std::string part; !(part = produce(10)).empty();) out += part;
  const std::string reply = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n";
  EXPECT_EQ(out, reply + "\r\nGET /a <> " + reply + "\r\nGET /a <> " + reply + "connection: close\r\n\r\nGET /a <> ");
  EXPECT_TRUE(session->wants_close());
}

TEST_F(ServerSessionTest, EndBehindALastWholeAnswerSaysSo) {
  echo();
  session->receive(get);
  session->receive_end();
  EXPECT_EQ(produce(), "HTTP/1.1 200 OK\r\ncontent-length: 10\r\nconnection: close\r\n\r\nGET /a <> ");
  EXPECT_TRUE(session->wants_close());
}

TEST_F(ServerSessionTest, EndWithinARequestThatIsThrownAway) {
  session->receive(long_post(5));
  answer(handler[0], "no", 413);
  handler.kept.clear();
  session->receive_end();
  EXPECT_TRUE(produce().ends_with("no"));
  EXPECT_TRUE(session->wants_close());
}

TEST_F(ServerSessionTest, DrainWhileIdle) {
  session->drain();
  EXPECT_GT(wakeup.count, 0);
  EXPECT_TRUE(session->wants_close());
  EXPECT_FALSE(session->wants_read());
}

TEST_F(ServerSessionTest, DrainLetsARequestInArrivalBeAnswered) {
  echo();
  session->receive("GET /a HTTP/1.1\r\n");
  session->drain();
  EXPECT_FALSE(session->wants_close());
  session->receive("Host: h\r\n\r\n" + get);
  EXPECT_EQ(produce(), "HTTP/1.1 200 OK\r\ncontent-length: 10\r\nconnection: close\r\n\r\nGET /a <> ");
  EXPECT_TRUE(session->wants_close());
}

TEST_F(ServerSessionTest, DrainLetsAnAnswerEnd) {
  session->receive(get);
  handler[0].send_head(head_of(200), false);
  produce();
  session->drain();
  EXPECT_FALSE(session->wants_close());
  handler[0].finish();
  EXPECT_EQ(produce(), "0\r\n\r\n");
  EXPECT_TRUE(session->wants_close());
}

}  // namespace
}  // namespace connectrpc::http1
