// How a connection moves bytes, holds back, ends and dies.
#include "io/connection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "io/stream_testlib.h"

namespace connectrpc::io {
namespace {

using std::chrono::milliseconds;

// A session that is told what to do, and takes notes.
class FakeSession final : public Session {
 public:
  struct Notes {
    std::string received;
    int receives = 0;
    int ends = 0;
    std::vector<std::string> lost;
    int produces = 0;
    bool destroyed = false;
  };

  explicit FakeSession(std::shared_ptr<Notes> notes) : notes_(std::move(notes)) {}
  ~FakeSession() override {
    notes_->destroyed = true;
    wake();
  }

  void receive(std::string_view bytes) override {
    notes_->received += bytes;
    ++notes_->receives;
    if (on_receive) on_receive(bytes);
  }
  void receive_end() override {
    ++notes_->ends;
    if (on_end) on_end();
  }
  void connection_lost(std::string_view reason) override {
    notes_->lost.emplace_back(reason);
    if (on_lost) on_lost();
  }
  void produce(Output& out, std::size_t limit) override {
    ++notes_->produces;
    if (on_produce) on_produce();
    const std::size_t size = std::min(left(), limit > out.size() ? limit - out.size() : 0);
    out.tail().append(output, produced, size);
    produced += size;
  }
  std::size_t left() const { return output.size() - produced; }
  bool wants_read() const override { return reading; }
  bool wants_close() const override { return closing && left() == 0; }

  void say(std::string_view bytes) {
    output += bytes;
    wake();
  }
  void call_wake() { wake(); }

  std::string output;
  std::size_t produced = 0;
  bool reading = true;
  bool closing = false;
  std::function<void(std::string_view)> on_receive;
  std::function<void()> on_end;
  std::function<void()> on_lost;
  std::function<void()> on_produce;

 private:
  std::shared_ptr<Notes> notes_;
};

class ConnectionTest : public testing::TestWithParam<Wire> {
 protected:
  void open(ConnectionOptions options = {}) {
    StreamPair pair = make_pair(loop_, GetParam());
    open(std::move(pair), options);
  }

  void open(StreamPair pair, ConnectionOptions options = {}) {
    peer_ = std::make_unique<TestEnd>(std::move(pair.client));
    notes_ = std::make_shared<FakeSession::Notes>();
    auto session = std::make_unique<FakeSession>(notes_);
    session_ = session.get();
    connection_ = std::make_unique<Connection>(std::move(pair.server), std::move(session), options);
    connection_->on_closed([this](Connection&) { ++closed_; });
  }

  void run_until_blocked() {
    std::size_t written = 0;
    ASSERT_TRUE(run_until(loop_, [&] {
      run_for(loop_, milliseconds(30));
      return written == std::exchange(written, connection_->bytes_written()) && connection_->unsent() > 0;
    }));
  }

  // More than pipes and kernels take before anybody reads.
  std::size_t more_than_fits() const {
    if (GetParam() == Wire::tcp || GetParam() == Wire::tls_tcp) return 16'000'000;
    return is_narrow(GetParam()) ? 100'000 : 1'500'000;
  }
  std::size_t much() const { return is_narrow(GetParam()) ? 20'000 : 3'000'000; }

  Loop loop_;
  std::unique_ptr<TestEnd> peer_;
  std::shared_ptr<FakeSession::Notes> notes_;
  FakeSession* session_ = nullptr;
  std::unique_ptr<Connection> connection_;
  int closed_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Wires, ConnectionTest, testing::ValuesIn(all_wires),
                         [](const auto& wire) { return wire_name(wire.param); });

TEST_P(ConnectionTest, SpeaksFirst) {
  open();
  session_->output = "hello";
  connection_->start();
  EXPECT_TRUE(run_until(loop_, [&] { return peer_->received() == "hello"; }));
  EXPECT_EQ(connection_->bytes_written(), 5u);
}

TEST_P(ConnectionTest, DoesNothingBeforeItIsStarted) {
  open();
  session_->say("hello");
  peer_->send("hello");
  run_for(loop_, milliseconds(10));
  EXPECT_EQ(notes_->produces + notes_->receives, 0);
}

TEST_P(ConnectionTest, AnswersWhatItReceives) {
  open();
  session_->on_receive = [&](std::string_view bytes) { session_->say(bytes); };
  connection_->start();
  const std::string text = "The quick brown fox";
  peer_->send(text);
  EXPECT_TRUE(run_until(loop_, [&] { return peer_->received() == text; }));
  EXPECT_EQ(connection_->bytes_read(), text.size());
}

TEST_P(ConnectionTest, EchoesMuchWithBackPressure) {
  open();
  session_->on_receive = [&](std::string_view bytes) {
    session_->output += bytes;
    session_->reading = session_->left() < 100'000;
  };
  session_->on_produce = [&] {
    session_->reading = true;
    session_->call_wake();
  };
  connection_->start();
  std::string bytes(much(), '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31 >> 3);
  peer_->send(bytes);
  ASSERT_TRUE(run_until(loop_, [&] { return peer_->received().size() == bytes.size(); }));
  EXPECT_TRUE(peer_->received() == bytes);
}

TEST_P(ConnectionTest, WakesWhenTheSessionSpeaksOnItsOwn) {
  open();
  connection_->start();
  run_for(loop_, milliseconds(10));
  session_->say("event");
  EXPECT_TRUE(run_until(loop_, [&] { return peer_->received() == "event"; }));
}

TEST_P(ConnectionTest, StopsProducingAtItsLimit) {
  open({.output_limit = 1000});
  peer_->pause_reading();
  connection_->start();
  session_->say(std::string(more_than_fits(), 'x'));
  run_until_blocked();
  EXPECT_GT(session_->left(), 0u);
  EXPECT_LE(connection_->unsent(), 1000u);
}

TEST_P(ConnectionTest, StopsReadingWhileThePeerDoesNotRead) {
  open({.output_limit = 1000});
  peer_->pause_reading();
  connection_->start();
  session_->say(std::string(more_than_fits(), 'x'));
  run_until_blocked();
  ASSERT_GT(session_->left(), 0u);
  peer_->send("more");
  run_for(loop_, milliseconds(50));
  EXPECT_EQ(notes_->received, "");
  peer_->resume_reading();
  EXPECT_TRUE(run_until(loop_, [&] { return peer_->received().size() == more_than_fits(); }));
  EXPECT_TRUE(run_until(loop_, [&] { return notes_->received == "more"; }));
}

TEST_P(ConnectionTest, ReadsOnWhileBlockedIfTold) {
  open({.output_limit = 1000, .read_while_blocked = true});
  peer_->pause_reading();
  connection_->start();
  session_->say(std::string(more_than_fits(), 'x'));
  run_until_blocked();
  ASSERT_GT(session_->left(), 0u);
  peer_->send("more");
  EXPECT_TRUE(run_until(loop_, [&] { return notes_->received == "more"; }));
}

TEST_P(ConnectionTest, ReadsOnlyWhatTheSessionWants) {
  open();
  session_->reading = false;
  connection_->start();
  peer_->send("hello");
  run_for(loop_, milliseconds(30));
  EXPECT_EQ(notes_->received, "");
  session_->reading = true;
  session_->call_wake();
  EXPECT_TRUE(run_until(loop_, [&] { return notes_->received == "hello"; }));
}

TEST_P(ConnectionTest, ReportsTheEndAndStillAnswers) {
  open();
  session_->on_end = [&] {
    session_->say("goodbye");
    session_->closing = true;
  };
  connection_->start();
  peer_->send("hello");
  peer_->finish();
  ASSERT_TRUE(run_until(loop_, [&] { return peer_->ended() && closed_ == 1; }));
  EXPECT_EQ(notes_->received, "hello");
  EXPECT_EQ(notes_->ends, 1);
  EXPECT_EQ(peer_->received(), "goodbye");
  EXPECT_TRUE(notes_->lost.empty());
  EXPECT_TRUE(connection_->closed());
}

TEST_P(ConnectionTest, ClosesWhenTheSessionIsDoneAndThePeerLeaves) {
  open({.linger_time = milliseconds(60'000)});
  session_->output = std::string(much(), 'x');
  session_->closing = true;
  connection_->start();
  ASSERT_TRUE(run_until(loop_, [&] { return peer_->ended(); }));
  EXPECT_EQ(peer_->received().size(), much());
  EXPECT_EQ(closed_, 0) << "it lingers until the peer leaves";
  peer_->finish();
  EXPECT_TRUE(run_until(loop_, [&] { return closed_ == 1; }));
  EXPECT_TRUE(notes_->lost.empty());
}

TEST_P(ConnectionTest, LingersOnlySoLong) {
  open({.linger_time = milliseconds(50)});
  session_->output = "bye";
  session_->closing = true;
  connection_->start();
  EXPECT_TRUE(run_until(loop_, [&] { return closed_ == 1; }, milliseconds(5000)));
  EXPECT_EQ(peer_->received(), "bye");
}

TEST_P(ConnectionTest, LingersOnlyForSoMuch) {
  open({.linger_time = milliseconds(60'000), .linger_bytes = 1000});
  session_->output = "bye";
  session_->closing = true;
  connection_->start();
  ASSERT_TRUE(run_until(loop_, [&] { return peer_->ended(); }));
  peer_->send(std::string(5000, 'x'));
  EXPECT_TRUE(run_until(loop_, [&] { return closed_ == 1; }));
  EXPECT_EQ(notes_->receives, 0) << "the session is done";
}

TEST_P(ConnectionTest, TheLastAnswerArrivesThoughInputIsLeft) {
  open();
  session_->on_receive = [&](std::string_view) {
    if (!session_->closing) session_->output = "413";
    session_->closing = true;
  };
  connection_->start();
  peer_->send(std::string(is_narrow(GetParam()) ? 1000 : 150'000, 'x'));
  ASSERT_TRUE(run_until(loop_, [&] { return peer_->ended() || peer_->failed(); }));
  EXPECT_TRUE(peer_->ended());
  EXPECT_EQ(peer_->received(), "413");
  peer_->destroy();
  EXPECT_TRUE(run_until(loop_, [&] { return closed_ == 1; }));
}

TEST_P(ConnectionTest, ReportsALostConnection) {
  open();
  connection_->start();
  ASSERT_TRUE(run_until(loop_, [&] { return !peer_->stream().handshaking(); }));
  run_for(loop_, milliseconds(10));
  peer_->destroy();
  ASSERT_TRUE(run_until(loop_, [&] { return notes_->ends == 1; }));
  ASSERT_TRUE(run_until(loop_, [&] {
    session_->say("anybody?");
    return closed_ == 1;
  }));
  ASSERT_EQ(notes_->lost.size(), 1u);
  EXPECT_NE(notes_->lost[0], "");
}

TEST_P(ConnectionTest, ClosesWhenTold) {
  open();
  connection_->start();
  session_->say("unsent");
  connection_->close("shutting down");
  EXPECT_TRUE(connection_->closed());
  EXPECT_EQ(notes_->lost, std::vector<std::string>{"shutting down"});
  EXPECT_EQ(closed_, 0) << "never from inside";
  connection_->close("again");
  session_->say("too late");
  ASSERT_TRUE(run_until(loop_, [&] { return peer_->ended() || peer_->failed(); }));
  run_for(loop_, milliseconds(10));
  EXPECT_EQ(closed_, 1);
  EXPECT_EQ(notes_->lost.size(), 1u);
}

TEST_P(ConnectionTest, ClosesFromInsideTheSession) {
  open();
  bool inside = false;
  session_->on_receive = [&](std::string_view) {
    inside = true;
    connection_->close("enough");
    EXPECT_TRUE(notes_->lost.empty()) << "not from inside receive()";
    inside = false;
  };
  session_->on_lost = [&] { EXPECT_FALSE(inside); };
  connection_->start();
  peer_->send("x");
  ASSERT_TRUE(run_until(loop_, [&] { return closed_ == 1; }));
  EXPECT_EQ(notes_->lost, std::vector<std::string>{"enough"});
}

TEST_P(ConnectionTest, MayBeDestroyedInsideEveryCall) {
  const auto destroy = [this] {
    connection_.reset();
    EXPECT_FALSE(notes_->destroyed) << "a session outlives the call into it";
  };
  for (int which = 0; which < 4; ++which) {
    open();
    if (which == 0) session_->on_receive = [&](std::string_view) { destroy(); };
    if (which == 1) session_->on_end = destroy;
    if (which == 2) session_->on_produce = destroy;
    if (which == 3) {
      session_->on_receive = [&](std::string_view) { connection_->close("x"); };
      session_->on_lost = destroy;
    }
    connection_->start();
    peer_->send("x");
    peer_->finish();
    ASSERT_TRUE(run_until(loop_, [&] { return !connection_; })) << which;
    EXPECT_TRUE(notes_->destroyed) << which;
    run_for(loop_, milliseconds(5));
    EXPECT_EQ(closed_, 0);
  }
}

TEST_P(ConnectionTest, MayBeDestroyedByItsCallback) {
  open();
  connection_->on_closed([this](Connection& connection) {
    EXPECT_EQ(&connection, connection_.get());
    connection_.reset();
  });
  connection_->start();
  connection_->close("x");
  ASSERT_TRUE(run_until(loop_, [&] { return !connection_; }));
  EXPECT_TRUE(notes_->destroyed);
}

TEST_P(ConnectionTest, TakesItsSessionAlongWhenDestroyed) {
  open();
  connection_->start();
  session_->say("x");
  connection_.reset();
  EXPECT_TRUE(notes_->destroyed);
  EXPECT_TRUE(notes_->lost.empty());
  ASSERT_TRUE(run_until(loop_, [&] { return peer_->ended() || peer_->failed(); }));
}

TEST_P(ConnectionTest, ReplacesItsSession) {
  open();
  auto later_notes = std::make_shared<FakeSession::Notes>();
  FakeSession* later = nullptr;
  session_->on_receive = [&](std::string_view bytes) {
    auto session = std::make_unique<FakeSession>(later_notes);
    later = session.get();
    connection_->replace_session(std::move(session));
    EXPECT_FALSE(notes_->destroyed);
    EXPECT_EQ(&connection_->session(), later);
    later->receive(bytes.substr(1));
    later->say("from the second");
  };
  connection_->start();
  peer_->send("12");
  ASSERT_TRUE(run_until(loop_, [&] { return peer_->received() == "from the second"; }));
  EXPECT_TRUE(notes_->destroyed);
  peer_->send("345");
  EXPECT_TRUE(run_until(loop_, [&] { return later_notes->received.ends_with("345"); }));
  EXPECT_EQ(notes_->receives, 1);
}

TEST_P(ConnectionTest, SendsAllOfATurnInOneWrite) {
  if (is_narrow(GetParam())) return;
  StreamPair pair = make_pair(loop_, GetParam());
  int writes = 0;
  pair.server = std::make_unique<CountingStream>(std::move(pair.server), writes);
  open(std::move(pair));
  connection_->start();
  peer_->send("x");
  ASSERT_TRUE(run_until(loop_, [&] { return notes_->received == "x"; }));
  writes = 0;
  for (int i = 0; i < 100; ++i) session_->say("frame");
  ASSERT_TRUE(run_until(loop_, [&] { return peer_->received().size() == 500; }));
  EXPECT_EQ(writes, 1);
  session_->on_receive = [&](std::string_view) {
    for (int i = 0; i < 100; ++i) session_->say("frame");
  };
  peer_->send("y");
  ASSERT_TRUE(run_until(loop_, [&] { return peer_->received().size() == 1000; }));
  EXPECT_EQ(writes, 2);
}

// Both ends are connections: neither stops for good while both have much to say.
TEST_P(ConnectionTest, TwoConnectionsExchangeMuchAtOnce) {
  StreamPair pair = make_pair(loop_, GetParam());
  const auto client_notes = std::make_shared<FakeSession::Notes>();
  auto client_session = std::make_unique<FakeSession>(client_notes);
  client_session->output = std::string(much(), 'c');
  client_session->closing = true;
  client_session->on_end = [] {};
  Connection client(std::move(pair.client), std::move(client_session),
                    {.output_limit = 10'000, .read_while_blocked = true, .linger_bytes = SIZE_MAX});
  notes_ = std::make_shared<FakeSession::Notes>();
  auto server_session = std::make_unique<FakeSession>(notes_);
  server_session->output = std::string(much(), 's');
  FakeSession* server_raw = server_session.get();
  server_session->on_end = [&] { server_raw->closing = true; };
  Connection server(std::move(pair.server), std::move(server_session), {.output_limit = 10'000});
  client.start();
  server.start();
  ASSERT_TRUE(run_until(loop_, [&] { return client.closed() && server.closed(); }));
  EXPECT_EQ(notes_->received.size(), much());
  EXPECT_EQ(server.bytes_written(), much());
}

TEST(ConnectionOverTcpTest, HearsTheAnswerOfAPeerThatStoppedListening) {
  Loop loop;
  const auto [client_socket, server_socket] = tcp_socket_pair();
  const auto notes = std::make_shared<FakeSession::Notes>();
  auto session = std::make_unique<FakeSession>(notes);
  FakeSession* raw = session.get();
  raw->reading = false;
  Connection connection(make_tcp_stream(loop, client_socket), std::move(session));
  connection.start();
  ASSERT_EQ(::send(server_socket, "413", 3, 0), 3);
  raw->say("a long request");
  run_for(loop, milliseconds(10));
  ::close(server_socket);  // with unread input: RST
  raw->reading = true;
  ASSERT_TRUE(run_until(loop, [&] {
    raw->say("more of it");
    return connection.closed();
  }));
  EXPECT_EQ(notes->received, "413");
  EXPECT_EQ(notes->lost.size(), 1u);
}

}  // namespace
}  // namespace connectrpc::io
