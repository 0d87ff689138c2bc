// What becomes of a timeout.
#include "connectrpc/deadline_policy.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace connectrpc {
namespace {

using namespace std::chrono_literals;
using std::nullopt;

TEST(DeadlinePolicyTest, LeavesAllAsItIsByDefault) {
  const DeadlinePolicy policy;
  EXPECT_EQ(policy.apply(nullopt), nullopt);
  EXPECT_EQ(policy.apply(0ns), 0ns);
  EXPECT_EQ(policy.apply(1000h), 1000h);
  EXPECT_NO_THROW(policy.check());
}

TEST(DeadlinePolicyTest, Bounds) {
  const DeadlinePolicy policy{.min_timeout = 10ms, .max_timeout = 100ms, .default_timeout = 50ms};
  EXPECT_NO_THROW(policy.check());
  EXPECT_EQ(policy.apply(20ms), 20ms);
  EXPECT_EQ(policy.apply(1ms), 10ms);
  EXPECT_EQ(policy.apply(0ms), 10ms);
  EXPECT_EQ(policy.apply(500ms), 100ms);
  EXPECT_EQ(policy.apply(nullopt), 50ms);
}

TEST(DeadlinePolicyTest, NothingIsLongerThanTheLongest) {
  const DeadlinePolicy policy{.max_timeout = 100ms};
  EXPECT_EQ(policy.apply(nullopt), 100ms);
  EXPECT_EQ(policy.apply(1h), 100ms);
}

TEST(DeadlinePolicyTest, ContradictionsAreNamed) {
  const auto fault = [](DeadlinePolicy policy) -> std::string {
    try {
      policy.check();
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "none";
  };
  EXPECT_EQ(fault({.min_timeout = -1ns}), "DeadlinePolicy::min_timeout must not be negative: -1 ns");
  EXPECT_EQ(fault({.max_timeout = -1ns}), "DeadlinePolicy::max_timeout must not be negative: -1 ns");
  EXPECT_EQ(fault({.default_timeout = -1ns}), "DeadlinePolicy::default_timeout must not be negative: -1 ns");
  EXPECT_EQ(fault({.min_timeout = 2us, .max_timeout = 1us}),
            "DeadlinePolicy::min_timeout (2000 ns) is above max_timeout (1000 ns)");
  EXPECT_EQ(fault({.max_timeout = 1us, .default_timeout = 2us}),
            "DeadlinePolicy::default_timeout (2000 ns) is above max_timeout (1000 ns)");
}

}  // namespace
}  // namespace connectrpc
