// How gRPC and gRPC-Web say how a call ended.
#include "protocol/grpc/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "protocol/test_support.h"

namespace connectrpc::protocol {
namespace {

using std::string_view_literals::operator""sv;
using test::lines;
using test::raw;

TEST(GrpcStatus, SuccessIsOneField) {
  EXPECT_EQ(lines(make_status_trailers(nullptr, {})), "grpc-status: 0\n");
  EXPECT_EQ(lines(make_status_trailers(nullptr, {{"a", "1"}})), "a: 1\ngrpc-status: 0\n");
}

TEST(GrpcStatus, ErrorWithEverythingInOrder) {
  Error error(Code::not_found, "50% of é\n");
  error.with_metadata("x", "error").with_detail(ErrorDetail{"a.B", "v"});
  const Headers trailers = make_status_trailers(&error, {{"x", "context"}});
  std::vector<std::string> names;
  for (const HeaderView pair : trailers) names.emplace_back(pair.name);
  EXPECT_THAT(names, testing::ElementsAre("grpc-status", "grpc-message", "grpc-status-details-bin", "x", "x"));
  EXPECT_EQ(trailers["grpc-status"], "5");
  EXPECT_EQ(trailers["grpc-message"], "50%25 of %C3%A9%0A");
  EXPECT_THAT(trailers.get_all("x"), testing::ElementsAre("error", "context"));
  EXPECT_EQ(trailers["grpc-status-details-bin"].find('='), std::string_view::npos);
}

TEST(GrpcStatus, EncodesGoogleRpcStatus) {
  const ErrorDetail details[] = {{"a.B", "v"}};
  EXPECT_EQ(encode_status(5, "hi", details), "\x08\x05\x12\x02hi\x1a\x1c\x0a\x17type.googleapis.com/a.B\x12\x01v");
  EXPECT_EQ(encode_status(13, "", {}), "\x08\x0d");
}

TEST(GrpcStatus, DecodesGoogleRpcStatus) {
  const ErrorDetail details[] = {{"a.B", "v"}, {"c.D", ""}};
  const std::optional<DecodedStatus> status = decode_status(encode_status(16, "message", details));
  ASSERT_TRUE(status);
  EXPECT_EQ(status->code, 16);
  EXPECT_EQ(status->message, "message");
  EXPECT_THAT(status->details, testing::ElementsAreArray(details));
  EXPECT_TRUE(decode_status(""));
  // Unknown fields of every kind are passed over.
  const std::optional<DecodedStatus> later = decode_status(
      "\x08\x05\x20\x01\x29"
      "12345678\x32\x02xy\x3d"
      "1234\x0a\x01z"sv);
  ASSERT_TRUE(later);
  EXPECT_EQ(later->code, 5);
}

TEST(GrpcStatus, EveryTruncationIsBrokenOrShorter) {
  const ErrorDetail details[] = {{"a.B", "value"}};
  const std::string bytes = encode_status(16, "message", details);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const std::optional<DecodedStatus> status = decode_status(bytes.substr(0, size));
    if (status) {
      EXPECT_TRUE(status->details.empty()) << size;
    }
  }
  for (const std::string_view broken :
       {"\x00"sv, "\x12\xff\xff\xff\xff\x0f"sv, "\x1a\x02\x0a\x05"sv, "\x0b"sv, "\x0f"sv})
    EXPECT_FALSE(decode_status(broken));
}

std::string details_bin(int code, std::string_view message, bool padded = false) {
  const ErrorDetail details[] = {{"a.B", "vv"}};
  const std::string bytes = encode_status(code, message, details);
  return padded ? base::base64_encode(bytes) : base::base64_encode_unpadded(bytes);
}

TEST(GrpcStatus, Reads) {
  struct Case {
    Headers fields;
    bool present;
    std::optional<Code> code;
    std::string_view message = "";
    std::size_t details = 0;
  };
  const Case cases[] = {
      {raw({}), false, {}},
      {raw({{"grpc-message", "x"}}), false, {}},
      {raw({{"grpc-status", "0"}}), true, {}},
      {raw({{"grpc-status", "0"}, {"grpc-message", "fine"}}), true, {}},
      {raw({{"grpc-status", "9"}, {"grpc-message", "a%20b%2"}}), true, Code::failed_precondition, "a b%2"},
      {raw({{"grpc-status", "9"}, {"grpc-message", "%ff"}}), true, Code::failed_precondition, "\xef\xbf\xbd"},
      {raw({{"grpc-status", "17"}}), true, Code::unknown},
      {raw({{"grpc-status", "-1"}}), true, Code::unknown},
      {raw({{"grpc-status", "99999999999"}}), true, Code::unknown,
       "the answer's grpc-status is no number: \"99999999999\""},
      {raw({{"grpc-status", "x"}, {"grpc-message", "m"}}), true, Code::unknown,
       "the answer's grpc-status is no number: \"x\"; its grpc-message is: m"},
      {raw({{"grpc-status", ""}}), true, Code::unknown, "the answer's grpc-status is no number: \"\""},
      {raw({{"grpc-status", "5"}, {"grpc-message", "m"}, {"grpc-status-details-bin", details_bin(5, "m")}}), true,
       Code::not_found, "m", 1},
      {raw({{"grpc-status", "5"}, {"grpc-status-details-bin", details_bin(5, "inner", true)}}), true, Code::not_found,
       "inner", 1},
      {raw({{"grpc-status", "5"}, {"grpc-message", "m"}, {"grpc-status-details-bin", details_bin(6, "other")}}), true,
       Code::not_found, "m", 0},
      {raw({{"grpc-status", "5"}, {"grpc-message", "m"}, {"grpc-status-details-bin", "?"}}), true, Code::not_found,
       "m"},
      {raw({{"grpc-status", "5"}, {"grpc-message", "m"}, {"grpc-status-details-bin", "CgU"}}), true, Code::not_found,
       "m"},
  };
  for (const Case& c : cases) {
    const Status status = read_status(c.fields);
    EXPECT_EQ(status.present, c.present) << lines(c.fields);
    ASSERT_EQ(status.error.has_value(), c.code.has_value()) << lines(c.fields);
    if (!c.code) continue;
    EXPECT_EQ(status.error->code(), *c.code) << lines(c.fields);
    EXPECT_EQ(status.error->message(), c.message) << lines(c.fields);
    EXPECT_EQ(status.error->details().size(), c.details) << lines(c.fields);
    EXPECT_TRUE(status.error->is_remote());
  }
}

TEST(GrpcStatus, MessageAndDetailsAgreeWhateverTheMessage) {
  for (const std::string_view message : {"", "plain", "é\n%", "\xff broken \xc3"}) {
    Error error(Code::internal, std::string(message));
    error.with_detail(ErrorDetail{"a.B", "v"});
    const Headers trailers = make_status_trailers(&error, {});
    const Status status = read_status(trailers);
    ASSERT_TRUE(status.error);
    EXPECT_EQ(status.error->details().size(), 1U);
    Headers without = trailers;
    without.erase("grpc-status-details-bin");
    EXPECT_EQ(read_status(without).error->message(), status.error->message());
  }
}

TEST(GrpcStatus, WhatUsersMayNotSendIsLeftOut) {
  const Error error(Code::internal);
  const Headers received =
      raw({{"grpc-status", "7"}, {"a", "kept"}, {"b", "line\r\ngrpc-status: 0"}, {"content-type", "x"}});
  EXPECT_EQ(lines(make_status_trailers(&error, received)), "a: kept\ngrpc-status: 13\n");
  EXPECT_EQ(lines(make_status_trailers(nullptr, received)), "a: kept\ngrpc-status: 0\n");
}

}  // namespace
}  // namespace connectrpc::protocol
