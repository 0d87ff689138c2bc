// Messages that break HTTP's rules or the limits.
#include <gtest/gtest.h>

#include "connectrpc/detail/headers_access.h"
#include "http2/test_support.h"

namespace connectrpc::http2 {
namespace {

using http::ResetReason;
using test::field;
using test::frame;
using test::Joined;
using test::request_fields;
using test::response;
using test::Watch;

constexpr std::uint8_t whole = test::end_headers | test::end_stream;

struct Case {
  const char* name;
  std::string fields;
};

TEST(Malformed, RequestsReachNoHandler) {
  const Case cases[] = {
      {"newline in a value", request_fields() + field("x", "a\nb")},
      {"NUL in a value", request_fields() + field("x", std::string_view("a\0b", 3))},
      {"upper-case name", request_fields() + field("X", "1")},
      {"space in a name", request_fields() + field("a b", "1")},
      {"empty name", request_fields() + field("", "1")},
      {"non-ASCII name", request_fields() + field("\xc3\xa9", "1")},
      {"connection", request_fields() + field("connection", "close")},
      {"transfer-encoding", request_fields() + field("transfer-encoding", "chunked")},
      {"te", request_fields() + field("te", "gzip")},
      {"unknown pseudo-header", request_fields() + field(":x", "1")},
      {"a response's pseudo-header", request_fields() + field(":status", "200")},
      {"pseudo-header after a field", request_fields() + field("x", "1") + field(":authority", "b")},
      {"two paths", request_fields() + field(":path", "/q")},
      {"no path", field(":method", "GET") + field(":scheme", "http") + field(":authority", "a")},
      {"empty path", request_fields("GET", "")},
      {"relative path", request_fields("GET", "a")},
      {"space in the path", request_fields("GET", "/a b")},
      {"slash in the authority",
       field(":method", "GET") + field(":scheme", "http") + field(":path", "/") + field(":authority", "a/b")},
      {"neither authority nor host", field(":method", "GET") + field(":scheme", "http") + field(":path", "/")},
      {"two hosts", request_fields() + field("host", "a") + field("host", "a")},
      {"no method", field(":path", "/") + field(":scheme", "http") + field(":authority", "a")},
      {"two content-lengths", request_fields() + field("content-length", "0") + field("content-length", "1")},
      {"negative content-length", request_fields() + field("content-length", "-1")},
      {"content-length without a body", request_fields() + field("content-length", "5")},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.name);
    test::Requests requests;
    auto server = make_server_session(requests, {}, {}, "http");
    server->receive(test::client_preface() + frame(test::headers, whole, 1, one.fields));
    EXPECT_EQ(requests.count, 0);
    const auto resets = test::frames(test::all_output(*server), test::rst_stream, 1);
    ASSERT_EQ(resets.size(), 1u);
    EXPECT_EQ(resets[0].code(), 1u);
    server->receive(frame(test::headers, whole, 3, request_fields()));
    EXPECT_EQ(requests.count, 1);
    EXPECT_FALSE(server->wants_close());
  }
}

TEST(Malformed, RequestsAfterTheirHead) {
  const Case cases[] = {
      {"body longer than announced", frame(test::data, test::none, 1, "123456")},
      {"body shorter than announced", frame(test::data, test::end_stream, 1, "1234")},
      {"trailers that do not end", frame(test::headers, test::end_headers, 1, field("x", "1"))},
      {"pseudo-header in trailers", frame(test::headers, whole, 1, field(":path", "/"))},
      {"content-length in trailers", frame(test::headers, whole, 1, field("content-length", "0"))},
      {"bad trailer", frame(test::headers, whole, 1, field("x", "a\rb"))},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.name);
    test::Requests requests;
    auto server = make_server_session(requests, {}, {}, "http");
    server->receive(test::client_preface() +
                    frame(test::headers, test::end_headers, 1, request_fields() + field("content-length", "5")));
    ASSERT_EQ(requests.count, 1);
    EXPECT_EQ(requests.last().announced_length(), 5u);
    Watch watch;
    requests.last().observe(&watch);
    server->receive(one.fields);
    const auto resets = test::frames(test::all_output(*server), test::rst_stream, 1);
    ASSERT_EQ(resets.size(), 1u);
    EXPECT_EQ(resets[0].code(), 1u);
    ASSERT_TRUE(requests.last().reset());
    EXPECT_EQ(requests.last().reset()->reason, ResetReason::protocol_error);
    EXPECT_TRUE(requests.last().reset()->text.starts_with("the client broke HTTP/2: "))
        << requests.last().reset()->text;
    EXPECT_FALSE(requests.last().inbound_ended());
    EXPECT_GE(watch.inbound, 1);
  }
}

TEST(Malformed, Answers) {
  const std::string ok = frame(test::headers, test::end_headers, 1, field(":status", "200"));
  const Case cases[] = {
      {"newline in a value", frame(test::headers, whole, 1, field(":status", "200") + field("x", "a\nb"))},
      {"upper-case name", frame(test::headers, whole, 1, field(":status", "200") + field("X", "1"))},
      {"connection", frame(test::headers, whole, 1, field(":status", "200") + field("connection", "close"))},
      {"no status", frame(test::headers, whole, 1, field("x", "1"))},
      {"two statuses", frame(test::headers, whole, 1, field(":status", "200") + field(":status", "200"))},
      {"short status", frame(test::headers, whole, 1, field(":status", "20"))},
      {"status in words", frame(test::headers, whole, 1, field(":status", "abc"))},
      {"status below 100", frame(test::headers, whole, 1, field(":status", "099"))},
      {"101", frame(test::headers, whole, 1, field(":status", "101"))},
      {"1xx that ends", frame(test::headers, whole, 1, field(":status", "103"))},
      {"1xx with a body",
       frame(test::headers, test::end_headers, 1, field(":status", "103")) + frame(test::data, test::none, 1, "x")},
      {"1xx with an end", frame(test::headers, test::end_headers, 1, field(":status", "103")) +
                              frame(test::data, test::end_stream, 1, "")},
      {"no content with a body", frame(test::headers, test::end_headers, 1, field(":status", "204")) +
                                     frame(test::data, test::end_stream, 1, "x")},
      {"body too short",
       frame(test::headers, test::end_headers, 1, field(":status", "200") + field("content-length", "5")) +
           frame(test::data, test::end_stream, 1, "1234")},
      {"body too long",
       frame(test::headers, test::end_headers, 1, field(":status", "200") + field("content-length", "1")) +
           frame(test::data, test::end_stream, 1, "1234")},
      {"trailers that do not end", ok + frame(test::headers, test::end_headers, 1, field("x", "1"))},
      {"bad trailer", ok + frame(test::headers, whole, 1, field("x", "\x7f"))},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.name);
    auto client = make_client_session({}, {});
    client->receive(test::server_preface());
    auto call = client->start(Joined::head(), true);
    Watch watch;
    call->observe(&watch);
    test::all_output(*client);
    client->receive(one.fields);
    const auto resets = test::frames(test::all_output(*client), test::rst_stream, 1);
    ASSERT_EQ(resets.size(), 1u);
    EXPECT_EQ(resets[0].code(), 1u);
    ASSERT_TRUE(call->reset());
    EXPECT_EQ(call->reset()->reason, ResetReason::protocol_error);
    EXPECT_TRUE(call->reset()->text.starts_with("the server broke HTTP/2: ")) << call->reset()->text;
    EXPECT_GE(watch.inbound, 1);
    EXPECT_FALSE(client->retired());
    EXPECT_EQ(client->active(), 0u);
  }
}

TEST(Malformed, TextsNameTheCause) {
  auto client = make_client_session({}, {});
  client->receive(test::server_preface());
  auto call = client->start(Joined::head(), true);
  auto other = client->start(Joined::head(), true);
  test::all_output(*client);
  client->receive(frame(test::headers, whole, 1, field(":status", "200") + field("bad name", "1")));
  EXPECT_EQ(call->reset()->text, "the server broke HTTP/2: invalid field \"bad name\"");
  client->receive(frame(test::headers, test::end_headers, 3, field(":status", "200") + field("content-length", "10")));
  client->receive(frame(test::data, test::end_stream, 3, "123"));
  test::all_output(*client);
  EXPECT_EQ(other->reset()->text, "the server broke HTTP/2: its body's length is not the announced 10 bytes");
}

TEST(Malformed, DataBeforeTheAnswersHeadEndsTheConnection) {
  auto client = make_client_session({}, {});
  client->receive(test::server_preface());
  auto call = client->start(Joined::head(), true);
  test::all_output(*client);
  client->receive(frame(test::data, test::end_stream, 1, "x"));
  test::all_output(*client);
  ASSERT_TRUE(call->reset());
  EXPECT_EQ(call->reset()->reason, ResetReason::protocol_error);
  EXPECT_TRUE(client->retired());
  EXPECT_TRUE(client->wants_close());
}

TEST(Malformed, PushIsRefused) {
  auto client = make_client_session({}, {});
  client->receive(test::server_preface());
  auto call = client->start(Joined::head(), true);
  test::all_output(*client);
  client->receive(frame(5, test::end_headers, 1, test::big_endian(2) + request_fields("GET")));
  test::all_output(*client);
  EXPECT_TRUE(call->reset());
  EXPECT_TRUE(client->wants_close());
}

TEST(Malformed, InformationalAnswersAreSkipped) {
  auto client = make_client_session({}, {});
  client->receive(test::server_preface());
  auto call = client->start(Joined::head(), false);
  Watch watch;
  call->observe(&watch);
  test::all_output(*client);
  client->receive(frame(test::headers, test::end_headers, 1, field(":status", "100") + field("early", "1")));
  client->receive(frame(test::headers, test::end_headers, 1, field(":status", "103") + field("link", "x")));
  EXPECT_EQ(watch.inbound, 0);
  EXPECT_FALSE(call->head_received());
  client->receive(frame(test::headers, test::end_headers, 1, field(":status", "800") + field("final", "1")));
  EXPECT_EQ(watch.inbound, 1);
  EXPECT_TRUE(call->head_received());
  EXPECT_EQ(call->response().status, 800);
  EXPECT_EQ(call->response().headers, Headers({"final", "1"}));
}

TEST(Malformed, AnAnswerToHeadHasALengthButNoBody) {
  auto client = make_client_session({}, {});
  client->receive(test::server_preface());
  http::RequestHead head = Joined::head();
  head.method = "HEAD";
  auto call = client->start(std::move(head), true);
  test::all_output(*client);
  client->receive(frame(test::headers, whole, 1, field(":status", "200") + field("content-length", "5")));
  EXPECT_FALSE(call->reset());
  EXPECT_TRUE(call->inbound_ended());
  EXPECT_TRUE(test::frames(test::all_output(*client), test::rst_stream, 1).empty());
}

// The bytes were taken from the connection's window, or it would close for good.
TEST(Malformed, ABodyThatIsTooLongDoesNotStopTheConnection) {
  test::Requests requests;
  http::SessionLimits limits;
  limits.connection_window = 65'535;
  auto server = make_server_session(requests, limits, {}, "http");
  server->receive(test::client_preface());
  const std::string large(16 * 1024, 'x');
  for (std::uint32_t id = 1; id < 21; id += 2) {
    server->receive(frame(test::headers, test::end_headers, id, request_fields() + field("content-length", "5")) +
                    frame(test::data, test::end_stream, id, large));
    ASSERT_EQ(test::frames(test::all_output(*server), test::rst_stream, id).size(), 1u);
  }
  server->receive(frame(test::headers, test::end_headers, 21, request_fields()) +
                  frame(test::data, test::end_stream, 21, large));
  EXPECT_EQ(requests.last().body().size(), large.size());
  EXPECT_FALSE(server->wants_close());
}

TEST(Malformed, HostStandsInForAuthority) {
  test::Requests requests;
  auto server = make_server_session(requests, {}, {}, "https");
  const std::string rest = field(":method", "GET") + field(":path", "/");
  server->receive(test::client_preface() +
                  frame(test::headers, whole, 1, rest + field(":scheme", "http") + field("host", "by.host")) +
                  frame(test::headers, whole, 3,
                        rest + field(":authority", "by.authority") + field(":scheme", "ftp") + field("host", "h")));
  ASSERT_EQ(requests.count, 2);
  EXPECT_EQ(requests.kept[0]->request().authority, "by.host");
  EXPECT_EQ(requests.kept[1]->request().authority, "by.authority");
  EXPECT_TRUE(requests.kept[0]->request().headers.empty());
  EXPECT_EQ(requests.kept[0]->request().scheme, "https");
  EXPECT_EQ(requests.kept[1]->request().scheme, "https");
}

TEST(Malformed, ConnectHasNoPath) {
  test::Requests requests;
  auto server = make_server_session(requests, {}, {}, "http");
  server->receive(test::client_preface() +
                  frame(test::headers, test::end_headers, 1, field(":method", "CONNECT") + field(":authority", "a:1")));
  ASSERT_EQ(requests.count, 1);
  EXPECT_EQ(requests.last().request().target, "");
}

// ---- Limits

TEST(HeaderLimit, RequestsGet431) {
  Joined joined({}, {.header_list = 2000});
  http::RequestHead head = Joined::head();
  head.headers.add("large", std::string(1500, 'x'));
  for (int i = 0; i < 20; ++i) head.headers.add("name", "value");
  auto call = joined.client->start(head, false);
  call->send_body(std::string(100'000, 'b'));
  ASSERT_TRUE(joined.run());
  EXPECT_EQ(joined.requests.count, 0);
  EXPECT_EQ(call->response().status, 431);
  EXPECT_EQ(call->response().headers["content-type"], "text/plain; charset=utf-8");
  EXPECT_TRUE(call->body().starts_with("the request's header fields need ")) << call->body();
  EXPECT_NE(call->body().find("limit is 2000 (option header_list_limit)"), std::string::npos);
  EXPECT_TRUE(call->inbound_ended());
  ASSERT_TRUE(call->reset());
  EXPECT_EQ(call->reset()->reason, ResetReason::no_error);
  auto next = joined.start(true);
  ASSERT_TRUE(joined.run());
  EXPECT_EQ(joined.requests.count, 1);
}

TEST(HeaderLimit, RequestsOfManyFramesGet431) {
  test::Requests requests;
  auto server = make_server_session(requests, {}, {}, "http");
  server->receive(test::client_preface() + frame(test::headers, test::end_stream, 1, request_fields()));
  for (int i = 0; i < 6; ++i) {
    server->receive(
        frame(test::continuation, i == 5 ? test::end_headers : test::none, 1, field("x", std::string(15'000, 'x'))));
  }
  EXPECT_EQ(requests.count, 0);
  const std::string sent = test::all_output(*server);
  EXPECT_EQ(test::frames(sent, test::headers, 1).size(), 1u);
  EXPECT_EQ(test::frames(sent, test::rst_stream).size(), 0u);
  EXPECT_EQ(server->active(), 0u);
}

// One byte on the wire stands for a field of 4 KiB: nghttp2 itself sets no limit.
TEST(HeaderLimit, TableBombs) {
  test::Requests requests;
  auto server = make_server_session(requests, {}, {}, "http");
  std::string large = field("bomb", std::string(4000, 'x'));
  large[0] = 0x40;  // with indexing
  std::string bomb = request_fields() + large;
  bomb += std::string(12'000 - bomb.size() % 1000, static_cast<char>(0x80 | 62));
  server->receive(test::client_preface() + frame(test::headers, whole, 1, bomb));
  EXPECT_EQ(requests.count, 0);
  const std::string sent = test::all_output(*server);
  EXPECT_EQ(test::frames(sent, test::headers, 1).size(), 1u);
}

TEST(HeaderLimit, ExactlyTheLimitPasses) {
  // 4 pseudo-headers: names 7 + 7 + 5 + 10, values 4 + 4 + 2 + 1, 32 for each; then "x" and its value.
  const std::size_t used = 40 + 4 * 32 + 1 + 32;
  for (const std::size_t more : {std::size_t{0}, std::size_t{1}}) {
    test::Requests requests;
    auto server = make_server_session(requests, {.header_list = 1000}, {}, "http");
    server->receive(
        test::client_preface() +
        frame(test::headers, whole, 1, request_fields() + field("x", std::string(1000 - used + more, 'v'))));
    EXPECT_EQ(requests.count, more == 0 ? 1 : 0);
  }
}

TEST(HeaderLimit, TrailersOfARequest) {
  test::Requests requests;
  auto server = make_server_session(requests, {.header_list = 1000}, {}, "http");
  server->receive(test::client_preface() + frame(test::headers, test::end_headers, 1, request_fields()));
  server->receive(frame(test::headers, whole, 1, field("x", std::string(2000, 'v'))));
  ASSERT_TRUE(requests.last().reset());
  EXPECT_EQ(requests.last().reset()->reason, ResetReason::too_large);
  EXPECT_EQ(requests.last().reset()->text,
            "the request's header fields need 2033 bytes, the limit is 1000 (option header_list_limit)");
  EXPECT_TRUE(requests.last().trailers().empty());
  const auto resets = test::frames(test::all_output(*server), test::rst_stream);
  ASSERT_EQ(resets.size(), 1u);
  EXPECT_EQ(resets[0].code(), 11u);

  // In one batch with the head there is still time for an answer.
  server->receive(frame(test::headers, test::end_headers, 3, request_fields()) +
                  frame(test::headers, whole, 3, field("x", std::string(2000, 'v'))));
  EXPECT_EQ(requests.count, 1);
  EXPECT_EQ(test::frames(test::all_output(*server), test::headers, 3).size(), 1u);
}

TEST(HeaderLimit, AnswersAndTheirTrailers) {
  for (const bool in_trailers : {false, true}) {
    auto client = make_client_session({.header_list = 1000}, {});
    client->receive(test::server_preface());
    auto call = client->start(Joined::head(), true);
    Watch watch;
    call->observe(&watch);
    test::all_output(*client);
    if (in_trailers) client->receive(frame(test::headers, test::end_headers, 1, field(":status", "200")));
    const std::string status = in_trailers ? "" : field(":status", "200");
    client->receive(frame(test::headers, whole, 1, status + field("x", std::string(2000, 'v'))));
    ASSERT_TRUE(call->reset());
    EXPECT_EQ(call->reset()->reason, ResetReason::too_large);
    EXPECT_EQ(call->reset()->text, std::string("the answer's header fields need ") + (in_trailers ? "2033" : "2075") +
                                       " bytes, the limit is 1000 (option header_list_limit)");
    EXPECT_EQ(call->head_received(), in_trailers);
    EXPECT_EQ(watch.inbound, in_trailers ? 2 : 1);
    const auto resets = test::frames(test::all_output(*client), test::rst_stream);
    ASSERT_EQ(resets.size(), 1u);
    EXPECT_EQ(resets[0].code(), 8u);
    EXPECT_FALSE(client->retired());
  }
}

TEST(HeaderLimit, AFieldThatThePeerCannotTakeStaysHere) {
  Joined joined;
  ASSERT_TRUE(joined.run());
  http::RequestHead head = Joined::head();
  head.headers.add("large", std::string(70'000, 'x'));
  auto call = joined.client->start(head, true);
  ASSERT_TRUE(joined.run());
  ASSERT_TRUE(call->reset());
  EXPECT_EQ(call->reset()->text,
            "the field \"large\" has 70000 bytes, but the server takes at most 65536 for all fields "
            "(SETTINGS_MAX_HEADER_LIST_SIZE)");
  EXPECT_EQ(joined.requests.count, 0);

  auto next = joined.start(true);
  ASSERT_TRUE(joined.run());
  joined.requests.last().send_head(response(), false);
  joined.requests.last().send_body("body");
  joined.requests.last().finish({{"large", std::string(70'000, 'x')}});
  ASSERT_TRUE(joined.run());
  ASSERT_TRUE(next->reset());
  EXPECT_EQ(next->reset()->reason, ResetReason::too_busy);
  EXPECT_FALSE(joined.client->retired());
}

TEST(HeaderLimit, MoreFieldsThanAFrameBlockMayHave) {
  auto client = make_client_session({}, {});
  client->receive(test::server_preface());
  http::RequestHead head = Joined::head();
  for (int i = 0; i < 40; ++i) head.headers.add("large", std::string(30'000, static_cast<char>('a' + i % 26)));
  auto call = client->start(head, true);
  test::all_output(*client);
  ASSERT_TRUE(call->reset());
  EXPECT_EQ(call->reset()->reason, ResetReason::internal_error);
  EXPECT_EQ(call->reset()->text, "the fields to be sent need more than 1048576 bytes");
  EXPECT_EQ(client->active(), 0u);
}

}  // namespace
}  // namespace connectrpc::http2
