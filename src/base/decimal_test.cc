// Decimal numbers in texts.
#include "base/decimal.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace connectrpc::base {
namespace {

TEST(ParseDecimal, TakesAllOfTheTextOrNothing) {
  EXPECT_EQ(parse_decimal<int>("0"), 0);
  EXPECT_EQ(parse_decimal<int>("007"), 7);
  EXPECT_EQ(parse_decimal<int>("-12"), -12);
  EXPECT_EQ(parse_decimal<std::uint64_t>("18446744073709551615"), 18446744073709551615U);
  for (const char* text : {"", "-", "+1", " 1", "1 ", "1,1", "0x1", "1.0", "a"})
    EXPECT_EQ(parse_decimal<int>(text), std::nullopt) << text;
}

TEST(ParseDecimal, WhatDoesNotFitIsNone) {
  EXPECT_EQ(parse_decimal<std::uint16_t>("65535"), 65535);
  EXPECT_EQ(parse_decimal<std::uint16_t>("65536"), std::nullopt);
  EXPECT_EQ(parse_decimal<std::uint64_t>("18446744073709551616"), std::nullopt);
  EXPECT_EQ(parse_decimal<std::uint64_t>("-1"), std::nullopt);
}

}  // namespace
}  // namespace connectrpc::base
