// Listening: addresses, errors, and what is accepted.
#include "io/acceptor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <fcntl.h>

#include <filesystem>
#include <vector>

#include "io/dialer.h"
#include "io/stream_testlib.h"

namespace connectrpc::io {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::StartsWith;

std::unique_ptr<Acceptor> listen(Loop& loop, std::string_view address, ListenOptions options = {}) {
  return Acceptor::listen(loop, address, options).value();
}

// Dials an acceptor and gives what comes of it.
struct Dialed {
  Dialed(Loop& loop, const Acceptor& acceptor) {
    const auto done = [this](Result<std::unique_ptr<Stream>> result) {
      finished = true;
      if (result)
        stream = *std::move(result);
      else
        message = result.error().message();
    };
    const Peer& local = acceptor.local();
    dialing = local.kind() == Peer::Kind::unix_socket
                  ? dial_unix(loop, local.address(), done)
                  : dial(loop, local.address() == "0.0.0.0" || local.address() == "::" ? "127.0.0.1" : local.address(),
                         local.port(), Deadline::none(), done);
  }
  bool finished = false;
  std::unique_ptr<Stream> stream;
  std::string message;
  Dialing dialing;
};

TEST(AcceptorTest, AcceptsOnEveryKindOfAddress) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("connectrpc-" + std::to_string(::getpid()))).string();
  for (const std::string& address :
       {std::string("127.0.0.1:0"), std::string("0.0.0.0:0"), std::string("localhost:0"), std::string(":0"),
        std::string("[::1]:0"), std::string("[::]:0"), "unix:" + path}) {
    SCOPED_TRACE(address);
    Loop loop;
    const auto acceptor = listen(loop, address);
    std::vector<std::unique_ptr<Stream>> accepted;
    acceptor->start([&](int socket) {
      EXPECT_NE(::fcntl(socket, F_GETFL) & O_NONBLOCK, 0);
      EXPECT_NE(::fcntl(socket, F_GETFD) & FD_CLOEXEC, 0);
      accepted.push_back(make_tcp_stream(loop, socket));
    });
    Dialed client(loop, *acceptor);
    ASSERT_TRUE(run_until(loop, [&] { return client.stream && !accepted.empty(); })) << client.message;
    TestEnd here(std::move(client.stream));
    TestEnd there(std::move(accepted[0]));
    here.send("hello");
    EXPECT_TRUE(run_until(loop, [&] { return there.received() == "hello"; }));
    if (address.starts_with("unix:")) {
      EXPECT_EQ(acceptor->address(), address);
      EXPECT_EQ(there.stream().peer().to_string(), address);
      EXPECT_EQ(there.stream().peer().unix_credentials()->pid, ::getpid());
    } else {
      EXPECT_NE(acceptor->port(), 0);
      EXPECT_THAT(acceptor->address(), HasSubstr(":" + std::to_string(acceptor->port())));
    }
  }
  EXPECT_FALSE(std::filesystem::exists(path)) << "the file goes with the acceptor";
}

TEST(AcceptorTest, EveryAddressMeansIpv4Too) {
  Loop loop;
  const auto acceptor = listen(loop, ":0");
  std::unique_ptr<Stream> accepted;
  acceptor->start([&](int socket) { accepted = make_tcp_stream(loop, socket); });
  Dialed client(loop, *acceptor);
  ASSERT_TRUE(run_until(loop, [&] { return accepted && client.stream; }));
  EXPECT_EQ(accepted->peer().kind(), Peer::Kind::ipv4);
  EXPECT_EQ(accepted->peer().address(), "127.0.0.1");
  EXPECT_EQ(client.stream->peer().to_string(), "127.0.0.1:" + std::to_string(acceptor->port()));
}

TEST(AcceptorTest, NamesAnAddressThatIsInUse) {
  Loop loop;
  const auto first = listen(loop, "127.0.0.1:0");
  const auto second = Acceptor::listen(loop, first->address());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::already_exists);
  EXPECT_EQ(second.error().message(), "cannot listen on " + first->address() + ": address already in use");
}

TEST(AcceptorTest, NamesAnAddressThatIsNone) {
  Loop loop;
  for (const char* address : {"", "8080", "localhost", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536", "::1:80",
                              "[::1]", "127.0.0.1:-1", "unix:", "a[b]:1"}) {
    const auto acceptor = Acceptor::listen(loop, address);
    ASSERT_FALSE(acceptor) << address;
    EXPECT_EQ(acceptor.error().code(), Code::invalid_argument) << address;
    EXPECT_THAT(acceptor.error().message(), StartsWith(std::string("cannot listen on ") + address));
  }
  EXPECT_EQ(Acceptor::listen(loop, "unix:" + std::string(200, 'x')).error().code(), Code::invalid_argument);
}

TEST(AcceptorTest, NamesAnAddressThatCannotBeHad) {
  Loop loop;
  const auto foreign = Acceptor::listen(loop, "192.0.2.1:8080");
  ASSERT_FALSE(foreign);
  EXPECT_THAT(foreign.error().message(), StartsWith("cannot listen on 192.0.2.1:8080: "));
  const auto unknown = Acceptor::listen(loop, "no-such-host.invalid:8080");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code(), Code::unavailable);
  EXPECT_THAT(unknown.error().message(), StartsWith("cannot listen on no-such-host.invalid:8080: "));
  EXPECT_FALSE(Acceptor::listen(loop, "unix:/nowhere/at/all"));
}

TEST(AcceptorTest, SharesAPortIfTold) {
  Loop loop;
  const auto first = listen(loop, "127.0.0.1:0", {.reuse_port = true});
  EXPECT_TRUE(Acceptor::listen(loop, first->address(), {.reuse_port = true}));
  EXPECT_FALSE(Acceptor::listen(loop, first->address()));
}

TEST(AcceptorTest, TakesOverAnAbandonedUnixSocketOnly) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("connectrpc-x" + std::to_string(::getpid()))).string();
  Loop loop;
  {
    const auto living = listen(loop, "unix:" + path);
    EXPECT_EQ(Acceptor::listen(loop, "unix:" + path).error().code(), Code::already_exists);
    std::filesystem::rename(path, path + ".kept");  // the acceptor will not find it
  }
  std::filesystem::rename(path + ".kept", path);
  EXPECT_TRUE(Acceptor::listen(loop, "unix:" + path));
  {
    const TestFile file("not a socket");
    EXPECT_FALSE(Acceptor::listen(loop, "unix:" + file.path()));
    EXPECT_TRUE(std::filesystem::exists(file.path()));
  }
}

TEST(AcceptorTest, RefusesConnectionsOnceClosed) {
  Loop loop;
  const auto acceptor = listen(loop, "127.0.0.1:0");
  acceptor->start([](int socket) { ::close(socket); });
  acceptor->close();
  acceptor->close();
  Dialed client(loop, *acceptor);
  ASSERT_TRUE(run_until(loop, [&] { return client.finished; }));
  EXPECT_EQ(client.message, "cannot connect to " + acceptor->address() + ": connection refused");
}

TEST(AcceptorTest, MayBeDestroyedByItsCallback) {
  Loop loop;
  auto acceptor = listen(loop, "127.0.0.1:0");
  int accepted = 0;
  acceptor->start([&](int socket) {
    ++accepted;
    acceptor.reset();
    ::close(socket);
  });
  Dialed one(loop, *acceptor);
  Dialed two(loop, *acceptor);
  ASSERT_TRUE(run_until(loop, [&] { return !acceptor; }));
  run_for(loop, milliseconds(20));
  EXPECT_EQ(accepted, 1);
}

TEST(AcceptorTest, SurvivesRunningOutOfDescriptors) {
  Loop loop;
  const auto acceptor = listen(loop, "127.0.0.1:0");
  std::vector<std::unique_ptr<Stream>> accepted;
  acceptor->start([&](int socket) { accepted.push_back(make_tcp_stream(loop, socket)); });
  std::vector<std::unique_ptr<Dialed>> clients;
  clients.push_back(std::make_unique<Dialed>(loop, *acceptor));
  ASSERT_TRUE(run_until(loop, [&] { return accepted.size() == 1 && clients[0]->stream; }));

  // Leaves room for the client's end alone.
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const int next = ::dup(0);
  ::close(next);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(next + 1);
  ::setrlimit(RLIMIT_NOFILE, &tight);
  clients.push_back(std::make_unique<Dialed>(loop, *acceptor));
  run_for(loop, milliseconds(150));
  EXPECT_EQ(accepted.size(), 1u);
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_TRUE(run_until(loop, [&] { return accepted.size() == 2; }));
}

}  // namespace
}  // namespace connectrpc::io
