// Tests of binary values and messages in Headers.
#include <gmock/gmock.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/wrappers.pb.h>

#include <array>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "connectrpc/detail/headers_access.h"
#include "connectrpc/headers.h"
#include "connectrpc/result.h"

namespace connectrpc {
namespace {

using detail::HeadersAccess;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view contract_bytes = "\x0d\x16\xad\x85\x6c\xe4\x47\x73\xa1\xbe\x9f\x62\xb2\xe8\x86\xa3";
constexpr std::string_view contract_text = "DRathWzkR3Ohvp9isuiGow";

Headers received(std::string_view name, std::string_view value) {
  Headers headers;
  HeadersAccess::append(headers, name, value);
  return headers;
}

std::string one_binary(const Headers& headers, std::string_view name) {
  return headers.get_binary(name).value().value();
}

TEST(BinaryHeaders, ContractVector) {
  Headers headers;
  headers.set_binary("x-bin", contract_bytes);
  EXPECT_EQ(headers["x-bin"], contract_text);
  EXPECT_EQ(one_binary(headers, "x-bin"), contract_bytes);
  EXPECT_EQ(encode_binary_header(contract_bytes), contract_text);
  EXPECT_EQ(decode_binary_header(contract_text).value(), contract_bytes);
}

TEST(BinaryHeaders, LengthsZeroToFive) {
  const std::string_view texts[] = {"", "AA", "AAE", "AAEC", "AAECAw", "AAECAwQ"};
  const std::string_view padded[] = {"", "AA==", "AAE=", "AAEC", "AAECAw==", "AAECAwQ="};
  for (std::size_t size = 0; size <= 5; ++size) {
    const std::string bytes = std::string("\0\1\2\3\4", 5).substr(0, size);
    Headers headers;
    headers.set_binary("x-bin", bytes);
    EXPECT_EQ(headers["x-bin"], texts[size]);
    EXPECT_EQ(one_binary(headers, "x-bin"), bytes);
    EXPECT_EQ(one_binary(received("x-bin", padded[size]), "x-bin"), bytes);
    EXPECT_EQ(one_binary(Headers{{"x-bin", padded[size]}}, "x-bin"), bytes);
    EXPECT_EQ(decode_binary_header(padded[size]).value(), bytes);
  }
}

TEST(BinaryHeaders, StringsAndSpansOfBytes) {
  const std::array<std::byte, 3> bytes{std::byte{0}, std::byte{1}, std::byte{255}};
  const std::vector<std::byte> more(bytes.begin(), bytes.end());
  Headers headers;
  headers.add_binary("x-bin", bytes);
  headers.add_binary("x-bin", more);
  headers.add_binary("X-Bin", std::string("\0\1\xff", 3));
  EXPECT_THAT(headers.get_all("x-bin"), ElementsAre("AAH/", "AAH/", "AAH/"));
  EXPECT_EQ(encode_binary_header(std::span<const std::byte>(bytes)), "AAH/");
  headers.set_binary("x-bin", std::span<const std::byte>());
  EXPECT_THAT(headers.get_all("x-bin"), ElementsAre(""));
  EXPECT_EQ(one_binary(headers, "x-bin"), "");
}

TEST(BinaryHeaders, SetReplacesAddAppends) {
  Headers headers{{"a-bin", "AAE"}, {"b", "2"}};
  headers.add_binary("a-bin", "\2");
  EXPECT_THAT(headers.get_all_binary("A-BIN").value(), ElementsAre(std::string("\0\1", 2), "\2"));
  headers.set_binary("A-bin", "new bytes");
  EXPECT_THAT(headers.get_all_binary("a-bin").value(), ElementsAre("new bytes"));
  EXPECT_EQ((*headers.begin()).name, "a-bin");
}

TEST(BinaryHeaders, AbsentIsNoError) {
  const Headers headers;
  EXPECT_EQ(headers.get_binary("x-bin").value(), std::nullopt);
  EXPECT_THAT(headers.get_all_binary("x-bin").value(), IsEmpty());
}

TEST(BinaryHeaders, CommaJoinedIsSeveral) {
  for (const std::string_view text : {"AAE,AAI", "AAE, AAI", "AAE= ,\tAAI=", "AAE ,  AAI"}) {
    const Headers headers = received("x-bin", text);
    EXPECT_THAT(headers.get_all_binary("x-bin").value(), ElementsAre(std::string("\0\1", 2), std::string("\0\2", 2)))
        << text;
    EXPECT_EQ(one_binary(headers, "x-bin"), std::string("\0\1", 2)) << text;
    EXPECT_EQ(headers["x-bin"], text);
  }
  Headers headers = received("x-bin", "AAE,AAI");
  HeadersAccess::append(headers, "x-bin", "AAM");
  EXPECT_EQ(headers.get_all_binary("x-bin").value().size(), 3U);
  EXPECT_THAT(received("x-bin", ",AA").get_all_binary("x-bin").value(), ElementsAre("", std::string(1, '\0')));
}

TEST(BinaryHeaders, BadBase64IsAnErrorOfThatLookUp) {
  for (const std::string_view text : {"A", "AAAAA", "-_-_", "AA=", "A*==", "AA AA", "\x80\x80\x80\x80", "AAE;AAE"}) {
    Headers headers = received("x-bin", text);
    HeadersAccess::append(headers, "y-bin", "AAE");
    const auto one = headers.get_binary("x-bin");
    ASSERT_FALSE(one) << text;
    EXPECT_EQ(one.error().code(), Code::invalid_argument);
    EXPECT_EQ(one.error().message(), "header \"x-bin\": the value is not base64 in the standard alphabet");
    EXPECT_FALSE(headers.get_all_binary("x-bin")) << text;
    EXPECT_FALSE(decode_binary_header(text)) << text;
    EXPECT_EQ(headers["x-bin"], text);
    EXPECT_TRUE(headers.get_binary("y-bin"));
  }
  EXPECT_EQ(decode_binary_header("*").error().code(), Code::invalid_argument);
  const Headers second_bad = received("x-bin", "AAE, *");
  EXPECT_TRUE(second_bad.get_binary("x-bin"));
  EXPECT_FALSE(second_bad.get_all_binary("x-bin"));
}

TEST(BinaryHeaders, BytesNeedTheSuffix) {
  Headers headers{{"x", "AAE"}};
  const Headers before = headers;
  for (const std::string_view name :
       {"x", "bin", "x-bin-", "xbin", "", "a b-bin", "grpc-status-details-bin", ":x-bin"}) {
    EXPECT_THROW(headers.set_binary(name, "v"), std::invalid_argument) << name;
    EXPECT_THROW(headers.add_binary(name, "v"), std::invalid_argument) << name;
    EXPECT_THROW(headers.set_message(name, google::protobuf::StringValue()), std::invalid_argument) << name;
    EXPECT_THROW(Error(Code::internal).with_binary_metadata(name, "v"), std::invalid_argument) << name;
  }
  EXPECT_EQ(headers, before);
  ASSERT_FALSE(headers.get_binary("x"));
  EXPECT_EQ(headers.get_binary("x").error().message(), "header \"x\": bytes live under names that end in \"-bin\"");
  EXPECT_FALSE(headers.get_all_binary("x"));
  EXPECT_NO_THROW(headers.set_binary("grpc-trace-bin", "v"));
}

TEST(BinaryHeaders, Messages) {
  Headers headers;
  google::protobuf::Duration duration;
  duration.set_seconds(5);
  headers.set_message("d-bin", duration);
  EXPECT_EQ(headers["d-bin"], "CAU");
  const auto back = headers.get_message<google::protobuf::Duration>("D-Bin");
  ASSERT_TRUE(back);
  ASSERT_TRUE(back->has_value());
  EXPECT_EQ((**back).seconds(), 5);
  headers.set_message("d-bin", google::protobuf::Duration());
  EXPECT_EQ(headers.get_message<google::protobuf::Duration>("d-bin").value()->seconds(), 0);
  EXPECT_EQ(headers.get_message<google::protobuf::Duration>("absent-bin").value(), std::nullopt);
}

TEST(BinaryHeaders, BrokenMessagesAreAnErrorOfThatLookUp) {
  Headers headers = received("x-bin", "*");
  HeadersAccess::append(headers, "y-bin", "CA");
  const auto not_base64 = headers.get_message<google::protobuf::Duration>("x-bin");
  ASSERT_FALSE(not_base64);
  EXPECT_EQ(not_base64.error().code(), Code::invalid_argument);
  const auto not_a_duration = headers.get_message<google::protobuf::Duration>("y-bin");
  ASSERT_FALSE(not_a_duration);
  EXPECT_EQ(not_a_duration.error().message(), "header \"y-bin\": the value is not a google.protobuf.Duration");
  EXPECT_FALSE(headers.get_message<google::protobuf::Duration>("no-suffix"));
}

}  // namespace
}  // namespace connectrpc
