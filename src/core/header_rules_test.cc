// Tests of which names and values users may set, and which names they see.
#include <gtest/gtest.h>

#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "connectrpc/detail/headers_access.h"
#include "connectrpc/error.h"
#include "connectrpc/headers.h"
#include "connectrpc/result.h"

namespace connectrpc {
namespace {

using detail::begins_as_reserved;
using detail::is_user_visible;
using detail::name_fault;
using detail::pair_fault;
using detail::trailer_name_fault;
using detail::TrailerPrefix;
using detail::user_metadata;
using detail::value_fault;

constexpr std::string_view reserved_names[] = {"connect-",
                                               "connect-timeout-ms",
                                               "connect-protocol-version",
                                               "connect-anything-bin",
                                               "grpc-",
                                               "grpc-timeout",
                                               "grpc-status",
                                               "grpc-message",
                                               "grpc-encoding",
                                               "grpc-accept-encoding",
                                               "grpc-status-details-bin",
                                               "grpc-trace-bi",
                                               "grpc-trace-bin2",
                                               "connection",
                                               "te",
                                               "transfer-encoding",
                                               "keep-alive",
                                               "upgrade",
                                               "proxy-connection",
                                               "content-type",
                                               "content-length",
                                               "content-encoding",
                                               "accept-encoding",
                                               "host",
                                               "trailer",
                                               "expect",
                                               "http2-settings"};
constexpr std::string_view pseudo_names[] = {":", ":x", ":status", ":path", ":authority"};
constexpr std::string_view trailer_names[] = {"trailer-", "trailer-x", "trailer-x-bin"};
constexpr std::string_view free_names[] = {"a",
                                           "x-custom",
                                           "grpc",
                                           "grpcx",
                                           "grpc-trace-bin",
                                           "grpc-tags-bin",
                                           "grpc-retry-pushback-ms",
                                           "connect",
                                           "connections",
                                           "tex",
                                           "t",
                                           "trailers",
                                           "hosts",
                                           "content-types",
                                           "content-language",
                                           "accept",
                                           "user-agent",
                                           "authorization",
                                           "cookie",
                                           "date",
                                           "server",
                                           "expected",
                                           "upgrade-insecure-requests",
                                           "-",
                                           "_",
                                           ".",
                                           "0",
                                           "a_b-c.d9"};

std::string upper(std::string_view text) {
  std::string changed(text);
  for (char& c : changed)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return changed;
}

std::string mixed(std::string_view text) {
  std::string changed(text);
  for (std::size_t i = 0; i < changed.size(); i += 2) changed[i] = upper(changed.substr(i, 1))[0];
  return changed;
}

TEST(HeaderRules, ReservedNamesInAnyCase) {
  for (const auto& names : {std::span<const std::string_view>(reserved_names), {pseudo_names}, {trailer_names}})
    for (const std::string_view name : names) {
      for (const std::string& spelled : {std::string(name), upper(name), mixed(name)}) {
        EXPECT_NE(name_fault(spelled), "") << spelled;
        EXPECT_NE(trailer_name_fault(spelled), "") << spelled;
      }
    }
}

TEST(HeaderRules, FreeNamesInAnyCase) {
  for (const std::string_view name : free_names)
    for (const std::string& spelled : {std::string(name), upper(name), mixed(name)}) {
      EXPECT_EQ(name_fault(spelled), "") << spelled;
      EXPECT_EQ(trailer_name_fault(spelled).empty(), name != "date") << spelled;
    }
}

TEST(HeaderRules, DateIsReservedInTrailersOnly) {
  EXPECT_EQ(name_fault("date"), "");
  EXPECT_NE(trailer_name_fault("date"), "");
  EXPECT_NE(trailer_name_fault("Date"), "");
}

TEST(HeaderRules, NamesByCharacter) {
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    const bool allowed =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    EXPECT_EQ(name_fault(std::string("x") + c + "y").empty(), allowed) << i;
    EXPECT_EQ(name_fault(std::string(1, c)).empty(), allowed) << i;
  }
  EXPECT_NE(name_fault(""), "");
  EXPECT_EQ(name_fault(std::string(8192, 'n')), "");
}

TEST(HeaderRules, ValuesByCharacter) {
  for (int i = 0; i < 256; ++i) {
    const std::string inner = std::string("x") + static_cast<char>(i) + "y";
    EXPECT_EQ(value_fault(inner).empty(), i >= 0x20 && i <= 0x7e) << i;
    EXPECT_EQ(value_fault(std::string(1, static_cast<char>(i))).empty(), i > 0x20 && i <= 0x7e) << i;
  }
  for (const std::string_view good : {"", "a,b, c", "a  b", "100%", "\"quoted\"", "~"})
    EXPECT_EQ(value_fault(good), "");
  for (const std::string_view bad : {" a", "a ", " ", "\ta", "a\t", "a\tb", "a\rb", "a\nb", "a\r\nb: c", "\xC3\xA9"})
    EXPECT_NE(value_fault(bad), "") << bad;
  EXPECT_EQ(value_fault(std::string(65536, 'v')), "");
}

// Sixteen characters are looked at at once: none of any length may slip through.
TEST(HeaderRules, OneBadCharacterAtEveryPlace) {
  for (std::size_t size = 1; size <= 40; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int i = 0; i < 256; ++i) {
        const char c = static_cast<char>(i);
        std::string text(size, 'x');
        text[at] = c;
        const bool in_names = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                              c == '-' || c == '.';
        ASSERT_EQ(pair_fault(text, "").empty(), in_names) << size << " " << at << " " << i;
        const bool at_end = at == 0 || at + 1 == size;
        const bool in_values = i >= (at_end ? 0x21 : 0x20) && i <= 0x7e;
        ASSERT_EQ(pair_fault("x", text).empty(), in_values) << size << " " << at << " " << i;
      }
    }
  }
}

TEST(HeaderRules, FirstLettersOfAllThatHasRules) {
  for (const auto& names : {std::span<const std::string_view>(reserved_names), {pseudo_names}, {trailer_names}})
    for (const std::string_view name : names) {
      EXPECT_TRUE(begins_as_reserved(name)) << name;
      EXPECT_TRUE(begins_as_reserved(mixed(name))) << name;
    }
  for (const std::string_view name : {"", "x-request-id", "b", "d", "f", "I", "j", "l", "m", "N", "o", "q", "r", "s"})
    EXPECT_FALSE(begins_as_reserved(name)) << name;
}

TEST(HeaderRules, WhatReadersSee) {
  for (const std::string_view name : free_names) {
    EXPECT_TRUE(is_user_visible(name, TrailerPrefix::shown)) << name;
    EXPECT_TRUE(is_user_visible(name, TrailerPrefix::hidden)) << name;
  }
  for (const std::string_view name : trailer_names) {
    EXPECT_TRUE(is_user_visible(name, TrailerPrefix::shown)) << name;
    EXPECT_FALSE(is_user_visible(name, TrailerPrefix::hidden)) << name;
  }
  for (const auto& names : {std::span<const std::string_view>(reserved_names), {pseudo_names}})
    for (const std::string_view name : names) {
      EXPECT_FALSE(is_user_visible(name, TrailerPrefix::shown)) << name;
      EXPECT_FALSE(is_user_visible(name, TrailerPrefix::hidden)) << name;
    }
}

TEST(HeaderRules, UserMetadataOfWhatWasReceived) {
  Headers raw;
  using Access = detail::HeadersAccess;
  Access::append(raw, ":status", "200");
  Access::append(raw, "content-type", "application/proto");
  Access::append(raw, "A", "1");
  Access::append(raw, "trailer-b", "2");
  Access::append(raw, "grpc-trace-bin", "AAE");
  Access::append(raw, "grpc-status", "0");
  Access::append(raw, "a", "\xC3\xA9");
  const Headers with = detail::user_metadata(raw);
  ASSERT_EQ(with.size(), 4U);
  EXPECT_EQ(*with.begin(), (HeaderView{"a", "1"}));
  EXPECT_EQ(with["trailer-b"], "2");
  EXPECT_EQ(with["grpc-trace-bin"], "AAE");
  EXPECT_EQ(with.get_all("a").at(1), "\xC3\xA9");
  EXPECT_FALSE(Access::all_checked(with));
  const Headers without = detail::user_metadata(raw, TrailerPrefix::hidden);
  EXPECT_EQ(without.size(), 3U);
  EXPECT_FALSE(without.contains("trailer-b"));
  EXPECT_TRUE(detail::user_metadata(Headers()).empty());
}

// Every way in refuses what may not be sent, says which key and which rule, and changes nothing.
class Refusals : public testing::TestWithParam<std::pair<std::string, std::string>> {};

TEST_P(Refusals, EveryWayIn) {
  const auto& [name, value] = GetParam();
  Headers headers{{"kept", "1"}, {"kept", "2"}};
  const Headers before = headers;
  EXPECT_THROW(headers.add(name, value), std::invalid_argument);
  EXPECT_THROW(headers.set(name, value), std::invalid_argument);
  EXPECT_THROW(Headers(Header(name, value)), std::invalid_argument);
  EXPECT_THROW(Headers(Header("a", "b"), Header(name, value)), std::invalid_argument);
  const Result<void> added = headers.try_add(name, value);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code(), Code::invalid_argument);
  EXPECT_TRUE(added.error().message().starts_with("header \"")) << added.error().message();
  const Result<void> replaced = headers.try_set(name, value);
  ASSERT_FALSE(replaced);
  EXPECT_EQ(replaced.error().message(), added.error().message());
  Error error(Code::not_found);
  EXPECT_THROW(error.with_metadata(name, value), std::invalid_argument);
  EXPECT_TRUE(error.metadata().empty());
  EXPECT_EQ(headers, before);
  EXPECT_EQ(headers.size(), 2U);
}

std::vector<std::pair<std::string, std::string>> refused_pairs() {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& names : {std::span<const std::string_view>(reserved_names), {pseudo_names}, {trailer_names}})
    for (const std::string_view name : names) {
      pairs.emplace_back(name, "AAE");
      pairs.emplace_back(mixed(name), "AAE");
    }
  for (const std::string_view name : {"", " ", "a b", "a\n", "\xC3\xA9", "a\x7f", "a:b", "a\"b"})
    pairs.emplace_back(name, "v");
  pairs.emplace_back(std::string("a\0b", 3), "v");
  pairs.emplace_back(std::string(8191, 'n') + "\n", "v");
  for (const std::string_view value : {" v", "v ", "\tv", "a\tb", "a\rb", "a\nb", "\xC3\xA9", "a\x7f", "\x80", "\xff"})
    pairs.emplace_back("name", value);
  pairs.emplace_back("name", std::string("a\0b", 3));
  for (const std::string_view value : {"A", "-_-_", "AA=", "A A", "AAE;AAE", "AAE, *", "=", "hello!"}) {
    pairs.emplace_back("x-bin", value);
    pairs.emplace_back("X-BIN", value);
  }
  return pairs;
}

INSTANTIATE_TEST_SUITE_P(All, Refusals, testing::ValuesIn(refused_pairs()));

TEST(HeaderRules, TextsNameTheKeyAndTheRule) {
  const auto text = [](std::string_view name, std::string_view value) -> std::string {
    try {
      Headers().add(name, value);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(text("grpc-timeout", "1S"), "header \"grpc-timeout\": reserved by the protocols");
  EXPECT_EQ(text("Content-Type", "x"), "header \"Content-Type\": reserved by the protocols");
  EXPECT_EQ(text("", "x"), "header \"\": a name must not be empty");
  EXPECT_EQ(text(":path", "x"), "header \":path\": names that begin with ':' are reserved by HTTP");
  EXPECT_EQ(text("a\"\n\xff", "x"),
            "header \"a\\x22\\x0a\\xff\": a name consists of ASCII letters, digits, '_', '-' and '.'");
  EXPECT_EQ(text("a", "\n"), "header \"a\": a text value consists of printable ASCII and spaces");
  EXPECT_EQ(text("a", "x "), "header \"a\": HTTP trims spaces at the ends of a value");
  EXPECT_EQ(text("a-bin", "*"),
            "header \"a-bin\": the text of a \"-bin\" header must be base64 (set_binary and add_binary encode)");
  EXPECT_LT(text(std::string(8192, '\n'), "x").size(), 400U);
}

TEST(HeaderRules, KnowsWhatWasChecked) {
  using Access = detail::HeadersAccess;
  Headers headers{{"a", "b"}};
  headers.set("a", "longer");
  headers.set_binary("b-bin", "x");
  EXPECT_TRUE(Access::all_checked(headers));
  Headers received;
  Access::append(received, "x", "\x80");
  EXPECT_FALSE(Access::all_checked(received));
  Headers both = headers;
  Access::append_all(both, received);
  EXPECT_FALSE(Access::all_checked(both));
  Headers copy = both;
  EXPECT_FALSE(Access::all_checked(copy));
  const Headers moved = std::move(copy);
  EXPECT_FALSE(Access::all_checked(moved));
  EXPECT_TRUE(Access::all_checked(copy));  // NOLINT(bugprone-use-after-move)
  both.set("a", "changed again");
  EXPECT_FALSE(Access::all_checked(both));
  both.clear();
  EXPECT_TRUE(Access::all_checked(both));
}

TEST(HeaderRules, KnowsWhatCanBeWrittenAsItIs) {
  using Access = detail::HeadersAccess;
  Headers headers{{"a", "b"}};
  EXPECT_TRUE(Access::all_writable(headers));
  Access::append_faultless(headers, "C", "d");
  EXPECT_TRUE(Access::all_checked(headers));
  EXPECT_EQ(headers["c"], "d");
  // A protocol's own field: not for users, but fit for the wire.
  Access::append_own(headers, "grpc-status", "0");
  EXPECT_FALSE(Access::all_checked(headers));
  EXPECT_TRUE(Access::all_writable(headers));
  headers.add("e", "f");
  headers.set("grpc-tags-bin", "AAE");
  EXPECT_FALSE(Access::all_checked(headers));
  EXPECT_TRUE(Access::all_writable(headers));
  Headers copy = headers;
  EXPECT_TRUE(Access::all_writable(copy));
  EXPECT_FALSE(Access::all_checked(copy));
  EXPECT_FALSE(Access::all_checked(user_metadata(copy)));
  // Unless something comes from a user past all rules, such as the name of a compression.
  Access::append_own(copy, "grpc-encoding", "x\r\nevil: 1");
  EXPECT_FALSE(Access::all_writable(copy));
  Access::append_own(copy, "grpc-status", "0");
  EXPECT_FALSE(Access::all_writable(copy));
  for (const auto append : {&Access::append, &Access::append_lower}) {
    Headers received = headers;
    append(received, "x", "y");
    EXPECT_FALSE(Access::all_writable(received));
    Headers both{{"a", "b"}};
    Access::append_all(both, headers);
    EXPECT_TRUE(Access::all_writable(both));
    Access::append_all(both, received);
    EXPECT_FALSE(Access::all_writable(both));
    Headers moved = std::move(both);
    EXPECT_FALSE(Access::all_writable(moved));
    moved.set("a", "c");
    EXPECT_FALSE(Access::all_writable(moved));
    moved.clear();
    EXPECT_TRUE(Access::all_checked(moved));
  }
}

}  // namespace
}  // namespace connectrpc
