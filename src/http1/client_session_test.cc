// The client's session on bytes: requests, answers, connections that stay and that do not.
#include "http1/client_session.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "connectrpc/detail/headers_access.h"
#include "http1/test_support.h"

namespace connectrpc::http1 {
namespace {

using namespace std::string_literals;
using http::ResetReason;
using testing::Cuts;
using testing::Listener;
using testing::print;
using testing::WakeCounter;

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: b\r\n\r\nok";

http::RequestHead head_of(std::string method, std::string target = "/p") {
  http::RequestHead head;
  head.method = std::move(method);
  head.target = std::move(target);
  head.authority = "acme.com:80";
  head.headers.add("x", "y");
  return head;
}

class ClientSessionTest : public ::testing::Test {
 protected:
  ClientSessionTest() { make(); }

  void make() {
    session = make_client_session(limits, Peer::ipv4("1.2.3.4", 80));
    session->set_wakeup(&wakeup);
  }
  void start(http::RequestHead head, bool ends) {
    listener = std::make_unique<Listener>();
    exchange = session->start(std::move(head), ends);
    exchange->observe(listener.get());
  }
  // A request that has left.
  void get() {
    start(head_of("GET"), true);
    produce();
  }
  std::string produce(std::size_t limit = testing::no_limit) { return testing::produce(*session, limit); }
  bool idle() const { return session->capacity() == 1 && !session->retired() && !session->wants_close(); }
  bool closing() const { return session->capacity() == 0 && session->retired() && session->wants_close(); }
  void expect_reset(ResetReason reason, std::string_view text) {
    ASSERT_TRUE(exchange->reset());
    EXPECT_EQ(exchange->reset()->reason, reason);
    EXPECT_EQ(exchange->reset()->text, text);
    EXPECT_EQ(listener->inbound, 1);
    EXPECT_EQ(session->active(), 0U);
  }

  http::SessionLimits limits;
  WakeCounter wakeup;
  std::unique_ptr<ClientSession> session;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<http::ClientExchange> exchange;
};

TEST_F(ClientSessionTest, OneCall) {
  EXPECT_TRUE(idle());
  start(head_of("POST"), false);
  EXPECT_GT(wakeup.count, 0);
  EXPECT_EQ(session->capacity(), 0U);
  EXPECT_EQ(session->active(), 1U);
  EXPECT_FALSE(session->retired());
  exchange->send_body("he");
  exchange->send_body("llo");
  EXPECT_EQ(exchange->unsent(), 5U);
  exchange->finish();
  EXPECT_EQ(produce(), "POST /p HTTP/1.1\r\nhost: acme.com:80\r\nx: y\r\ncontent-length: 5\r\n\r\nhello");
  EXPECT_EQ(exchange->unsent(), 0U);
  EXPECT_EQ(exchange->peer().to_string(), "1.2.3.4:80");
  session->receive(ok);
  EXPECT_EQ(listener->inbound, 1);
  EXPECT_TRUE(exchange->head_received());
  EXPECT_EQ(exchange->response().status, 200);
  EXPECT_EQ(exchange->response().version, HttpVersion::http1_1);
  EXPECT_EQ(print(exchange->response().headers), "a=b ");
  EXPECT_EQ(exchange->announced_length(), 2U);
  EXPECT_EQ(exchange->body(), "ok");
  EXPECT_TRUE(exchange->finished());
  EXPECT_FALSE(exchange->reset());
  EXPECT_TRUE(idle());
  EXPECT_EQ(exchange->take_body(), "ok");
}

TEST_F(ClientSessionTest, RequestsWithoutABody) {
  const std::pair<std::string, std::string> cases[] = {{"GET", ""},
                                                       {"HEAD", ""},
                                                       {"DELETE", ""},
                                                       {"OPTIONS", ""},
                                                       {"POST", "content-length: 0\r\n"},
                                                       {"PUT", "content-length: 0\r\n"}};
  for (const auto& [method, length] : cases) {
    make();
    start(head_of(method), true);
    EXPECT_TRUE(exchange->outbound_ended());
    EXPECT_EQ(produce(), method + " /p HTTP/1.1\r\nhost: acme.com:80\r\nx: y\r\n" + length + "\r\n");
  }
}

TEST_F(ClientSessionTest, StreamedRequestIsChunked) {
  start(head_of("POST"), false);
  EXPECT_EQ(produce(), "POST /p HTTP/1.1\r\nhost: acme.com:80\r\nx: y\r\ntransfer-encoding: chunked\r\n\r\n");
  exchange->send_body("abc");
  exchange->send_body("de");
  EXPECT_EQ(produce(), "5\r\nabcde\r\n");
  exchange->finish({{"t", "u"}});
  EXPECT_EQ(produce(), "0\r\nt: u\r\n\r\n");
  session->receive(ok);
  EXPECT_TRUE(idle());
}

TEST_F(ClientSessionTest, TrailersThatAreKnownAreAnnounced) {
  start(head_of("POST"), false);
  exchange->finish({{"t", "u"}});
  EXPECT_EQ(produce(),
            "POST /p HTTP/1.1\r\nhost: acme.com:80\r\nx: y\r\ntransfer-encoding: chunked\r\ntrailer: t\r\n\r\n0\r\nt: "
            "u\r\n\r\n");
}

TEST_F(ClientSessionTest, AnnouncedLengthIsKept) {
  http::RequestHead head = head_of("POST");
  detail::HeadersAccess::append(head.headers, "content-length", "3");
  start(head, false);
  EXPECT_EQ(produce(), "POST /p HTTP/1.1\r\nhost: acme.com:80\r\nx: y\r\ncontent-length: 3\r\n\r\n");
  exchange->send_body("abc");
  exchange->finish();
  EXPECT_EQ(produce(), "abc");
  session->receive(ok);
  EXPECT_TRUE(idle());
  start(head, false);
  produce();
  exchange->send_body("ab");
  exchange->finish();
  EXPECT_EQ(produce(), "ab");
  expect_reset(ResetReason::internal_error, "the body is not as long as its content-length");
  EXPECT_TRUE(closing());
}

TEST_F(ClientSessionTest, AnswersAreTheSameHoweverCut) {
  struct {
    std::string input, body, trailers;
    bool end, stays;
  } const cases[] = {
      {ok, "ok", "", false, true},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\nT: u\r\n\r\n", "ok", "t=u ",
       false, true},
      {"HTTP/1.1 200 OK\r\n\r\nok", "ok", "", true, false},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok, "ok", "", false, true},
      {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", "ok", "", false, false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", "", false, false},
      {"HTTP/1.1 204 No Content\r\n\r\n", "", "", false, true},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "", "", false, true},
      {"HTTP/1.1 800 \r\nContent-Length: 0\r\n\r\n", "", "", false, true},
  };
  for (const auto& tested : cases) {
    for (const Cuts& cuts : Cuts::all()) {
      make();
      get();
      for (const std::string_view piece : cuts(tested.input)) session->receive(piece);
      if (tested.end) session->receive_end();
      EXPECT_TRUE(exchange->finished()) << tested.input << cuts.name();
      EXPECT_FALSE(exchange->reset());
      EXPECT_EQ(exchange->body(), tested.body);
      EXPECT_EQ(print(exchange->trailers()), tested.trailers);
      EXPECT_TRUE(tested.stays ? idle() : closing());
    }
  }
}

TEST_F(ClientSessionTest, AnswerToHeadHasNoBody) {
  start(head_of("HEAD"), true);
  produce();
  session->receive("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  EXPECT_TRUE(exchange->finished());
  EXPECT_FALSE(exchange->announced_length());
  EXPECT_TRUE(idle());
  get();
  session->receive(ok);
  EXPECT_EQ(exchange->body(), "ok");
}

TEST_F(ClientSessionTest, AnswerInPieces) {
  get();
  session->receive("HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(listener->inbound, 0);
  EXPECT_FALSE(exchange->head_received());
  session->receive("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(listener->inbound, 1);
  EXPECT_TRUE(exchange->head_received());
  session->receive("ab");
  EXPECT_EQ(exchange->take_body(), "ab");
  session->receive("cd");
  EXPECT_EQ(listener->inbound, 3);
  EXPECT_TRUE(exchange->finished());
}

TEST_F(ClientSessionTest, NextCallMayStartFromTheLastOnesEnd) {
  get();
  std::unique_ptr<http::ClientExchange> next;
  listener->when_inbound = [&] {
    EXPECT_TRUE(idle());
    exchange.reset();
    next = session->start(head_of("GET", "/next"), true);
  };
  session->receive(ok);
  EXPECT_EQ(produce(), "GET /next HTTP/1.1\r\nhost: acme.com:80\r\nx: y\r\n\r\n");
  session->receive(ok);
  EXPECT_EQ(next->body(), "ok");
  EXPECT_TRUE(idle());
}

TEST_F(ClientSessionTest, TakesNoSecondCall) {
  get();
  const auto second = session->start(head_of("GET"), true);
  EXPECT_EQ(second->reset()->reason, ResetReason::refused);
  second->send_body("x");
  second->finish();
  EXPECT_EQ(produce(), "");
  session->receive(ok);
  EXPECT_TRUE(exchange->finished());
}

// --- the answer comes before the request is over

TEST_F(ClientSessionTest, EarlyAnswerEndsTheRequest) {
  start(head_of("POST"), false);
  exchange->send_body("abc");
  produce();
  exchange->send_body("more");
  session->receive(ok);
  EXPECT_TRUE(exchange->finished());
  EXPECT_FALSE(exchange->reset());
  EXPECT_TRUE(exchange->outbound_ended());
  EXPECT_EQ(exchange->unsent(), 0U);
  EXPECT_EQ(produce(), "");
  EXPECT_TRUE(closing());
  exchange->send_body("nothing");
  exchange->finish();
}

TEST_F(ClientSessionTest, EarlyHeadDoesNot) {
  start(head_of("POST"), false);
  produce();
  session->receive("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
  EXPECT_TRUE(exchange->head_received());
  exchange->send_body("more");
  exchange->finish();
  EXPECT_EQ(produce(), "4\r\nmore\r\n0\r\n\r\n");
  session->receive("0\r\n\r\n");
  EXPECT_TRUE(exchange->finished());
  EXPECT_TRUE(idle());
}

// --- answers that are none

TEST_F(ClientSessionTest, MalformedAnswersAreShown) {
  const std::string prefix = "the server's answer to an HTTP/1.1 GET cannot be understood: ";
  struct {
    std::string input, text;
  } const cases[] = {
      {"\0\0\x12\x04\0\0\0\0\0"s,
       "it is an HTTP/2 frame: the server speaks HTTP/2 on this port, HTTP/1.1 was spoken to it"},
      {"\x15\x03\x01\0\x02\x02\x46"s, "it is a TLS alert: the server wants TLS (https) on this port"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "the Content-Length fields differ"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "a chunk does not begin with a hexadecimal size"},
      {"HTTP/1.1 200 OK\r\na: " + std::string(70000, 'a'),
       "the header fields exceed the limit of 65536 bytes (option header_list_limit)"},
  };
  for (const auto& tested : cases) {
    for (const Cuts& cuts : Cuts::all()) {
      make();
      get();
      for (const std::string_view piece : cuts(tested.input)) session->receive(piece);
      ASSERT_TRUE(exchange->reset());
      EXPECT_EQ(exchange->reset()->reason, tested.text.starts_with("the header fields exceed")
                                               ? ResetReason::too_large
                                               : ResetReason::protocol_error);
      EXPECT_EQ(exchange->reset()->text, prefix + tested.text);
      EXPECT_TRUE(closing());
      EXPECT_FALSE(session->wants_read());
    }
  }
  make();
  get();
  session->receive("SSH-2.0-OpenSSH\r\n");
  expect_reset(ResetReason::protocol_error,
               prefix + "it begins with \"SSH-2.0-OpenSSH\\x0d\\x0a\" where \"HTTP/1.1\" was expected");
}

TEST_F(ClientSessionTest, SwitchingProtocolsIsAnError) {
  get();
  session->receive("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n");
  expect_reset(ResetReason::protocol_error, "the server switched protocols, which nobody had asked for");
  EXPECT_TRUE(closing());
}

TEST_F(ClientSessionTest, BytesBehindTheAnswerEndTheConnection) {
  get();
  session->receive(ok + "H");
  EXPECT_TRUE(exchange->finished());
  EXPECT_FALSE(exchange->reset());
  EXPECT_TRUE(closing());
}

TEST_F(ClientSessionTest, BytesThatNobodyAskedForEndTheConnection) {
  get();
  session->receive(ok);
  session->receive("HTTP/1.1 408 Request Timeout\r\n\r\n");
  EXPECT_TRUE(closing());
  make();
  start(head_of("GET"), true);
  session->receive(ok);
  expect_reset(ResetReason::refused, "the server spoke before it was asked, and the connection was given up");
  EXPECT_EQ(produce(), "");
  EXPECT_TRUE(closing());
}

TEST_F(ClientSessionTest, HeadsThatCannotBeSentAreNot) {
  struct {
    std::string method, target, authority, text;
  } const cases[] = {
      {"GET /x", "/", "h", "the method is not a token"},
      {"", "/", "h", "the method is not a token"},
      {"GET", "", "h", "the target is empty or has a space or control character"},
      {"GET", "/ HTTP/1.1\r\nevil: 1\r\n", "h", "the target is empty or has a space or control character"},
      {"GET", "/", "h\r\nevil: 1", "the host has a character that hosts do not have"},
  };
  for (const auto& tested : cases) {
    http::RequestHead head = head_of(tested.method, tested.target);
    head.authority = tested.authority;
    start(std::move(head), true);
    EXPECT_TRUE(exchange->reset());
    EXPECT_EQ(listener->inbound, 0);
    EXPECT_EQ(produce(), "");
    expect_reset(ResetReason::internal_error, tested.text);
    EXPECT_TRUE(idle());
  }
  start(head_of("G@T"), false);
  session->receive(ok);
  expect_reset(ResetReason::internal_error, "the method is not a token");
  EXPECT_TRUE(closing());
}

// --- back-pressure

TEST_F(ClientSessionTest, ReadingStopsAtTheWindow) {
  limits.stream_window = 1000;
  make();
  get();
  session->receive("HTTP/1.1 200 OK\r\n\r\n" + std::string(1000, 'x'));
  EXPECT_TRUE(session->wants_read());
  session->receive("x");
  EXPECT_FALSE(session->wants_read());
  const int before = wakeup.count;
  exchange->consume(1);
  EXPECT_EQ(wakeup.count, before + 1);
  EXPECT_TRUE(session->wants_read());
}

TEST_F(ClientSessionTest, WriterIsToldOnceTheQueueIsShort) {
  limits.low_water = 100;
  make();
  start(head_of("POST"), false);
  produce();
  exchange->send_body(std::string(300, 'a'));
  produce(100);
  EXPECT_EQ(listener->outbound, 0);
  produce(100);
  EXPECT_EQ(exchange->unsent(), 100U);
  EXPECT_EQ(listener->outbound, 1);
  produce();
  EXPECT_EQ(listener->outbound, 1);
  listener->when_outbound = [&] { exchange.reset(); };
  exchange->send_body(std::string(300, 'a'));
  produce();
  EXPECT_TRUE(closing());
}

// --- every way to end

TEST_F(ClientSessionTest, EndWhileIdle) {
  session->receive_end();
  EXPECT_TRUE(closing());
}

TEST_F(ClientSessionTest, EndBeforeTheRequestLeft) {
  start(head_of("GET"), true);
  session->receive_end();
  expect_reset(ResetReason::refused, "the server closed the connection before the request was sent");
  EXPECT_TRUE(closing());
}

TEST_F(ClientSessionTest, EndWithoutAnAnswer) {
  get();
  session->receive_end();
  expect_reset(ResetReason::connection_lost, "the server closed the connection without an answer");
  EXPECT_TRUE(closing());
}

TEST_F(ClientSessionTest, EndWithoutAnAnswerOnAUsedConnection) {
  get();
  session->receive(ok);
  get();
  session->receive_end();
  expect_reset(ResetReason::connection_lost,
               "the server closed the connection without an answer (answers on this connection before: 1)");
}

TEST_F(ClientSessionTest, EndWithinTheAnswer) {
  const std::pair<std::string, std::string> cases[] = {
      {"HT", "it ended in the middle of the head"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", "it ended 3 bytes before the end of a body of 5"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "it ended in the middle of a chunked body"}};
  for (const auto& [input, text] : cases) {
    make();
    get();
    session->receive(input);
    listener->inbound = 0;
    session->receive_end();
    expect_reset(ResetReason::connection_lost, "the server closed the connection within its answer: " + text);
    EXPECT_TRUE(closing());
  }
}

TEST_F(ClientSessionTest, ConnectionLost) {
  start(head_of("GET"), true);
  session->connection_lost("no route");
  expect_reset(ResetReason::refused, "no route");
  make();
  get();
  session->receive("HTTP/1.1 200 OK\r\n\r\nab");
  listener->inbound = 0;
  session->connection_lost("reset by peer");
  expect_reset(ResetReason::connection_lost, "reset by peer");
  EXPECT_EQ(exchange->body(), "ab");
  EXPECT_TRUE(closing());
  make();
  session->connection_lost("idle");
  EXPECT_TRUE(closing());
}

TEST_F(ClientSessionTest, DroppedBeforeItLeftCostsNothing) {
  start(head_of("POST"), false);
  exchange->send_body("x");
  exchange.reset();
  EXPECT_EQ(produce(), "");
  EXPECT_TRUE(idle());
  get();
  session->receive(ok);
  EXPECT_EQ(exchange->body(), "ok");
}

TEST_F(ClientSessionTest, DroppedWithinTheRequest) {
  start(head_of("POST"), false);
  produce();
  exchange->send_body("lost");
  exchange.reset();
  EXPECT_EQ(produce(), "");
  EXPECT_TRUE(closing());
  session->receive(ok);
  session->receive_end();
}

TEST_F(ClientSessionTest, DroppedWithinTheAnswer) {
  get();
  listener->when_inbound = [&] { exchange.reset(); };
  session->receive("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab");
  EXPECT_TRUE(closing());
}

TEST_F(ClientSessionTest, Aborted) {
  get();
  exchange->abort(ResetReason::canceled);
  EXPECT_EQ(exchange->reset()->reason, ResetReason::canceled);
  EXPECT_TRUE(closing());
  exchange->send_body("x");
  exchange->finish();
  exchange->abort(ResetReason::internal_error);
  EXPECT_EQ(exchange->reset()->reason, ResetReason::canceled);
}

TEST_F(ClientSessionTest, DroppedAfterTheEndKeepsTheConnection) {
  get();
  session->receive(ok);
  exchange->abort(ResetReason::canceled);
  EXPECT_FALSE(exchange->reset());
  exchange.reset();
  EXPECT_TRUE(idle());
}

TEST_F(ClientSessionTest, SessionMayDieFirst) {
  get();
  session->receive("HTTP/1.1 200 OK\r\n\r\nab");
  session.reset();
  EXPECT_EQ(exchange->reset()->reason, ResetReason::connection_lost);
  EXPECT_EQ(listener->inbound, 2);
  EXPECT_EQ(exchange->take_body(), "ab");
  EXPECT_EQ(exchange->unsent(), 0U);
  exchange->send_body("x");
  exchange->finish();
}

TEST_F(ClientSessionTest, ExchangeMayDieInItsSessionsEnd) {
  get();
  listener->when_inbound = [&] { exchange.reset(); };
  session.reset();
  EXPECT_EQ(exchange, nullptr);
}

}  // namespace
}  // namespace connectrpc::http1
