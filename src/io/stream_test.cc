// What every stream does, over everything that a stream can be.
#include "io/stream.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <span>
#include <vector>

#include "io/stream_testlib.h"

namespace connectrpc::io {
namespace {

using std::chrono::milliseconds;

class StreamTest : public testing::TestWithParam<Wire> {
 protected:
  void open() {
    StreamPair pair = make_pair(loop_, GetParam());
    client_ = std::make_unique<TestEnd>(std::move(pair.client));
    server_ = std::make_unique<TestEnd>(std::move(pair.server));
  }
  void finish_handshake() {
    ASSERT_TRUE(run_until(loop_, [&] { return !client_->stream().handshaking() && !server_->stream().handshaking(); }));
  }

  Loop loop_;
  std::unique_ptr<TestEnd> client_;
  std::unique_ptr<TestEnd> server_;
};

std::string random_bytes(std::size_t size) {
  std::minstd_rand random(7);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

INSTANTIATE_TEST_SUITE_P(Wires, StreamTest, testing::ValuesIn(all_wires),
                         [](const auto& wire) { return wire_name(wire.param); });

TEST_P(StreamTest, CarriesBytesBothWays) {
  open();
  client_->send("ping");
  server_->send("pong");
  EXPECT_TRUE(run_until(loop_, [&] { return server_->received() == "ping" && client_->received() == "pong"; }));
}

TEST_P(StreamTest, ReadsNothingBeforeAnythingIsWritten) {
  open();
  finish_handshake();
  run_for(loop_, milliseconds(20));
  char byte;
  EXPECT_EQ(client_->stream().read(std::span(&byte, 1)).status, IoResult::Status::would_block);
  EXPECT_EQ(client_->stream().failure(), "");
}

TEST_P(StreamTest, NeverCallsTheObserverFromInside) {
  struct Counter final : Stream::Observer {
    int readable = 0;
    int writable = 0;
    void on_readable() override { ++readable; }
    void on_writable() override { ++writable; }
  };
  open();
  finish_handshake();
  server_->send("x");
  run_for(loop_, milliseconds(20));
  Counter counter;
  Stream& stream = client_->stream();
  stream.observe(&counter);
  stream.wait_readable();
  stream.wait_readable();
  stream.wait_writable();
  stream.wait_writable();
  EXPECT_EQ(counter.readable + counter.writable, 0);
  EXPECT_TRUE(run_until(loop_, [&] { return counter.writable > 0; }));
  run_for(loop_, milliseconds(20));
  EXPECT_EQ(counter.writable, 1);
  EXPECT_LE(counter.readable, 1);
}

TEST_P(StreamTest, HalfCloses) {
  open();
  client_->send("request");
  client_->finish();
  ASSERT_TRUE(run_until(loop_, [&] { return server_->ended(); }));
  EXPECT_EQ(server_->received(), "request");
  server_->send("answer");
  server_->finish();
  ASSERT_TRUE(run_until(loop_, [&] { return client_->ended(); }));
  EXPECT_EQ(client_->received(), "answer");
}

TEST_P(StreamTest, SaysThatAllWasHandedOverAfterTheEnd) {
  struct Counter final : Stream::Observer {
    bool written = false;
    void on_readable() override {}
    void on_writable() override { written = true; }
  };
  open();
  finish_handshake();
  client_->stream().shutdown_write();
  Counter counter;
  client_->stream().observe(&counter);
  client_->stream().wait_writable();
  EXPECT_TRUE(run_until(loop_, [&] { return counter.written; }));
}

TEST_P(StreamTest, WritesFailAfterTheEnd) {
  open();
  finish_handshake();
  client_->stream().shutdown_write();
  EXPECT_EQ(client_->stream().write("late").status, IoResult::Status::failed);
  EXPECT_NE(client_->stream().failure(), "");
}

TEST_P(StreamTest, EndsWhenTheOtherIsDestroyed) {
  open();
  finish_handshake();
  client_->send("last words");
  ASSERT_TRUE(run_until(loop_, [&] { return client_->unsent() == 0; }));
  run_for(loop_, milliseconds(20));
  client_->destroy();
  ASSERT_TRUE(run_until(loop_, [&] { return server_->ended() || server_->failed(); }));
  EXPECT_EQ(server_->received(), "last words");
  EXPECT_TRUE(run_until(loop_, [&] {
    server_->send("more");
    return server_->write_failed();
  }));
  EXPECT_NE(server_->stream().failure(), "");
}

TEST_P(StreamTest, TellsAWaitingWriterThatTheOtherIsGone) {
  open();
  finish_handshake();
  server_->pause_reading();
  client_->send(std::string(16 * 1024 * 1024, 'x'));
  run_for(loop_, milliseconds(20));
  ASSERT_GT(client_->unsent(), 0u);
  server_->destroy();
  EXPECT_TRUE(run_until(loop_, [&] { return client_->write_failed(); }));
}

TEST_P(StreamTest, CarriesMuchBothWaysAtOnce) {
  open();
  const std::string there = random_bytes(is_narrow(GetParam()) ? 20'000 : 2'000'000);
  const std::string back(there.rbegin(), there.rend());
  client_->send(there);
  client_->finish();
  server_->send(back);
  server_->finish();
  ASSERT_TRUE(run_until(loop_, [&] { return client_->ended() && server_->ended(); }));
  EXPECT_TRUE(server_->received() == there);
  EXPECT_TRUE(client_->received() == back);
}

TEST_P(StreamTest, WritesPiecesOneBehindTheOther) {
  open();
  finish_handshake();
  const std::string sent = random_bytes(3'000'000);
  std::minstd_rand random(11);
  std::vector<std::string_view> pieces;
  for (std::size_t at = 0; at < sent.size();) {
    const std::size_t size = std::array<std::size_t, 4>{1, 9, 16'384, 50'000}[random() % 4];
    pieces.push_back(std::string_view(sent).substr(at, size));
    at += pieces.back().size();
  }
  std::span<std::string_view> left(pieces);
  EXPECT_TRUE(run_until(loop_, [&] {
    while (!left.empty()) {
      const IoResult result = client_->stream().write_pieces(left);
      if (result.status != IoResult::Status::ok) break;
      std::size_t taken = result.size;
      while (!left.empty() && taken >= left.front().size()) {
        taken -= left.front().size();
        left = left.subspan(1);
      }
      if (taken != 0) left.front().remove_prefix(taken);
    }
    if (!left.empty()) client_->stream().wait_writable();
    return server_->received().size() == sent.size();
  }));
  EXPECT_TRUE(server_->received() == sent);
}

TEST_P(StreamTest, HoldsTheWriterBackUntilTheOtherReads) {
  open();
  finish_handshake();
  server_->pause_reading();
  const std::string bytes = random_bytes(is_narrow(GetParam()) ? 100'000 : 16'000'000);
  client_->send(bytes);
  run_for(loop_, milliseconds(50));
  EXPECT_GT(client_->unsent(), 0u);
  server_->resume_reading();
  ASSERT_TRUE(run_until(loop_, [&] { return server_->received().size() == bytes.size(); }));
  EXPECT_TRUE(server_->received() == bytes);
}

TEST_P(StreamTest, ClosesOnceAndForAll) {
  open();
  finish_handshake();
  Stream& stream = client_->stream();
  stream.wait_readable();
  stream.wait_writable();
  stream.close();
  stream.close();
  stream.wait_readable();
  stream.wait_writable();
  stream.shutdown_write();
  char byte;
  EXPECT_EQ(stream.read(std::span(&byte, 1)).status, IoResult::Status::failed);
  EXPECT_EQ(stream.write("x").status, IoResult::Status::failed);
  EXPECT_EQ(stream.failure(), "closed on this side");
  run_for(loop_, milliseconds(20));
  EXPECT_FALSE(client_->failed()) << "the observer was called after close()";
}

TEST_P(StreamTest, SurvivesBeingDestroyedByItsObserver) {
  struct Destroyer final : Stream::Observer {
    std::unique_ptr<Stream> stream;
    bool on_read = false;
    bool on_write = false;
    int calls = 0;
    void on_readable() override {
      ++calls;
      if (on_read) stream.reset();
    }
    void on_writable() override {
      ++calls;
      if (on_write) stream.reset();
    }
  };
  for (const bool reading : {true, false}) {
    StreamPair pair = make_pair(loop_, GetParam());
    Destroyer destroyer;
    destroyer.on_read = reading;
    destroyer.on_write = !reading;
    destroyer.stream = std::move(pair.client);
    destroyer.stream->observe(&destroyer);
    TestEnd server(std::move(pair.server));
    server.send("hello");
    destroyer.stream->wait_readable();
    destroyer.stream->wait_writable();
    ASSERT_TRUE(run_until(loop_, [&] { return !destroyer.stream; }));
    const int calls = destroyer.calls;
    run_for(loop_, milliseconds(20));
    EXPECT_EQ(destroyer.calls, calls);
  }
}

TEST_P(StreamTest, SurvivesBeingDestroyedWhileItWaits) {
  open();
  client_->stream().wait_writable();
  client_->destroy();
  server_->destroy();
  run_for(loop_, milliseconds(20));
}

TEST_P(StreamTest, MayBeDestroyedWithTheLoopStopped) {
  open();
  client_->stream().wait_writable();
}

TEST_P(StreamTest, ForgetsAnObserverThatLeft) {
  open();
  finish_handshake();
  client_->stream().observe(nullptr);
  server_->send("x");
  run_for(loop_, milliseconds(20));
  EXPECT_EQ(client_->received(), "");
}

TEST_P(StreamTest, KnowsItsPeer) {
  open();
  finish_handshake();
  const Peer& peer = server_->stream().peer();
  switch (GetParam()) {
    case Wire::tcp:
    case Wire::tls_tcp:
      EXPECT_EQ(peer.kind(), Peer::Kind::ipv4);
      EXPECT_EQ(peer.address(), "127.0.0.1");
      EXPECT_NE(peer.port(), 0);
      break;
    case Wire::unix_socket:
      EXPECT_EQ(peer.kind(), Peer::Kind::unix_socket);
      ASSERT_TRUE(peer.unix_credentials().has_value());
      EXPECT_EQ(peer.unix_credentials()->uid, ::getuid());
      EXPECT_EQ(peer.unix_credentials()->gid, ::getgid());
      EXPECT_EQ(peer.unix_credentials()->pid, ::getpid());
      break;
    default: EXPECT_EQ(peer.kind(), Peer::Kind::in_process);
  }
  EXPECT_EQ(peer.tls() != nullptr, is_tls(GetParam()));
}

TEST(TcpStreamTest, ReportsAReset) {
  Loop loop;
  const auto [client, server] = tcp_socket_pair();
  TestEnd end(make_tcp_stream(loop, client));
  const linger reset{1, 0};
  ::setsockopt(server, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  ::close(server);
  ASSERT_TRUE(run_until(loop, [&] { return end.failed(); }));
  EXPECT_EQ(end.stream().failure(), "connection reset by peer");
}

// Of which the kernel tells together with the bytes.
TEST(TcpStreamTest, ReportsAResetThatCameWithTheLastBytes) {
  Loop loop;
  const auto [client, server] = tcp_socket_pair();
  TestEnd end(make_tcp_stream(loop, client));
  run_for(loop, milliseconds(5));
  ASSERT_EQ(::send(server, "last", 4, 0), 4);
  const linger reset{1, 0};
  ::setsockopt(server, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  ::close(server);
  ASSERT_TRUE(run_until(loop, [&] { return end.failed(); }));
  EXPECT_EQ(end.received(), "last");
  EXPECT_EQ(end.stream().failure(), "connection reset by peer");
}

TEST(TcpStreamTest, TellsOfAnEndThatCameWithTheLastBytes) {
  Loop loop;
  const auto [client, server] = tcp_socket_pair();
  TestEnd end(make_tcp_stream(loop, client));
  run_for(loop, milliseconds(5));
  ASSERT_EQ(::send(server, "last", 4, 0), 4);
  ::close(server);
  ASSERT_TRUE(run_until(loop, [&] { return end.ended(); }));
  EXPECT_EQ(end.received(), "last");
}

TEST(TcpStreamTest, TellsOfWhatCameWhileNobodyWaited) {
  Loop loop;
  const auto [client, server] = tcp_socket_pair();
  TestEnd end(make_tcp_stream(loop, client));
  ASSERT_EQ(::send(server, "a", 1, 0), 1);
  ASSERT_TRUE(run_until(loop, [&] { return end.received() == "a"; }));
  end.pause_reading();
  ASSERT_EQ(::send(server, "b", 1, 0), 1);
  run_for(loop, milliseconds(5));
  ASSERT_EQ(::send(server, "c", 1, 0), 1);
  run_for(loop, milliseconds(5));
  EXPECT_EQ(end.received(), "a");
  end.resume_reading();
  EXPECT_TRUE(run_until(loop, [&] { return end.received() == "abc"; }));
  ASSERT_EQ(::send(server, "d", 1, 0), 1);
  EXPECT_TRUE(run_until(loop, [&] { return end.received() == "abcd"; }));
  ::close(server);
}

TEST(TcpStreamTest, FailsForSomethingThatIsNoSocket) {
  Loop loop;
  TestEnd end(make_tcp_stream(loop, 1 << 20));
  ASSERT_TRUE(run_until(loop, [&] { return end.failed(); }));
  EXPECT_NE(end.stream().failure(), "");
}

}  // namespace
}  // namespace connectrpc::io
