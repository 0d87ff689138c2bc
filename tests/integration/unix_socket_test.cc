// Unix sockets, by path and abstract, beside other ports.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "integration/harness.h"
#include "integration/plain_http.h"

namespace connectrpc::probe_test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class UnixSocketTest : public ::testing::Test {
 protected:
  ~UnixSocketTest() override {
    fs::remove(path_);
    fs::remove(path_ + ".2");
  }
  static std::string unique(const std::string& name) { return name + "-" + std::to_string(::getpid()); }
  std::unique_ptr<Server> make_server(ServerOptions options = ServerOptions()) {
    auto server = std::make_unique<Server>(std::move(options));
    server->add(probe_);
    return server;
  }
  static std::string message_of(Server& server, const std::string& address) {
    try {
      server.listen(address);
    } catch (const Error& error) {
      return error.message();
    }
    return "";
  }
  static std::string call(const std::string& url, ChannelOptions options = ChannelOptions()) {
    ::probe::v1::ProbeServiceClientSync client(Channel::make(url, std::move(options)));
    const auto response = client.probe(ProbeRequest());
    return response->peer();
  }

  std::string path_ = (fs::temp_directory_path() / unique("connectrpc-unix")).string();
  Counters counters_;
  Probe probe_{counters_};
};

TEST_F(UnixSocketTest, EveryProtocolWorksOnPathsAndAbstractNames) {
  auto server = make_server({.threads = 2});
  const std::string name = "unix:@" + unique("connectrpc");
  EXPECT_EQ(server->listen("unix:" + path_), 0);
  EXPECT_EQ(server->listen(name), 0);
  const auto port = server->listen("127.0.0.1:0");
  server->start();
  for (const Protocol protocol : {Protocol::connect, Protocol::grpc, Protocol::grpc_web}) {
    EXPECT_EQ(call("unix:" + path_, {.protocol = protocol}), "unix:" + path_);
    EXPECT_EQ(call(name, {.protocol = protocol}), name);
    EXPECT_THAT(call("http://127.0.0.1:" + std::to_string(port), {.protocol = protocol}), StartsWith("127.0.0.1:"));
  }
  // Coroutine clients take the same way.
  ::probe::v1::ProbeServiceClient client(Channel::make("unix:" + path_));
  const auto ask = [&]() -> Task<std::string> {
    const ProbeRequest request;
    const auto response = co_await client.probe(request);
    co_return response->peer();
  };
  EXPECT_EQ(run(ask()), "unix:" + path_);
}

TEST_F(UnixSocketTest, ThePeerIsTheProcess) {
  auto server = make_server();
  std::optional<UnixCredentials> seen;
  std::string authority;
  server->use([&](http::Request& request, http::Response&, const http::Next& next) {
    seen = request.peer().unix_credentials();
    authority = request.authority();
    return next();
  });
  server->listen("unix:" + path_);
  server->start();
  call("unix:" + path_);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->uid, ::getuid());
  EXPECT_EQ(seen->gid, ::getgid());
  EXPECT_EQ(seen->pid, ::getpid());
  EXPECT_EQ(authority, "localhost");
}

TEST_F(UnixSocketTest, TheFileGoesWithTheServerAndALeftOverOneIsTakenOver) {
  {
    auto server = make_server();
    server->listen("unix:" + path_);
    server->start();
    EXPECT_TRUE(fs::is_socket(path_));
    Server second;
    EXPECT_THAT(message_of(second, "unix:" + path_), StartsWith("cannot listen on unix:" + path_ + ": "));
    EXPECT_EQ(call("unix:" + path_), "unix:" + path_) << "who listens is left alone";
    fs::rename(path_, path_ + ".2");
  }
  EXPECT_FALSE(fs::exists(path_));
  fs::rename(path_ + ".2", path_);
  {
    auto server = make_server();
    server->listen("unix:" + path_);
    server->start();
    EXPECT_EQ(call("unix:" + path_), "unix:" + path_);
    server->stop();
    server->wait();
    EXPECT_FALSE(fs::exists(path_));
  }
}

TEST_F(UnixSocketTest, AFileThatIsNotOursStays) {
  auto server = make_server();
  server->listen("unix:" + path_);
  fs::remove(path_);
  std::ofstream(path_) << "somebody's";
  server.reset();
  EXPECT_TRUE(fs::is_regular_file(path_));
}

TEST_F(UnixSocketTest, WhatCannotBeASocketIsNamedAtTheStart) {
  Server server;
  std::ofstream(path_) << "an ordinary file";
  EXPECT_EQ(message_of(server, "unix:" + path_),
            "cannot listen on unix:" + path_ + ": there is a file of that name, and it is no socket");
  EXPECT_TRUE(fs::is_regular_file(path_));
  const std::string long_path = "unix:/" + std::string(107, 'x');
  EXPECT_THAT(message_of(server, long_path), StartsWith("cannot listen on " + long_path + ": "));
  EXPECT_THAT(message_of(server, long_path), HasSubstr("1 to 107 bytes"));
  EXPECT_THAT(message_of(server, "unix:"), HasSubstr("1 to 107 bytes"));
  EXPECT_THAT(message_of(server, "unix:/no/such/folder/socket"), HasSubstr("unix:/no/such/folder/socket: "));
  for (const std::string& url : {std::string("unix:"), long_path, std::string("unix:@")}) {
    try {
      Channel::make(url);
      ADD_FAILURE() << url;
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), StartsWith("\"" + url + "\" is no URL of a server: "));
    }
  }
}

TEST_F(UnixSocketTest, ACallToNobodySaysWhere) {
  try {
    call("unix:" + path_);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::unavailable);
    EXPECT_THAT(error.message(), HasSubstr("unix:" + path_));
  }
}

TEST_F(UnixSocketTest, ConnectionsSpreadOverTheLoopsWithReusePortToo) {
  auto server = make_server({.threads = 2, .reuse_port = true});
  server->listen("unix:" + path_);
  server->start();
  std::vector<std::unique_ptr<PlainClient>> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(std::make_unique<PlainClient>(path_, HttpVersion::http1_1));
    EXPECT_EQ(clients.back()->get("/none").status, 404);
  }
  EXPECT_EQ(server->connections(0), 2U);
  EXPECT_EQ(server->connections(1), 2U);
}

}  // namespace
}  // namespace connectrpc::probe_test
