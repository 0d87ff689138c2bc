// Tests of a frame without a coroutine, awaited by coroutines of Asio's.
#include "client/end_frame.h"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace connectrpc::client {
namespace {

namespace asio = boost::asio;

// Waits until it is ready, and ends.
class Owner final : public EndFrame::Owner {
 public:
  Owner() : frame_(*this) {}

  Task<> task() { return frame_.task(); }
  EndFrame& frame() { return frame_; }
  void be_ready(std::exception_ptr thrown = nullptr) {
    ready_ = true;
    thrown_ = std::move(thrown);
    frame_.notify();
  }
  int resumed() const { return resumed_; }

 private:
  void on_resume() noexcept override {
    ++resumed_;
    if (!ready_) {
      try {
        frame_.throw_if_cancelled();
        return frame_.wait({});
      } catch (...) {
        thrown_ = std::current_exception();
      }
    }
    thrown_ ? frame_.fail(std::move(thrown_)) : frame_.end();
  }
  void need_thread(connectrpc::detail::InterceptorFrame&) noexcept override { FAIL(); }
  void on_plain_end(std::exception_ptr) noexcept override { FAIL(); }

  EndFrame frame_;
  bool ready_ = false;
  int resumed_ = 0;
  std::exception_ptr thrown_;
};

class EndFrameTest : public ::testing::Test {
 protected:
  // Until it has ended or waits.
  void await(Owner& owner) {
    asio::co_spawn(
        loop_,
        [&owner]() -> Task<> {
          Task<> task = owner.task();
          co_await std::move(task);
        },
        asio::bind_cancellation_slot(cancel_.slot(),
                                     [this](std::exception_ptr thrown) { ended_ = std::move(thrown); }));
    turn();
  }
  void turn() {
    loop_.poll();
    loop_.restart();
  }
  std::string ended() {
    turn();
    if (!ended_) return "waits";
    if (!*ended_) return "returned";
    try {
      std::rethrow_exception(*ended_);
    } catch (const std::exception& error) {
      return error.what();
    }
  }

  asio::io_context loop_;
  asio::cancellation_signal cancel_;
  std::optional<std::exception_ptr> ended_;
};

TEST_F(EndFrameTest, EndsAtOnce) {
  Owner owner;
  owner.be_ready();
  await(owner);
  EXPECT_EQ(ended(), "returned");
  EXPECT_EQ(owner.resumed(), 1);
}

TEST_F(EndFrameTest, WaitsUntilItIsTold) {
  Owner owner;
  await(owner);
  EXPECT_EQ(ended(), "waits");
  EXPECT_TRUE(owner.frame().waiting());
  owner.be_ready();
  EXPECT_EQ(ended(), "returned");
  EXPECT_EQ(owner.resumed(), 2);
  EXPECT_FALSE(owner.frame().waiting());
}

TEST_F(EndFrameTest, Throws) {
  Owner owner;
  await(owner);
  owner.be_ready(std::make_exception_ptr(std::runtime_error("no luck")));
  EXPECT_EQ(ended(), "no luck");
}

TEST_F(EndFrameTest, HearsOfCancellation) {
  Owner owner;
  await(owner);
  cancel_.emit(asio::cancellation_type::terminal);
  EXPECT_FALSE(ended_);
  EXPECT_NE(ended().find("canceled"), std::string::npos) << ended();
  EXPECT_FALSE(owner.frame().waiting());
}

TEST_F(EndFrameTest, MayBeDropped) {
  Owner owner;
  {
    const Task<> task = owner.task();
  }
  EXPECT_EQ(owner.resumed(), 0);
  await(owner);
  owner.frame().abandon();
  EXPECT_EQ(ended(), "waits");
}

}  // namespace
}  // namespace connectrpc::client
