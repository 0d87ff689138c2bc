// The delay of a loop as it is measured.
#include "interceptors/loop_delay.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <thread>

namespace connectrpc::interceptors {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

TEST(LoopDelayTest, MeasuresHowLongTheQueueTakes) {
  asio::io_context loop(1);
  LoopDelays delays;
  EXPECT_EQ(delays.look(loop.get_executor()), 0s);
  loop.run();
  EXPECT_LT(delays.look(loop.get_executor()), 20ms);
  loop.restart();
  loop.run();
  asio::post(loop, [] { std::this_thread::sleep_for(60ms); });
  static_cast<void>(delays.look(loop.get_executor()));
  // Not back yet, and late already.
  std::this_thread::sleep_for(30ms);
  EXPECT_GE(delays.look(loop.get_executor()), 30ms);
  loop.restart();
  loop.run();
  EXPECT_GE(delays.look(loop.get_executor()), 60ms);
  loop.restart();
  loop.run();
  EXPECT_LT(delays.look(loop.get_executor()), 50ms);
}

TEST(LoopDelayTest, ALoopThatEndedLeavesNothingUnderWay) {
  const auto delay = std::make_shared<LoopDelay>();
  {
    asio::io_context loop(1);
    static_cast<void>(delay->look(loop.get_executor()));
  }
  std::this_thread::sleep_for(30ms);
  asio::io_context loop(1);
  EXPECT_EQ(delay->look(loop.get_executor()), 0s);
}

}  // namespace
}  // namespace connectrpc::interceptors
