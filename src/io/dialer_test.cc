// Connecting: which address wins, and what is said when none does.
#include "io/dialer.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "io/acceptor.h"
#include "io/stream_testlib.h"

namespace connectrpc::io {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::StartsWith;
using Clock = std::chrono::steady_clock;

SocketAddress ipv4(const char* address, int port) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET, address, &v4.sin_addr);
  return SocketAddress::from(&v4, sizeof v4);
}

SocketAddress ipv6(const char* address, int port) {
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET6, address, &v6.sin6_addr);
  return SocketAddress::from(&v6, sizeof v6);
}

class DialerTest : public testing::Test {
 protected:
  DialCallback note() {
    return [this](Result<std::unique_ptr<Stream>> result) { result_.emplace(std::move(result)); };
  }
  std::unique_ptr<Acceptor> listen(std::string_view address) {
    auto acceptor = Acceptor::listen(loop_, address).value();
    acceptor->start([this](int socket) { accepted_.push_back(make_tcp_stream(loop_, socket)); });
    return acceptor;
  }
  // A port on which nobody listens.
  int dead_port() { return Acceptor::listen(loop_, "127.0.0.1:0").value()->port(); }

  Loop loop_;
  std::vector<std::unique_ptr<Stream>> accepted_;
  std::optional<Result<std::unique_ptr<Stream>>> result_;
};

// A listener whose queue is full: connecting to it takes forever.
class Silent {
 public:
  Silent() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    ::bind(listener_, generic, size);
    ::listen(listener_, 0);
    ::getsockname(listener_, generic, &size);
    port_ = ntohs(address.sin_port);
    for (int i = 0; i < 4; ++i) {
      fillers_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
      [[maybe_unused]] const int ignored = ::connect(fillers_.back(), generic, size);
    }
  }
  ~Silent() {
    for (const int filler : fillers_) ::close(filler);
    ::close(listener_);
  }
  int port() const { return port_; }

 private:
  int listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
  int port_ = 0;
  std::vector<int> fillers_;
};

TEST_F(DialerTest, ConnectsToAddressesAndNames) {
  for (const auto& [listening, host] : {std::pair("127.0.0.1:0", "127.0.0.1"), std::pair("[::1]:0", "::1"),
                                        std::pair("127.0.0.1:0", "localhost"), std::pair("[::]:0", "localhost")}) {
    SCOPED_TRACE(host);
    result_.reset();
    accepted_.clear();
    const auto acceptor = listen(listening);
    const Dialing dialing = dial(loop_, host, static_cast<std::uint16_t>(acceptor->port()), Deadline::none(), note());
    EXPECT_FALSE(result_.has_value()) << "never from inside";
    ASSERT_TRUE(run_until(loop_, [&] { return result_ && !accepted_.empty(); }));
    ASSERT_TRUE(*result_) << result_->error().message();
    EXPECT_EQ((**result_)->peer().port(), acceptor->port());
  }
}

TEST_F(DialerTest, SaysWhoRefused) {
  const auto port = static_cast<std::uint16_t>(dead_port());
  const Dialing dialing = dial(loop_, "127.0.0.1", port, Deadline::none(), note());
  ASSERT_TRUE(run_until(loop_, [&] { return result_.has_value(); }));
  ASSERT_FALSE(*result_);
  EXPECT_EQ(result_->error().code(), Code::unavailable);
  EXPECT_EQ(result_->error().message(), "cannot connect to 127.0.0.1:" + std::to_string(port) + ": connection refused");
}

TEST_F(DialerTest, NamesEveryAddressOfANameThatRefused) {
  const auto port = static_cast<std::uint16_t>(dead_port());
  const Dialing dialing =
      dial_addresses(loop_, "api.example:1", {ipv4("127.0.0.1", port), ipv6("::1", port)}, Deadline::none(), note());
  ASSERT_TRUE(run_until(loop_, [&] { return result_.has_value(); }));
  const std::string text = std::to_string(port);
  EXPECT_EQ(result_->error().message(), "cannot connect to api.example:1: 127.0.0.1:" + text +
                                            ": connection refused; [::1]:" + text + ": connection refused");
}

TEST_F(DialerTest, SaysThatANameIsUnknown) {
  const Dialing dialing = dial(loop_, "no-such-host.invalid", 80, Deadline::none(), note());
  ASSERT_TRUE(run_until(loop_, [&] { return result_.has_value(); }));
  EXPECT_EQ(result_->error().code(), Code::unavailable);
  EXPECT_THAT(result_->error().message(),
              StartsWith("cannot connect to no-such-host.invalid:80: cannot resolve the name: "));
}

TEST_F(DialerTest, GoesOnToTheNextAddressAtOnceWhenOneRefuses) {
  const auto acceptor = listen("127.0.0.1:0");
  const int dead = dead_port();
  // The best of many: the machine may be busy.
  Clock::duration best = milliseconds(1000);
  for (int i = 0; i < 50 && best >= milliseconds(200); ++i) {
    result_.reset();
    const auto start = Clock::now();
    const Dialing dialing =
        dial_addresses(loop_, "x", {ipv6("::1", dead), ipv4("127.0.0.1", acceptor->port())}, Deadline::none(), note());
    ASSERT_TRUE(run_until(loop_, [&] { return result_.has_value(); }));
    EXPECT_TRUE(*result_);
    best = std::min(best, Clock::now() - start);
  }
  EXPECT_LT(best, milliseconds(200));
}

TEST_F(DialerTest, DoesNotWaitForASilentAddress) {
  const Silent silent;
  const auto acceptor = listen("127.0.0.1:0");
  const auto start = Clock::now();
  const Dialing dialing = dial_addresses(
      loop_, "x", {ipv4("127.0.0.1", silent.port()), ipv4("127.0.0.1", acceptor->port())}, Deadline::none(), note());
  ASSERT_TRUE(run_until(loop_, [&] { return result_.has_value(); }));
  ASSERT_TRUE(*result_);
  EXPECT_EQ((**result_)->peer().port(), acceptor->port());
  EXPECT_GE(Clock::now() - start, milliseconds(240));
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(10));
}

TEST_F(DialerTest, TakesFamiliesInTurns) {
  const auto port = dead_port();
  const Dialing dialing =
      dial_addresses(loop_, "x", {ipv6("::1", 1), ipv6("::1", 2), ipv4("127.0.0.1", 3), ipv4("127.0.0.1", port)},
                     Deadline::none(), note());
  ASSERT_TRUE(run_until(loop_, [&] { return result_.has_value(); }));
  const std::string message = result_->error().message();
  EXPECT_LT(message.find("[::1]:1"), message.find("127.0.0.1:3"));
  EXPECT_LT(message.find("127.0.0.1:3"), message.find("[::1]:2"));
}

TEST_F(DialerTest, KeepsToItsDeadline) {
  const Silent silent;
  const auto start = Clock::now();
  const Dialing dialing =
      dial(loop_, "127.0.0.1", static_cast<std::uint16_t>(silent.port()), Deadline::after(milliseconds(50)), note());
  ASSERT_TRUE(run_until(loop_, [&] { return result_.has_value(); }));
  EXPECT_GE(Clock::now() - start, milliseconds(50));
  EXPECT_EQ(result_->error().code(), Code::deadline_exceeded);
  EXPECT_THAT(result_->error().message(),
              HasSubstr("127.0.0.1:" + std::to_string(silent.port()) + ": the deadline has passed"));
}

TEST_F(DialerTest, StaysSilentOnceCancelled) {
  const auto acceptor = listen("127.0.0.1:0");
  const auto port = static_cast<std::uint16_t>(acceptor->port());
  {
    const Dialing dropped = dial(loop_, "127.0.0.1", port, Deadline::after(milliseconds(10)), note());
  }
  {
    const Dialing dropped = dial(loop_, "localhost", port, Deadline::none(), note());
  }
  Dialing cancelled = dial(loop_, "127.0.0.1", port, Deadline::none(), note());
  loop_.poll_one();
  cancelled.cancel();
  cancelled.cancel();
  run_for(loop_, milliseconds(50));
  EXPECT_FALSE(result_.has_value());
}

TEST_F(DialerTest, MayBeDroppedByItsCallback) {
  const auto acceptor = listen("127.0.0.1:0");
  auto dialing = std::make_unique<Dialing>();
  bool connected = false;
  *dialing = dial(loop_, "127.0.0.1", static_cast<std::uint16_t>(acceptor->port()), Deadline::none(),
                  [&](Result<std::unique_ptr<Stream>> result) {
                    dialing.reset();
                    connected = result.has_value();
                  });
  ASSERT_TRUE(run_until(loop_, [&] { return !dialing; }));
  EXPECT_TRUE(connected);
}

TEST_F(DialerTest, SaysWhatIsWrongWithAUnixSocket) {
  const Dialing missing = dial_unix(loop_, "/nowhere/socket", note());
  ASSERT_TRUE(run_until(loop_, [&] { return result_.has_value(); }));
  EXPECT_EQ(result_->error().message(), "cannot connect to unix:/nowhere/socket: no such file or directory");
  result_.reset();
  const Dialing endless = dial_unix(loop_, std::string(300, 'x'), note());
  ASSERT_TRUE(run_until(loop_, [&] { return result_.has_value(); }));
  EXPECT_THAT(result_->error().message(), HasSubstr("has 1 to 107 bytes"));
}

}  // namespace
}  // namespace connectrpc::io
