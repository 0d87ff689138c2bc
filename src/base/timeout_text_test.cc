// Tests of the text of timeouts.
#include "base/timeout_text.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string>

namespace connectrpc::base {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr nanoseconds none = nanoseconds::max();

TEST(GrpcTimeout, Parses) {
  const struct {
    std::string_view text;
    nanoseconds timeout;
  } cases[] = {{"0n", 0ns},
               {"1n", 1ns},
               {"1u", 1us},
               {"1m", 1ms},
               {"1S", 1s},
               {"1M", 1min},
               {"1H", 1h},
               {"00000007S", 7s},
               {"99999999n", 99999999ns},
               {"99999999S", 99999999s},
               {"876000H", 876000h},
               {"52594920M", 52594920min},
               {"52594921M", none},
               {"876583H", none},
               {"99999999M", none},
               {"99999999H", none},
               {"00000000H", 0ns}};
  for (const auto& [text, timeout] : cases) EXPECT_EQ(parse_grpc_timeout(text), timeout) << text;
}

TEST(GrpcTimeout, RefusesMalformed) {
  for (const std::string_view text :
       {"",     "1",   "S",   "n",   "1s",  "1h", "1N",   "1U",   "-1S", "+1S",   "123456789S", "000000001S",
        "1.5S", " 1S", "1S ", "1 S", "1SS", "S1", "0x1S", "1\tS", "1,S", "1S,2S", "\xd9\xa1S"})
    EXPECT_EQ(parse_grpc_timeout(text), std::nullopt) << text;
  EXPECT_EQ(parse_grpc_timeout(std::string_view("1\0S", 3)), std::nullopt);
  EXPECT_EQ(parse_grpc_timeout(std::string_view("1S\0", 3)), std::nullopt);
}

TEST(GrpcTimeout, Prints) {
  const struct {
    nanoseconds timeout;
    std::string_view text;
  } cases[] = {{0ns, "0n"},
               {-1ns, "0n"},
               {nanoseconds::min(), "0n"},
               {1ns, "1n"},
               {99999ns, "99999n"},
               {100000ns, "100u"},
               {100001ns, "101u"},
               {99999999ns, "100000u"},
               {100ms, "100m"},
               {100ms + 1ns, "101m"},
               {1s, "1000m"},
               {1s - 1ns, "1000m"},
               {5s - 20us, "5000m"},
               {99999999ms, "99999999m"},
               {99999999ms + 1ns, "100000S"},
               {24h * 365, "31536000S"},
               {99999999s, "99999999S"},
               {99999999s + 1ns, "1666667M"},
               {876000h, "52560000M"},
               {none, "2562048H"}};
  for (const auto& [timeout, text] : cases) EXPECT_EQ(print_grpc_timeout(timeout), text) << timeout.count();
}

TEST(GrpcTimeout, PrintsUpByLessThanOnePercentInEightDigits) {
  std::mt19937_64 random(11);
  const auto check = [](nanoseconds timeout) {
    const std::string text = print_grpc_timeout(timeout);
    EXPECT_LE(text.size(), 9U) << text;
    const std::optional<nanoseconds> back = parse_grpc_timeout(text);
    ASSERT_TRUE(back) << text;
    EXPECT_GE(*back, timeout) << text;
    EXPECT_LT(static_cast<double>((*back - timeout).count()), 0.01 * static_cast<double>(timeout.count()) + 0.5)
        << text;
  };
  for (int bits = 1; bits < 62; ++bits)
    for (int i = 0; i < 100; ++i) {
      const auto count = static_cast<std::int64_t>(random() >> (63 - bits));
      if (const nanoseconds timeout(count); timeout < 876000h) check(timeout);
    }
}

TEST(ConnectTimeout, Parses) {
  EXPECT_EQ(parse_connect_timeout_ms("0"), 0ns);
  EXPECT_EQ(parse_connect_timeout_ms("1"), 1ms);
  EXPECT_EQ(parse_connect_timeout_ms("0000000250"), 250ms);
  EXPECT_EQ(parse_connect_timeout_ms("9999999999"), 9999999999ms);
}

TEST(ConnectTimeout, RefusesMalformed) {
  for (const std::string_view text :
       {"", "-1", "-0", "+1", "10000000000", "00000000001", "1.5", " 1", "1 ", "1ms", "1S", "0x1", "1,2", "abc"})
    EXPECT_EQ(parse_connect_timeout_ms(text), std::nullopt) << text;
}

TEST(ConnectTimeout, PrintsWholeMillisecondsRoundedUp) {
  const struct {
    nanoseconds timeout;
    std::string_view text;
  } cases[] = {{0ns, "0"},
               {-5s, "0"},
               {1ns, "1"},
               {1ms, "1"},
               {1ms + 1ns, "2"},
               {5s - 1us, "5000"},
               {9999999999ms, "9999999999"},
               {10000000000ms, "9999999999"},
               {none, "9999999999"}};
  for (const auto& [timeout, text] : cases) EXPECT_EQ(print_connect_timeout_ms(timeout), text) << timeout.count();
}

}  // namespace
}  // namespace connectrpc::base
