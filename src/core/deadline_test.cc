// Tests of deadlines.
#include "connectrpc/deadline.h"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>

namespace connectrpc {
namespace {

using namespace std::chrono_literals;
using Clock = Deadline::Clock;

TEST(Deadline, None) {
  constexpr Deadline none;
  static_assert(none == Deadline::none());
  static_assert(!none);
  EXPECT_FALSE(none.expired());
  EXPECT_EQ(none.remaining(), Clock::duration::max());
  EXPECT_EQ(none.time(), Clock::time_point::max());
  EXPECT_EQ(Deadline::at(Clock::time_point::max()), none);
}

TEST(Deadline, After) {
  const Clock::time_point before = Clock::now();
  const Deadline deadline = Deadline::after(1h);
  const Clock::time_point behind = Clock::now();
  EXPECT_TRUE(deadline);
  EXPECT_FALSE(deadline.expired());
  EXPECT_GE(deadline.time(), before + 1h);
  EXPECT_LE(deadline.time(), behind + 1h);
  EXPECT_LE(deadline.remaining(), 1h);
  EXPECT_GT(deadline.remaining(), 59min);
}

TEST(Deadline, ZeroAndLessHaveExpired) {
  for (const Deadline& deadline :
       {Deadline::after(0s), Deadline::after(-1ns), Deadline::after(-1h), Deadline::after(-0.5s),
        Deadline::after(std::chrono::nanoseconds::min()), Deadline::after(std::chrono::hours::min()),
        Deadline::after(std::chrono::duration<double>(-std::numeric_limits<double>::infinity()))}) {
    EXPECT_TRUE(deadline);
    EXPECT_TRUE(deadline.expired());
    EXPECT_EQ(deadline.remaining(), 0ns);
  }
}

TEST(Deadline, TinyOnesExpire) {
  for (const Deadline& deadline :
       {Deadline::after(1ns), Deadline::after(std::chrono::duration<double, std::nano>(0.1))}) {
    EXPECT_TRUE(deadline);
    while (!deadline.expired()) {
    }
    EXPECT_EQ(deadline.remaining(), 0ns);
  }
}

TEST(Deadline, BeyondACenturyMeansNone) {
  EXPECT_TRUE(Deadline::after(std::chrono::years(100)));
  EXPECT_FALSE(Deadline::after(std::chrono::years(100) + 1s));
  EXPECT_FALSE(Deadline::after(std::chrono::nanoseconds::max()));
  EXPECT_FALSE(Deadline::after(std::chrono::hours::max()));
  EXPECT_FALSE(Deadline::after(std::chrono::duration<double>(1e300)));
  EXPECT_FALSE(Deadline::after(std::chrono::duration<double>(std::numeric_limits<double>::infinity())));
  EXPECT_FALSE(Deadline::after(std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN())));
}

TEST(Deadline, AtAnyTimePoint) {
  EXPECT_TRUE(Deadline::at(Clock::time_point::min()).expired());
  EXPECT_EQ(Deadline::at(Clock::time_point::min()).remaining(), 0ns);
  EXPECT_TRUE(Deadline::at(Clock::now()).expired());
  EXPECT_FALSE(Deadline::at(Clock::now() + 1h).expired());
}

TEST(Deadline, OrderAndMin) {
  const Clock::time_point now = Clock::now();
  const Deadline early = Deadline::at(now);
  const Deadline late = Deadline::at(now + 1ns);
  EXPECT_LT(early, late);
  EXPECT_LT(late, Deadline::none());
  EXPECT_EQ(min(early, late), early);
  EXPECT_EQ(min(late, early), early);
  EXPECT_EQ(min(late, Deadline::none()), late);
  EXPECT_EQ(min(Deadline::none(), late), late);
  EXPECT_EQ(min(Deadline::none(), Deadline::none()), Deadline::none());
}

}  // namespace
}  // namespace connectrpc
