// Tests of Headers as a multimap of text.
#include "connectrpc/headers.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <random>
#include <ranges>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "connectrpc/detail/headers_access.h"
#include "connectrpc/result.h"

namespace connectrpc {
namespace {

using detail::HeadersAccess;
using testing::ElementsAre;
using testing::IsEmpty;

static_assert(std::forward_iterator<Headers::Iterator>);
static_assert(std::ranges::forward_range<const Headers&>);
static_assert(std::is_nothrow_move_constructible_v<Headers>);

std::vector<std::pair<std::string, std::string>> pairs_of(const Headers& headers) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto [name, value] : headers) pairs.emplace_back(name, value);
  return pairs;
}

auto pair(std::string_view name, std::string_view value) { return std::pair<std::string, std::string>(name, value); }

TEST(Headers, EmptyHasNothing) {
  const Headers headers;
  EXPECT_TRUE(headers.empty());
  EXPECT_EQ(headers.size(), 0U);
  EXPECT_EQ(headers.begin(), headers.end());
  EXPECT_EQ(headers.get("a"), std::nullopt);
  EXPECT_EQ(headers["a"], "");
  EXPECT_FALSE(headers.contains("a"));
  EXPECT_THAT(headers.get_all("a"), IsEmpty());
  EXPECT_EQ(HeadersAccess::byte_size(headers), 0U);
}

TEST(Headers, KeepsPairsInOrderInterleavedToo) {
  const Headers headers{{"a", "1"}, {"B", "2"}, {"A", "3"}};
  EXPECT_THAT(pairs_of(headers), ElementsAre(pair("a", "1"), pair("b", "2"), pair("a", "3")));
  EXPECT_EQ(headers["a"], "1");
  EXPECT_EQ(headers.get("A"), "1");
  EXPECT_THAT(headers.get_all("a"), ElementsAre("1", "3"));
  EXPECT_EQ(headers.size(), 3U);
  EXPECT_EQ(HeadersAccess::byte_size(headers), 6U);
}

TEST(Headers, FindsNamesInAnyCase) {
  Headers headers;
  headers.add("X-Request_Id.2", "v");
  for (const std::string_view name : {"x-request_id.2", "X-REQUEST_ID.2", "X-Request_Id.2"}) {
    EXPECT_EQ(headers[name], "v") << name;
    EXPECT_TRUE(headers.contains(name));
  }
  for (const std::string_view name :
       {"", "x", "x-request_id.", "x-request_id.22", "x-request?id.2", "X-Request\x7fId.2"})
    EXPECT_FALSE(headers.contains(name)) << name;
  EXPECT_EQ((*headers.begin()).name, "x-request_id.2");
}

TEST(Headers, TellsEmptyFromAbsent) {
  const Headers headers{{"empty", ""}};
  EXPECT_EQ(headers.get("empty"), "");
  EXPECT_TRUE(headers.contains("empty"));
  EXPECT_EQ(headers.get("absent"), std::nullopt);
}

TEST(Headers, NeverSplitsText) {
  const Headers headers{{"list", "a, b,c"}};
  EXPECT_THAT(headers.get_all("list"), ElementsAre("a, b,c"));
}

TEST(Headers, OneToEightBracedPairs) {
  EXPECT_EQ(Headers({"1", "a"}).size(), 1U);
  EXPECT_EQ((Headers{{"1", "a"}, {"2", "b"}}).size(), 2U);
  EXPECT_EQ((Headers{{"1", "a"}, {"2", "b"}, {"3", "c"}}).size(), 3U);
  EXPECT_EQ((Headers{{"1", "a"}, {"2", "b"}, {"3", "c"}, {"4", "d"}}).size(), 4U);
  EXPECT_EQ((Headers{{"1", "a"}, {"2", "b"}, {"3", "c"}, {"4", "d"}, {"5", "e"}}).size(), 5U);
  EXPECT_EQ((Headers{{"1", "a"}, {"2", "b"}, {"3", "c"}, {"4", "d"}, {"5", "e"}, {"6", "f"}}).size(), 6U);
  EXPECT_EQ((Headers{{"1", "a"}, {"2", "b"}, {"3", "c"}, {"4", "d"}, {"5", "e"}, {"6", "f"}, {"7", "g"}}).size(), 7U);
  const Headers eight{{"1", "a"}, {"2", "b"}, {"3", "c"}, {"4", "d"}, {"5", "e"}, {"6", "f"}, {"7", "g"}, {"8", "h"}};
  EXPECT_THAT(pairs_of(eight), ElementsAre(pair("1", "a"), pair("2", "b"), pair("3", "c"), pair("4", "d"),
                                           pair("5", "e"), pair("6", "f"), pair("7", "g"), pair("8", "h")));
}

TEST(Headers, AnyRangeOfPairs) {
  const std::map<std::string, std::string> map{{"b", "2"}, {"a", "1"}};
  EXPECT_THAT(pairs_of(map), ElementsAre(pair("a", "1"), pair("b", "2")));
  const std::multimap<std::string_view, const char*> multimap{{"a", "1"}, {"a", "2"}};
  const Headers from_multimap = multimap;
  EXPECT_THAT(from_multimap.get_all("a"), ElementsAre("1", "2"));
  const Headers from_vector = std::vector<std::pair<const char*, std::string>>{{"x", "y"}};
  EXPECT_EQ(from_vector["x"], "y");
  Headers assigned;
  assigned = map;
  EXPECT_EQ(assigned.size(), 2U);
  std::map<std::string, std::string> bad{{"a b", "1"}};
  EXPECT_THROW(Headers{bad}, std::invalid_argument);
}

TEST(Headers, SetReplacesAllAtTheFirstPlace) {
  for (const std::string_view value : {"", "1", "x", "longer than before", "much longer than everything before it"}) {
    Headers headers{{"a", "1"}, {"b", "2"}, {"c", "3"}, {"B", "4"}, {"d", "5"}, {"b", "6"}};
    headers.set("B", value);
    EXPECT_THAT(pairs_of(headers), ElementsAre(pair("a", "1"), pair("b", value), pair("c", "3"), pair("d", "5")));
    EXPECT_EQ(headers.size(), 4U);
    headers.set("C", value);
    headers.set("a", value);
    headers.set("d", value);
    EXPECT_THAT(pairs_of(headers), ElementsAre(pair("a", value), pair("b", value), pair("c", value), pair("d", value)));
    EXPECT_EQ(HeadersAccess::byte_size(headers), 4 * (1 + value.size()));
  }
}

TEST(Headers, SetAppendsWhereAbsent) {
  Headers headers;
  headers.set("A", "1");
  headers.set("b", "2");
  EXPECT_THAT(pairs_of(headers), ElementsAre(pair("a", "1"), pair("b", "2")));
}

TEST(Headers, TrySetAndTryAddByValue) {
  Headers headers;
  EXPECT_TRUE(headers.try_add("a", "1"));
  EXPECT_TRUE(headers.try_add("a", "2"));
  EXPECT_TRUE(headers.try_set("b", "3"));
  EXPECT_THAT(headers.get_all("a"), ElementsAre("1", "2"));
  EXPECT_TRUE(headers.try_set("a", "4"));
  EXPECT_THAT(pairs_of(headers), ElementsAre(pair("a", "4"), pair("b", "3")));
}

TEST(Headers, ErasesAllOfAName) {
  Headers headers{{"a", "1"}, {"b", "2"}, {"a", "33"}, {"c", "4"}, {"a", ""}};
  EXPECT_EQ(headers.erase("x"), 0U);
  EXPECT_EQ(headers.size(), 5U);
  EXPECT_EQ(headers.erase("A"), 3U);
  EXPECT_THAT(pairs_of(headers), ElementsAre(pair("b", "2"), pair("c", "4")));
  headers.add("a", "again");
  EXPECT_THAT(pairs_of(headers), ElementsAre(pair("b", "2"), pair("c", "4"), pair("a", "again")));
  EXPECT_EQ(headers.erase("b") + headers.erase("c") + headers.erase("a"), 3U);
  EXPECT_TRUE(headers.empty());
  EXPECT_EQ(headers.erase("a"), 0U);
}

TEST(Headers, ClearsAndStartsAgain) {
  Headers headers{{"a", "1"}};
  headers.clear();
  EXPECT_TRUE(headers.empty());
  EXPECT_EQ(headers.begin(), headers.end());
  headers.add("b", "2");
  EXPECT_THAT(pairs_of(headers), ElementsAre(pair("b", "2")));
}

TEST(Headers, ArgumentsMayLieInTheObjectItself) {
  Headers headers{{"name", "value"}, {"other", "something longer"}};
  for (int i = 0; i < 200; ++i) headers.add(headers["name"], headers["other"]);
  EXPECT_EQ(headers.get_all("value").size(), 200U);
  EXPECT_EQ(headers.get_all("value").back(), "something longer");
  headers.set("name", headers["other"]);
  EXPECT_EQ(headers["name"], "something longer");
  headers.set((*headers.begin()).name, headers["name"].substr(2));
  EXPECT_EQ(headers["name"], "mething longer");
  headers.set("name", headers["name"].substr(0, 3));
  EXPECT_EQ(headers["name"], "met");
  headers.add("points-at-name", "VALUE");
  EXPECT_EQ(headers.erase(headers["points-at-name"]), 200U);
  EXPECT_EQ(headers.erase((*headers.begin()).name), 1U);
  EXPECT_THAT(pairs_of(headers), ElementsAre(pair("other", "something longer"), pair("points-at-name", "VALUE")));
  HeadersAccess::append_all(headers, headers);
  EXPECT_THAT(headers.get_all("other"), ElementsAre("something longer", "something longer"));
}

TEST(Headers, CopiesAndMoves) {
  Headers headers{{"a", "1"}, {"b", "2"}};
  Headers copy = headers;
  copy.set("a", "changed");
  EXPECT_EQ(headers["a"], "1");
  Headers moved = std::move(headers);
  EXPECT_EQ(moved["a"], "1");
  EXPECT_TRUE(headers.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(headers["a"], "");
  EXPECT_EQ(headers.begin(), headers.end());
  headers.add("again", "usable");
  EXPECT_EQ(headers["again"], "usable");
  moved = copy;
  EXPECT_EQ(moved["a"], "changed");
  moved = Headers();
  EXPECT_TRUE(moved.empty());
  moved = std::move(copy);
  EXPECT_EQ(moved["b"], "2");
  EXPECT_TRUE(copy.empty());  // NOLINT(bugprone-use-after-move)
  Headers& self = moved;
  moved = self;
  EXPECT_EQ(moved.size(), 2U);
  moved = std::move(self);
  EXPECT_EQ(moved.size(), 2U);
  headers = Headers{{"small", "1"}};
  headers = moved;
  EXPECT_EQ(headers, moved);
}

TEST(Headers, ComparesNameByName) {
  const Headers one{{"a", "1"}, {"b", "2"}, {"a", "3"}};
  EXPECT_EQ(one, (Headers{{"B", "2"}, {"A", "1"}, {"A", "3"}}));
  EXPECT_NE(one, (Headers{{"a", "3"}, {"b", "2"}, {"a", "1"}}));
  EXPECT_NE(one, (Headers{{"a", "1"}, {"b", "2"}}));
  EXPECT_NE(one, (Headers{{"a", "1"}, {"b", "2"}, {"a", "4"}}));
  EXPECT_NE(one, (Headers{{"a", "1"}, {"b", "2"}, {"b", "3"}}));
  EXPECT_NE((Headers{{"a", "1"}, {"a", "1"}}), (Headers{{"a", "1"}}));
  EXPECT_NE((Headers{{"ab", "c"}}), (Headers{{"a", "bc"}}));
  EXPECT_EQ(Headers(), Headers());
  EXPECT_NE(Headers(), (Headers{{"a", ""}}));
}

TEST(Headers, LargeAndMany) {
  Headers headers;
  const std::string name(8192, 'N');
  const std::string value(65536, 'v');
  headers.add(name, value);
  for (int i = 0; i < 1000; ++i) headers.add("n" + std::to_string(i), std::to_string(i));
  EXPECT_EQ(headers.size(), 1001U);
  EXPECT_EQ(headers[name], value);
  EXPECT_EQ(headers["N999"], "999");
  const Headers copy = headers;
  EXPECT_EQ(copy, headers);
  int count = 0;
  for (const HeaderView view : copy) count += view.name.starts_with('n') ? 1 : 0;
  EXPECT_EQ(count, 1001);
}

TEST(Headers, ReceivedPairsAreKeptByteForByte) {
  Headers headers;
  HeadersAccess::reserve(headers, 4, 100);
  HeadersAccess::append(headers, "X-Odd", "\x80\xff\t");
  HeadersAccess::append(headers, "content-type", "application/proto");
  HeadersAccess::append(headers, "", "");
  HeadersAccess::append(headers, "\xC3\x84", std::string_view("a\0b", 3));
  EXPECT_THAT(pairs_of(headers), ElementsAre(pair("x-odd", "\x80\xff\t"), pair("content-type", "application/proto"),
                                             pair("", ""), pair("\xC3\x84", std::string_view("a\0b", 3))));
  Headers all{{"first", "1"}};
  HeadersAccess::append_all(all, headers);
  HeadersAccess::append_all(all, Headers());
  EXPECT_EQ(all.size(), 5U);
  EXPECT_EQ(all["x-ODD"], "\x80\xff\t");
}

TEST(Headers, EveryLengthOfNamesAndValues) {
  for (std::size_t size = 0; size <= 70; ++size) {
    Headers headers;
    Headers received;
    std::vector<std::pair<std::string, std::string>> model;
    for (std::size_t other = 0; other <= 70; ++other) {
      std::string name(size, 'N');
      name += std::to_string(other);
      const std::string value(other, static_cast<char>('a' + size % 26));
      headers.set(name, value);
      const std::string lower = std::string(size, 'n') + std::to_string(other);
      HeadersAccess::append_lower(received, lower, value);
      model.emplace_back(lower, value);
      EXPECT_EQ(headers[name], value);
    }
    ASSERT_TRUE(
        std::equal(headers.begin(), headers.end(), model.begin(), model.end(),
                   [](auto pair, const auto& other) { return pair.name == other.first && pair.value == other.second; }))
        << size;
    EXPECT_EQ(headers, received);
  }
}

TEST(Headers, FindsNamesThatAreEmptyOrEndAlike) {
  Headers headers;
  HeadersAccess::append(headers, "a-id", "1");
  HeadersAccess::append(headers, "", "2");
  HeadersAccess::append(headers, "b-id", "3");
  HeadersAccess::append(headers, "c-longer-than-a-word-id", "4");
  EXPECT_EQ(headers[""], "2");
  EXPECT_EQ(headers["B-ID"], "3");
  EXPECT_EQ(headers["C-longer-than-a-word-ID"], "4");
  EXPECT_FALSE(headers.contains("d-id"));
  EXPECT_FALSE(headers.contains("c-longer-than-a-word-iD "));
  EXPECT_FALSE(Headers().contains(""));
}

TEST(Headers, FrozenOnesRefuseEveryChange) {
  Headers headers{{"a", "1"}, {"b-bin", "AAE"}};
  const Headers other{{"x", "y"}};
  HeadersAccess::freeze(headers);
  EXPECT_THROW(headers.set("a", "2"), std::logic_error);
  EXPECT_THROW(headers.add("a", "2"), std::logic_error);
  EXPECT_THROW((void)headers.try_set("a", "2"), std::logic_error);
  EXPECT_THROW((void)headers.try_add("a", "2"), std::logic_error);
  EXPECT_THROW(headers.erase("a"), std::logic_error);
  EXPECT_THROW(headers.clear(), std::logic_error);
  EXPECT_THROW(headers.set_binary("b-bin", "x"), std::logic_error);
  EXPECT_THROW(headers.add_binary("b-bin", "x"), std::logic_error);
  EXPECT_THROW(headers = other, std::logic_error);
  EXPECT_THROW(headers = Headers(), std::logic_error);
  EXPECT_THAT(pairs_of(headers), ElementsAre(pair("a", "1"), pair("b-bin", "AAE")));
  EXPECT_EQ(headers["a"], "1");
  Headers copy = headers;
  copy.set("a", "2");
  copy = headers;
  copy.add("a", "3");
  Headers moved = std::move(headers);
  moved.set("a", "4");
  EXPECT_THAT(pairs_of(moved), ElementsAre(pair("a", "4"), pair("b-bin", "AAE")));
}

TEST(Headers, BehavesLikeAVectorOfPairs) {
  std::mt19937 random(5);
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  Headers headers;
  Pairs model;
  for (int i = 0; i < 20'000; ++i) {
    const std::string name(1 + random() % 3, static_cast<char>('a' + random() % 3));
    const std::string value(random() % 40, 'v');
    const auto same = [&name](const auto& candidate) { return candidate.first == name; };
    switch (random() % 5) {
      case 0: ASSERT_EQ(headers.erase(name), std::erase_if(model, same)); break;
      case 1: {
        headers.set(name, value);
        const auto first = std::find_if(model.begin(), model.end(), same);
        if (first == model.end()) {
          model.emplace_back(name, value);
        } else {
          first->second = value;
          model.erase(std::remove_if(std::next(first), model.end(), same), model.end());
        }
        break;
      }
      default: headers.add(name, value); model.emplace_back(name, value);
    }
    if (model.size() > 30) {
      headers.clear();
      model.clear();
    }
    ASSERT_EQ(pairs_of(headers), model);
    ASSERT_EQ(headers.size(), model.size());
    ASSERT_EQ(headers, Headers(model));
  }
}

}  // namespace
}  // namespace connectrpc
