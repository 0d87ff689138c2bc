// Envelopes that are wrong, to the server and to the client: the code of each, whole and byte by byte, and without
// waiting for what was announced.
#include <gtest/gtest.h>

#include "protocol/test_support.h"

namespace connectrpc::protocol {
namespace {

using test::Answer;
using test::ClientDriver;
using test::Delivery;
using test::envelope;
using test::post;
using test::raw;
using test::ServerDriver;

using Messages = std::vector<std::string>;

struct Framed {
  Protocol protocol;
  std::string_view type;
  std::string_view encoding_name;
  // Flags that mean nothing to this protocol, on either side.
  std::vector<std::uint8_t> unknown_flags;
};
const Framed protocols[] = {
    {Protocol::connect, "application/connect+proto", "connect-content-encoding", {0x04, 0x05, 0x40, 0x80, 0xff}},
    {Protocol::grpc, "application/grpc", "grpc-encoding", {0x02, 0x03, 0x04, 0x80, 0x81, 0xff}},
    {Protocol::grpc_web, "application/grpc-web", "grpc-encoding", {0x02, 0x03, 0x40, 0xc0, 0xff}},
};

// The start of an envelope that announces `size` bytes.
std::string announce(std::uint32_t size, std::uint8_t flags = 0) {
  std::string prefix(1, static_cast<char>(flags));
  for (int shift = 24; shift >= 0; shift -= 8) prefix += static_cast<char>(size >> shift);
  return prefix;
}

// Requests.

void expect_refused(const Framed& framed, const MethodSpec& method, const std::string& body, Code code,
                    const Messages& before = {}) {
  for (const Delivery delivery : test::deliveries) {
    SCOPED_TRACE(std::string(framed.type) + (delivery == Delivery::whole ? "" : ", byte by byte"));
    ServerDriver server(post(framed.type), method);
    ASSERT_TRUE(server.accepted());
    server.feed(body, delivery);
    EXPECT_EQ(server.messages, before);
    ASSERT_TRUE(server.failure);
    EXPECT_EQ(server.failure->code(), code) << server.failure->message();
  }
}

TEST(BadStream, RequestsWithUnknownFlags) {
  for (const Framed& framed : protocols) {
    for (const std::uint8_t flags : framed.unknown_flags) {
      for (const std::string_view payload : {"", "x"}) {
        expect_refused(framed, test::server_method, envelope(payload, flags), Code::internal);
        expect_refused(framed, test::bidi_method, envelope("one") + envelope(payload, flags), Code::internal, {"one"});
      }
    }
  }
}

TEST(BadStream, RequestsThatEndAsOnlyAnswersDo) {
  for (const Framed& framed : protocols) {
    const std::uint8_t flags = framed.protocol == Protocol::connect ? flag_end_stream : flag_trailers;
    expect_refused(framed, test::client_method, envelope("one") + envelope("{}", flags) + envelope("two"),
                   Code::internal, {"one"});
  }
}

TEST(BadStream, CompressedRequestsWithoutACompression) {
  for (const Framed& framed : protocols) {
    for (const std::string_view payload : {"", "x"}) {
      expect_refused(framed, test::server_method, envelope(payload, flag_compressed), Code::internal);
      expect_refused(framed, test::client_method, envelope("one") + envelope(payload, flag_compressed), Code::internal,
                     {"one"});
    }
  }
}

TEST(BadStream, TruncatedRequests) {
  for (const Framed& framed : protocols) {
    const std::string message = envelope("0123456789");
    for (std::size_t size = 1; size < message.size(); ++size) {
      expect_refused(framed, test::server_method, message.substr(0, size), Code::internal);
      expect_refused(framed, test::bidi_method, message + message.substr(0, size), Code::internal, {"0123456789"});
    }
  }
}

TEST(BadStream, RequestsOverTheLimitAreRefusedOnTheirPrefix) {
  ServerSettings settings;
  settings.receive_limit = 1000;
  for (const Framed& framed : protocols) {
    for (const auto* const method : {&test::server_method, &test::bidi_method}) {
      for (const Delivery delivery : test::deliveries) {
        ServerDriver server(post(framed.type), *method, settings);
        server.feed(announce(1001), delivery, false);
        ASSERT_TRUE(server.failure) << framed.type;
        EXPECT_EQ(server.failure->code(), Code::resource_exhausted);
        ServerDriver most(post(framed.type), *method, settings);
        most.feed(announce(0xffffffff), delivery, false);
        ASSERT_TRUE(most.failure) << framed.type;
        EXPECT_EQ(most.failure->code(), Code::resource_exhausted);
        ServerDriver exact(post(framed.type), *method, settings);
        exact.feed(announce(1000), delivery, false);
        EXPECT_FALSE(exact.failure);
        // What is packed may be a little longer than the limit, but not by much.
        ServerDriver packed(post(framed.type, raw({{framed.encoding_name, "gzip"}})), *method, settings);
        packed.feed(announce(10'000, flag_compressed), delivery, false);
        ASSERT_TRUE(packed.failure) << framed.type;
        EXPECT_EQ(packed.failure->code(), Code::resource_exhausted);
      }
    }
  }
}

TEST(BadStream, RequestsOverTheLimitAreRefusedOnTheirLength) {
  ServerSettings settings;
  settings.receive_limit = 1000;
  for (const Framed& framed : protocols) {
    for (const std::string_view begun : {std::string_view(), std::string_view("\0\0\0", 3)}) {
      const auto refusal = [&](const MethodSpec& method, const Headers& fields, std::uint64_t announced) {
        ServerDriver server(post(framed.type, fields), method, settings);
        server.feed(begun, Delivery::whole, false, announced);
        return server.failure;
      };
      const std::optional<Error> over = refusal(test::server_method, {}, envelope_prefix + 1001);
      ASSERT_TRUE(over) << framed.type;
      EXPECT_EQ(over->code(), Code::resource_exhausted);
      EXPECT_EQ(over->message(),
                "a message of 1001 bytes exceeds the receive limit of 1000 bytes (option receive_limit)");
      EXPECT_FALSE(refusal(test::server_method, {}, envelope_prefix + 1000));
      // Of several messages each may be small.
      EXPECT_FALSE(refusal(test::client_method, {}, 1'000'000));
      const Headers gzip = raw({{framed.encoding_name, "gzip"}});
      EXPECT_FALSE(refusal(test::server_method, gzip, envelope_prefix + 1001));
      EXPECT_TRUE(refusal(test::server_method, gzip, 10'000));
    }
    // Where messages have come, their number is what is wrong.
    ServerDriver two(post(framed.type), test::server_method, settings);
    two.feed(envelope(std::string(600, 'x')) + envelope(std::string(600, 'x')), Delivery::whole, true, 1210);
    ASSERT_TRUE(two.failure);
    EXPECT_EQ(two.failure->code(), Code::unimplemented);
  }
}

// Answers.

struct Stream {
  const Framed& framed;

  std::string end() const {
    switch (framed.protocol) {
      case Protocol::connect: return envelope("{}", flag_end_stream);
      case Protocol::grpc_web: return envelope("grpc-status: 0\r\n", flag_trailers);
      case Protocol::grpc: break;
    }
    return "";
  }
  Answer answer(std::string body, bool ended = true, Headers more = {}) const {
    Answer made;
    made.head.headers = std::move(more);
    detail::HeadersAccess::append(made.head.headers, "content-type", framed.type);
    made.body = std::move(body);
    if (framed.protocol == Protocol::grpc && ended) made.trailers = raw({{"grpc-status", "0"}});
    made.ended = ended;
    return made;
  }
};

void expect_failed(const Framed& framed, const MethodSpec& method, const Answer& answer, Code code,
                   const Messages& before = {}, const ClientSettings& settings = {}) {
  for (const Delivery delivery : test::deliveries) {
    SCOPED_TRACE(std::string(framed.type) + (delivery == Delivery::whole ? "" : ", byte by byte"));
    ClientDriver client(framed.protocol, method, settings);
    client.request("");
    client.feed(answer, delivery);
    EXPECT_EQ(client.messages, before);
    ASSERT_TRUE(client.ended);
    ASSERT_TRUE(client.error);
    EXPECT_EQ(client.error->code(), code) << client.error->message();
    EXPECT_FALSE(client.error->is_remote());
  }
}

TEST(BadStream, AnswersWithUnknownFlags) {
  for (const Framed& framed : protocols) {
    const Stream stream{framed};
    for (const std::uint8_t flags : framed.unknown_flags) {
      // A known end with more bits is none either.
      expect_failed(framed, test::server_method,
                    stream.answer(envelope("one") + envelope("x", flags) + stream.end(), true), Code::internal,
                    {"one"});
    }
  }
}

TEST(BadStream, CompressedAnswersWithoutACompression) {
  for (const Framed& framed : protocols) {
    const Stream stream{framed};
    for (const std::string_view payload : {"", "x"}) {
      expect_failed(framed, test::server_method,
                    stream.answer(envelope("one") + envelope(payload, flag_compressed) + stream.end()), Code::internal,
                    {"one"});
    }
  }
}

TEST(BadStream, TruncatedAnswers) {
  for (const Framed& framed : protocols) {
    const Stream stream{framed};
    for (const std::string& last : {envelope("0123456789"), stream.end()}) {
      for (std::size_t size = 1; size < last.size(); ++size) {
        expect_failed(framed, test::server_method, stream.answer(envelope("one") + last.substr(0, size)),
                      Code::internal, {"one"});
      }
    }
  }
}

TEST(BadStream, AnswersThatDoNotEnd) {
  for (const Framed& framed : protocols) {
    Answer answer = Stream{framed}.answer(envelope("one"));
    answer.trailers.clear();
    expect_failed(framed, test::server_method, answer, Code::internal, {"one"});
  }
}

TEST(BadStream, AnswersThatGoOnAfterTheirEnd) {
  for (const Framed& framed : protocols) {
    const Stream stream{framed};
    if (framed.protocol == Protocol::grpc) continue;  // HTTP's trailers are the end of everything
    for (const std::string& more : {std::string("x"), envelope("late"), envelope(""), stream.end()}) {
      expect_failed(framed, test::server_method, stream.answer(envelope("one") + stream.end() + more), Code::internal,
                    {"one"});
      // The end before the only message.
      expect_failed(framed, test::client_method, stream.answer(stream.end() + more), Code::internal);
    }
  }
}

TEST(BadStream, AnswersOverTheLimitFailOnTheirPrefix) {
  ClientSettings settings;
  settings.receive_limit = 1000;
  for (const Framed& framed : protocols) {
    const Stream stream{framed};
    expect_failed(framed, test::server_method, stream.answer(envelope("one") + announce(1001), false),
                  Code::resource_exhausted, {"one"}, settings);
    expect_failed(framed, test::client_method, stream.answer(announce(0xffffffff), false), Code::resource_exhausted, {},
                  settings);
    expect_failed(framed, test::server_method,
                  stream.answer(announce(10'000, flag_compressed), false, raw({{framed.encoding_name, "gzip"}})),
                  Code::resource_exhausted, {}, settings);
  }
}

}  // namespace
}  // namespace connectrpc::protocol
