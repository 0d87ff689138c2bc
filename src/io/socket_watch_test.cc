// What both watches tell.
#include "io/socket_watch.h"

#include <gtest/gtest.h>

#include "io/stream_testlib.h"

namespace connectrpc::io {
namespace {

using Make = std::unique_ptr<SocketWatch> (*)(Loop&, SocketWatch::Owner&);

class SocketWatchTest : public testing::TestWithParam<Make>, private SocketWatch::Owner {
 protected:
  SocketWatchTest() : sockets_(tcp_socket_pair()), watch_(make()) { EXPECT_EQ(watch_->open(sockets_.first), ""); }
  ~SocketWatchTest() override {
    if (sockets_.second >= 0) ::close(sockets_.second);
  }

  void send() { EXPECT_EQ(::send(sockets_.second, "x", 1, 0), 1); }
  void empty_socket() {
    char bytes[100];
    while (::recv(sockets_.first, bytes, sizeof bytes, MSG_DONTWAIT) > 0) {
    }
  }
  std::unique_ptr<SocketWatch> make() { return GetParam()(loop_, *this); }
  void run() { run_for(loop_, std::chrono::milliseconds(10)); }

  Loop loop_;
  std::pair<int, int> sockets_;
  std::unique_ptr<SocketWatch> watch_;
  int readable_ = 0;
  int writable_ = 0;

 private:
  void on_readable() override { ++readable_; }
  void on_writable() override { ++writable_; }
};

INSTANTIATE_TEST_SUITE_P(Kinds, SocketWatchTest, testing::Values(&SocketWatch::make, &SocketWatch::make_portable),
                         [](const auto& kind) { return kind.index == 0 ? "own" : "portable"; });

TEST_P(SocketWatchTest, TellsNothingUnasked) {
  send();
  run();
  EXPECT_EQ(readable_, 0);
  EXPECT_EQ(writable_, 0);
}

TEST_P(SocketWatchTest, TellsOnceOfWhatComes) {
  watch_->wait_readable(true);
  watch_->wait_readable(true);
  run();
  EXPECT_EQ(readable_, 0);
  send();
  run();
  EXPECT_EQ(readable_, 1);
  send();
  run();
  EXPECT_EQ(readable_, 1);
}

TEST_P(SocketWatchTest, TellsOfWhatIsThereAlready) {
  send();
  run();
  watch_->wait_readable(false);
  run();
  EXPECT_EQ(readable_, 1);
}

TEST_P(SocketWatchTest, TellsAgainAfterTheSocketWasEmptied) {
  for (int i = 1; i <= 3; ++i) {
    empty_socket();
    watch_->wait_readable(true);
    send();
    run();
    EXPECT_EQ(readable_, i);
  }
}

TEST_P(SocketWatchTest, TellsOfTheEnd) {
  watch_->wait_readable(true);
  ::close(std::exchange(sockets_.second, -1));
  run();
  EXPECT_EQ(readable_, 1);
}

TEST_P(SocketWatchTest, TellsOfRoom) {
  watch_->wait_writable(false);
  watch_->wait_writable(false);
  run();
  EXPECT_EQ(writable_, 1);
}

TEST_P(SocketWatchTest, TellsOfRoomAgainAfterTheSocketWasFull) {
  std::string bytes(1 << 20, 'x');
  for (int i = 1; i <= 3; ++i) {
    while (::send(sockets_.first, bytes.data(), bytes.size(), MSG_DONTWAIT) == static_cast<ssize_t>(bytes.size())) {
    }
    watch_->wait_writable(true);
    run();
    EXPECT_EQ(writable_, i - 1);
    while (::recv(sockets_.second, bytes.data(), bytes.size(), MSG_DONTWAIT) > 0)
      run_for(loop_, std::chrono::milliseconds(1));
    run();
    EXPECT_EQ(writable_, i);
  }
}

TEST_P(SocketWatchTest, WaitsForBothAtOnce) {
  watch_->wait_readable(true);
  watch_->wait_writable(false);
  send();
  run();
  EXPECT_EQ(readable_, 1);
  EXPECT_EQ(writable_, 1);
}

TEST_P(SocketWatchTest, TellsNothingOnceClosed) {
  send();
  watch_->wait_readable(false);
  watch_->wait_writable(false);
  watch_->close();
  watch_->close();
  run();
  EXPECT_EQ(readable_, 0);
  EXPECT_EQ(writable_, 0);
}

TEST_P(SocketWatchTest, DiesWithAWaitUnderWay) {
  watch_->wait_readable(true);
  watch_.reset();
  run();
  EXPECT_EQ(readable_, 0);
}

TEST_P(SocketWatchTest, RefusesWhatIsNoSocket) {
  const auto watch = make();
  EXPECT_NE(watch->open(1 << 20), "");
  watch->wait_readable(false);
  run();
  EXPECT_EQ(readable_, 1);
}

}  // namespace
}  // namespace connectrpc::io
