// Ends before the end: resets by either side in every state, and exchanges that are dropped.
#include <gtest/gtest.h>

#include "http2/test_support.h"

namespace connectrpc::http2 {
namespace {

using http::ResetReason;
using test::Joined;
using test::response;
using test::Watch;

TEST(Reset, ClientAbortsInEveryState) {
  for (int state = 0; state < 6; ++state) {
    SCOPED_TRACE(state);
    Joined joined;
    ASSERT_TRUE(joined.run());
    auto call = joined.start();
    Watch server_watch;
    if (state >= 1) {
      ASSERT_TRUE(joined.run());
      joined.requests.last().observe(&server_watch);
    }
    if (state >= 2) call->send_body(std::string(1 << 20, 'x'));  // more than the window
    if (state >= 3) {
      ASSERT_TRUE(joined.run());
    }
    if (state >= 4) joined.requests.last().send_head(response(), false);
    if (state >= 5) {
      joined.requests.last().send_body(std::string(1 << 20, 'x'));
      ASSERT_TRUE(joined.run());
    }
    const int told = server_watch.inbound;
    call->abort(ResetReason::canceled);
    ASSERT_TRUE(call->reset());
    EXPECT_EQ(call->reset()->reason, ResetReason::canceled);
    EXPECT_TRUE(call->finished());
    EXPECT_EQ(call->unsent(), 0u);
    call->send_body("too late");
    call->finish();
    ASSERT_TRUE(joined.run());
    EXPECT_EQ(joined.client->active(), 0u);
    EXPECT_EQ(joined.server->active(), 0u);
    if (state == 0) {
      EXPECT_EQ(joined.requests.count, 0);  // nothing was on the wire
    } else {
      const auto& reset = joined.requests.last().reset();
      ASSERT_TRUE(reset);
      EXPECT_EQ(reset->reason, ResetReason::canceled);
      EXPECT_EQ(reset->text, "the client reset the stream: CANCEL");
      EXPECT_EQ(server_watch.inbound, told + 1);
      joined.requests.last().send_body("too late");
      joined.requests.last().finish();
    }
    auto next = joined.start(true);
    ASSERT_TRUE(joined.run());
    EXPECT_FALSE(next->reset());
    EXPECT_FALSE(joined.requests.last().reset());
  }
}

TEST(Reset, DroppingACallCancelsIt) {
  Joined joined;
  auto call = joined.start();
  ASSERT_TRUE(joined.run());
  test::Waker waker;
  joined.client->set_wakeup(&waker);
  call.reset();
  EXPECT_EQ(waker.count, 1);
  ASSERT_TRUE(joined.run());
  ASSERT_TRUE(joined.requests.last().reset());
  EXPECT_EQ(joined.requests.last().reset()->reason, ResetReason::canceled);
  EXPECT_EQ(joined.client->active(), 0u);
}

TEST(Reset, DroppingAFinishedCallDoesNot) {
  Joined joined;
  auto call = joined.start(true);
  ASSERT_TRUE(joined.run());
  joined.requests.last().send_head(response(), true);
  ASSERT_TRUE(joined.run());
  call.reset();
  EXPECT_EQ(test::output(*joined.client), "");
}

TEST(Reset, EveryReasonArrives) {
  const std::pair<ResetReason, ResetReason> pairs[] = {
      {ResetReason::canceled, ResetReason::canceled},
      {ResetReason::refused, ResetReason::refused},
      {ResetReason::connection_lost, ResetReason::canceled},
      {ResetReason::protocol_error, ResetReason::protocol_error},
      {ResetReason::flow_control_error, ResetReason::flow_control_error},
      {ResetReason::too_busy, ResetReason::too_busy},
      {ResetReason::inadequate_security, ResetReason::inadequate_security},
      {ResetReason::internal_error, ResetReason::internal_error},
      {ResetReason::no_error, ResetReason::no_error},
  };
  for (const auto& [sent, received] : pairs) {
    Joined joined;
    auto call = joined.start();
    Watch watch;
    call->observe(&watch);
    ASSERT_TRUE(joined.run());
    joined.requests.last().abort(sent);
    EXPECT_EQ(joined.requests.last().reset()->reason, sent);
    ASSERT_TRUE(joined.run());
    ASSERT_TRUE(call->reset());
    EXPECT_EQ(call->reset()->reason, received);
    EXPECT_TRUE(call->reset()->text.starts_with("the server reset the stream: ")) << call->reset()->text;
    EXPECT_EQ(watch.inbound, 1);
  }
}

TEST(Reset, UnknownCodesAreInternalErrors) {
  auto client = make_client_session({}, {});
  client->receive(test::server_preface());
  auto call = client->start(Joined::head(), true);
  test::all_output(*client);
  client->receive(test::frame(test::rst_stream, 0, 1, test::big_endian(77)));
  ASSERT_TRUE(call->reset());
  EXPECT_EQ(call->reset()->reason, ResetReason::internal_error);
  EXPECT_EQ(call->reset()->text, "the server reset the stream: unknown error code 77");
}

TEST(Reset, DroppingARequestUnanswered) {
  Joined joined;
  auto call = joined.start(true);
  joined.requests.at_request = [](std::unique_ptr<http::ServerExchange>) {};
  ASSERT_TRUE(joined.run());
  ASSERT_TRUE(call->reset());
  EXPECT_EQ(call->reset()->reason, ResetReason::internal_error);
  EXPECT_EQ(joined.server->active(), 0u);
}

TEST(Reset, DroppingARequestHalfAnswered) {
  Joined joined;
  auto call = joined.start(true);
  ASSERT_TRUE(joined.run());
  joined.requests.last().send_head(response(), false);
  joined.requests.last().send_body("partial");
  ASSERT_TRUE(joined.run());
  joined.requests.kept.clear();
  ASSERT_TRUE(joined.run());
  EXPECT_TRUE(call->head_received());
  EXPECT_EQ(call->body(), "partial");
  EXPECT_FALSE(call->inbound_ended());
  EXPECT_EQ(call->reset()->reason, ResetReason::internal_error);
}

TEST(Reset, AnAnswerOutlivesItsExchange) {
  Joined joined;
  joined.requests.at_request = [](std::unique_ptr<http::ServerExchange> exchange) {
    exchange->send_head(response(200, {{"a", "1"}}), false);
    exchange->send_body(std::string(1 << 20, 'x'));  // four windows
    exchange->finish({{"t", "1"}});
  };
  auto call = joined.start(true);
  std::size_t got = 0;
  Watch watch;
  watch.at_inbound = [&] { got += call->take_body().size(); };
  call->observe(&watch);
  ASSERT_TRUE(joined.run());
  EXPECT_EQ(got, 1u << 20);
  EXPECT_EQ(call->trailers()["t"], "1");
  EXPECT_FALSE(call->reset());
}

// RFC 9113 section 8.1: answer, then RST_STREAM(NO_ERROR), in this order.
TEST(Reset, EarlyAnswerRefusesTheRest) {
  for (const bool by_abort : {true, false}) {
    for (const bool trailers : {true, false}) {
      Joined joined;
      auto call = joined.start();
      Watch watch;
      call->observe(&watch);
      call->send_body(std::string(1 << 20, 'x'));
      ASSERT_TRUE(joined.run());
      http::ServerExchange& served = joined.requests.last();
      served.send_head(response(413), false);
      served.send_body("too large");
      trailers ? served.finish({{"t", "1"}}) : served.finish();
      if (by_abort) {
        served.abort(ResetReason::no_error);
        EXPECT_TRUE(served.finished());
      } else {
        joined.requests.kept.clear();
      }
      const std::string down = test::output(*joined.server);
      const auto sent = test::frames(down);
      ASSERT_EQ(sent.size(), trailers ? 4u : 3u);
      EXPECT_EQ(sent[0].type, test::headers);
      EXPECT_EQ(sent[1].type, test::data);
      EXPECT_EQ(sent[sent.size() - 2].flags & test::end_stream, test::end_stream);
      EXPECT_EQ(sent.back().type, test::rst_stream);
      EXPECT_EQ(sent.back().code(), 0u);
      joined.client->receive(down);
      EXPECT_EQ(call->response().status, 413);
      EXPECT_EQ(call->body(), "too large");
      EXPECT_TRUE(call->inbound_ended());
      ASSERT_TRUE(call->reset());
      EXPECT_EQ(call->reset()->reason, ResetReason::no_error);
      EXPECT_EQ(watch.inbound, 1);
      ASSERT_TRUE(joined.run());
      EXPECT_EQ(joined.client->active(), 0u);
      EXPECT_EQ(joined.server->active(), 0u);
    }
  }
}

TEST(Reset, RefusingAfterTheAnswerHasLeft) {
  Joined joined;
  auto call = joined.start();
  ASSERT_TRUE(joined.run());
  joined.requests.last().send_head(response(), true);
  ASSERT_TRUE(joined.run());
  EXPECT_TRUE(call->inbound_ended());
  EXPECT_FALSE(call->reset());
  joined.requests.last().abort(ResetReason::no_error);
  ASSERT_TRUE(joined.run());
  ASSERT_TRUE(call->reset());
  EXPECT_EQ(call->reset()->reason, ResetReason::no_error);
}

TEST(Reset, NothingToRefuseWhenTheRequestEndedMeanwhile) {
  Joined joined;
  auto call = joined.start();
  ASSERT_TRUE(joined.run());
  joined.requests.last().send_head(response(), false);
  joined.requests.last().send_body(std::string(1 << 20, 'x'));
  joined.requests.last().finish();
  joined.requests.kept.clear();
  ASSERT_TRUE(joined.run());
  call->finish();
  while (!call->inbound_ended()) {
    call->take_body();
    ASSERT_TRUE(joined.run());
  }
  EXPECT_FALSE(call->reset());
  EXPECT_EQ(joined.server->active(), 0u);
}

TEST(Reset, AWriterIsToldWhenThePeerGoes) {
  Joined joined;
  auto call = joined.start(true);
  ASSERT_TRUE(joined.run());
  Watch watch;
  joined.requests.last().observe(&watch);
  joined.requests.last().send_head(response(), false);
  joined.requests.last().send_body(std::string(1 << 20, 'x'));
  joined.requests.last().finish();  // over, but not all has left
  ASSERT_TRUE(joined.run());
  EXPECT_GT(joined.requests.last().unsent(), 0u);
  call.reset();
  ASSERT_TRUE(joined.run());
  EXPECT_EQ(joined.requests.last().unsent(), 0u);
  EXPECT_FALSE(joined.requests.last().reset());
  EXPECT_EQ(watch.outbound, 1);
}

TEST(Reset, RequestsThatAreResetInTheirOwnBatchReachNoHandler) {
  test::Requests requests;
  auto server = make_server_session(requests, {}, {}, "http");
  server->receive(test::client_preface() + test::frame(test::headers, test::end_headers, 1, test::request_fields()) +
                  test::frame(test::rst_stream, 0, 1, test::big_endian(8)));
  EXPECT_EQ(requests.count, 0);
  EXPECT_EQ(server->active(), 0u);
}

TEST(Reset, HandlersThatStillRunAreCounted) {
  test::Requests requests;
  auto server = make_server_session(requests, {.concurrent_streams = 4}, {}, "http");
  server->receive(test::client_preface());
  std::uint32_t id = 1;
  std::string refused;
  for (int i = 0; i < 12; ++i, id += 2) {
    server->receive(test::frame(test::headers, test::end_headers, id, test::request_fields()));
    server->receive(test::frame(test::rst_stream, 0, id, test::big_endian(8)));
    refused += test::all_output(*server);
  }
  EXPECT_EQ(requests.count, 8);
  // The peer had reset them before it could read the refusal, so none needs one.
  requests.kept.clear();
  server->receive(test::frame(test::headers, test::end_headers, id, test::request_fields()));
  EXPECT_EQ(requests.count, 9);
}

TEST(Reset, StreamsAboveTheCapAreRefused) {
  test::Requests requests;
  auto server = make_server_session(requests, {.concurrent_streams = 2}, {}, "http");
  server->receive(test::client_preface());
  for (std::uint32_t id = 1; id < 8; id += 2) {
    server->receive(test::frame(test::headers, test::end_headers, id, test::request_fields()));
    server->receive(test::frame(test::rst_stream, 0, id, test::big_endian(8)));
  }
  EXPECT_EQ(requests.count, 4);
  test::all_output(*server);
  server->receive(test::frame(test::headers, test::end_headers | test::end_stream, 9, test::request_fields()));
  EXPECT_EQ(requests.count, 4);
  const auto resets = test::frames(test::all_output(*server), test::rst_stream, 9);
  ASSERT_EQ(resets.size(), 1u);
  EXPECT_EQ(resets[0].code(), 7u);
  EXPECT_FALSE(server->wants_close());
}

// More than nghttp2 would let pass: a proxy full of impatient callers.
TEST(Reset, ThousandsOfCancellationsAreFine) {
  Joined joined;
  joined.requests.at_request = [](std::unique_ptr<http::ServerExchange>) {};
  for (int i = 0; i < 5000; ++i) {
    auto call = joined.start();
    ASSERT_TRUE(joined.run());
    call.reset();
    ASSERT_TRUE(joined.run());
  }
  EXPECT_FALSE(joined.client->retired());
}

}  // namespace
}  // namespace connectrpc::http2
