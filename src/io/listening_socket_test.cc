// Sockets pass between processes, and what is none is refused.
#include "connectrpc/listening_socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

#include "connectrpc/error.h"
#include "io/socket_address.h"

namespace connectrpc {
namespace {

class Pair {
 public:
  Pair() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_.data()), 0); }
  Pair(const Pair&) = delete;
  ~Pair() {
    for (const int end : ends_) ::close(end);
  }
  int here() const { return ends_[0]; }
  int there() const { return ends_[1]; }

 private:
  std::array<int, 2> ends_{};
};

int listener() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(socket, 1), 0);
  return socket;
}

TEST(ListeningSocket, PassesToAnotherProcessWithItsAddress) {
  const Pair pair;
  std::vector<ListeningSocket> sent;
  sent.emplace_back("0.0.0.0:8080", listener());
  sent.emplace_back("unix:/run/x.sock", listener());
  send_sockets(pair.here(), sent);
  const std::vector<ListeningSocket> received = receive_sockets(pair.there());
  ASSERT_EQ(received.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(received[i].address(), sent[i].address());
    EXPECT_NE(received[i].descriptor(), sent[i].descriptor());
    EXPECT_EQ(io::local_peer(received[i].descriptor()).to_string(), io::local_peer(sent[i].descriptor()).to_string());
    EXPECT_EQ(::fcntl(received[i].descriptor(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  }
}

TEST(ListeningSocket, ManyWithLongAddresses) {
  const Pair pair;
  std::vector<ListeningSocket> sent;
  for (int i = 0; i < 250; ++i) sent.emplace_back(std::string(110, 'a') + std::to_string(i), listener());
  std::thread sender([&] { send_sockets(pair.here(), sent); });
  const std::vector<ListeningSocket> received = receive_sockets(pair.there());
  sender.join();
  ASSERT_EQ(received.size(), 250u);
  EXPECT_EQ(received.back().address(), sent.back().address());
  sent.emplace_back("one more", listener());
  EXPECT_THROW(send_sockets(pair.here(), sent), Error);
}

TEST(ListeningSocket, NoneIsAnAnswerToo) {
  const Pair pair;
  send_sockets(pair.here(), {});
  EXPECT_TRUE(receive_sockets(pair.there()).empty());
  ::shutdown(pair.here(), SHUT_WR);
  EXPECT_TRUE(receive_sockets(pair.there()).empty());
}

TEST(ListeningSocket, WhatIsNoneIsRefused) {
  for (const std::string_view bytes : {"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n", "connectrpc sockets 1\n0000000x",
                                       "connectrpc sockets 1\n99999999", "connectrpc sockets 1\n00000004abc\0"}) {
    const Pair pair;
    ASSERT_EQ(::send(pair.here(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    ::shutdown(pair.here(), SHUT_WR);
    EXPECT_THROW(receive_sockets(pair.there()), Error) << bytes;
  }
}

TEST(ListeningSocket, ToNobody) {
  const Pair pair;
  ::shutdown(pair.there(), SHUT_RDWR);
  EXPECT_THROW(send_sockets(pair.here(), {}), Error);
}

// What `check` returns, in a process of its own that has a listener as descriptor 3 and this environment.
int in_activated_process(const char* pid, const char* count, const char* names, const std::function<int()>& check) {
  const int socket = listener();
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(socket, 3);
    ::setenv("LISTEN_PID", pid == nullptr ? std::to_string(::getpid()).c_str() : pid, 1);
    ::setenv("LISTEN_FDS", count, 1);
    if (names != nullptr) ::setenv("LISTEN_FDNAMES", names, 1);
    int result = 100;
    try {
      result = check();
    } catch (const std::invalid_argument&) {
      result = 99;
    }
    ::_exit(result);
  }
  ::close(socket);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(ListeningSocket, SystemdsByName) {
  const auto one_named = [](std::string_view name) {
    return [name] {
      const auto sockets = systemd_sockets();
      if (sockets.size() != 1 || sockets[0].descriptor() != 3 || sockets[0].address() != name) return 1;
      if ((::fcntl(3, F_GETFD) & FD_CLOEXEC) == 0) return 2;
      return systemd_sockets().empty() && std::getenv("LISTEN_FDS") == nullptr ? 0 : 3;
    };
  };
  EXPECT_EQ(in_activated_process(nullptr, "1", "web", one_named("web")), 0);
  EXPECT_EQ(in_activated_process(nullptr, "1", nullptr, one_named("unknown")), 0);
  const auto none = [] { return static_cast<int>(systemd_sockets().size()); };
  EXPECT_EQ(in_activated_process("1", "1", "web", none), 0);
  EXPECT_EQ(in_activated_process(nullptr, "0", nullptr, none), 0);
}

TEST(ListeningSocket, ABadEnvironmentIsNamed) {
  const auto any = [] { return static_cast<int>(systemd_sockets().size()); };
  EXPECT_EQ(in_activated_process(nullptr, "one", nullptr, any), 99);
  EXPECT_EQ(in_activated_process(nullptr, "-1", nullptr, any), 99);
  EXPECT_EQ(in_activated_process("me", "1", nullptr, any), 99);
  EXPECT_EQ(in_activated_process(nullptr, "900", nullptr, any), 99);
}

}  // namespace
}  // namespace connectrpc
