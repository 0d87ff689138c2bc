// Pairs that came past the checks, by assignment of what was received: in none of the four places do they leave, and
// what does leave need not be looked at again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectrpc/detail/headers_access.h"
#include "protocol/test_support.h"

namespace connectrpc::protocol {
namespace {

using detail::HeadersAccess;
using test::ClientDriver;
using test::lines;
using test::raw;
using test::ServerDriver;
using testing::HasSubstr;
using testing::Not;

const Headers& received() {
  static const Headers pairs = raw({{"good", "kept"},
                                    {"evil", "1\r\ninjected: 2"},
                                    {"injected name\r\n", "3"},
                                    {"content-type", "injected/4"},
                                    {"grpc-status", "injected"},
                                    {"injected", "caf\xc3\xa9"},
                                    {"injected-bin", "*"}});
  return pairs;
}

void expect_clean(const Headers& sent, std::string_view good) {
  EXPECT_THAT(lines(sent), HasSubstr(std::string(good) + ": kept\n"));
  EXPECT_THAT(lines(sent), Not(HasSubstr("injected")));
  EXPECT_TRUE(HeadersAccess::all_writable(sent));
}

TEST(Unsendable, RequestHeaders) {
  for (const Protocol protocol : {Protocol::connect, Protocol::grpc, Protocol::grpc_web}) {
    for (const MethodSpec* const method : {&test::unary_method, &test::bidi_method}) {
      ClientDriver client(protocol, *method);
      client.request("message", received());
      ASSERT_TRUE(client.head);
      expect_clean(client.head->headers, "good");
    }
  }
}

struct Kind {
  std::string_view content_type;
  const MethodSpec& method;
  // Where trailers, and an error's metadata, are in the answer: in its head, in its trailers, or in the body.
  enum class Place { head, trailers, body } place;
};

const Kind kinds[] = {
    {"application/proto", test::unary_method, Kind::Place::head},
    {"application/connect+proto", test::server_method, Kind::Place::body},
    {"application/grpc", test::unary_method, Kind::Place::trailers},
    {"application/grpc", test::server_method, Kind::Place::trailers},
    {"application/grpc-web", test::unary_method, Kind::Place::body},
};

void expect_clean(const Kind& kind, const test::Answer& answer, std::string_view good_in_head) {
  switch (kind.place) {
    case Kind::Place::head: expect_clean(answer.head.headers, good_in_head); break;
    case Kind::Place::trailers: expect_clean(answer.trailers, "good"); break;
    case Kind::Place::body:
      EXPECT_THAT(answer.body, HasSubstr("kept"));
      EXPECT_THAT(answer.body, Not(HasSubstr("injected")));
      break;
  }
}

TEST(Unsendable, ResponseHeaders) {
  for (const Kind& kind : kinds) {
    ServerDriver server(test::post(kind.content_type), kind.method);
    ASSERT_TRUE(server.accepted());
    server.send_headers(received());
    ASSERT_TRUE(server.send("answer"));
    server.finish(nullptr);
    expect_clean(server.answer.head.headers, "good");
  }
}

TEST(Unsendable, Trailers) {
  for (const Kind& kind : kinds) {
    ServerDriver server(test::post(kind.content_type), kind.method);
    server.send_headers({});
    ASSERT_TRUE(server.send("answer"));
    server.finish(nullptr, {}, received());
    expect_clean(kind, server.answer, "trailer-good");
  }
}

TEST(Unsendable, ErrorMetadata) {
  for (const Kind& kind : kinds) {
    ServerDriver server(test::post(kind.content_type), kind.method);
    server.send_headers({});
    Error error(Code::not_found, "no");
    error.with_metadata(received());
    server.finish(&error);
    expect_clean(kind, server.answer, "good");
  }
}

}  // namespace
}  // namespace connectrpc::protocol
