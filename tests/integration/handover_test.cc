// One server takes the place of another on the same listening sockets.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "integration/harness.h"

namespace connectrpc::probe_test {
namespace {

using namespace std::chrono_literals;
using ::probe::v1::ProbeServiceClientSync;

int listening_descriptor(std::uint16_t& port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(socket, 16), 0);
  socklen_t size = sizeof address;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  port = ntohs(address.sin_port);
  return socket;
}

std::string fault_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

// A server that has not been told where to listen.
struct Candidate {
  explicit Candidate(int threads = 1) : probe(counters), server(options(threads)) { server.add(probe); }
  static ServerOptions options(int threads) {
    ServerOptions options;
    options.threads = threads;
    return options;
  }
  Counters counters;
  Probe probe;
  Server server;
};

TEST(Handover, ADescriptorByNumberAndByAddress) {
  for (const bool by_address : {false, true}) {
    std::uint16_t port = 0;
    const int descriptor = listening_descriptor(port);
    Candidate candidate;
    const std::uint16_t said = by_address ? candidate.server.listen("fd:" + std::to_string(descriptor))
                                          : candidate.server.listen_fd(descriptor);
    EXPECT_EQ(said, port);
    candidate.server.start();
    const ProbeServiceClientSync client("http://127.0.0.1:" + std::to_string(port));
    EXPECT_EQ((*client.probe(ProbeRequest())).text(), "hello ");
  }
}

TEST(Handover, WhatDoesNotListenIsNamed) {
  Candidate candidate;
  Server& server = candidate.server;
  EXPECT_EQ(fault_of([&] { server.listen("fd:x"); }), "cannot listen on fd:x: a descriptor is written fd:3");
  EXPECT_EQ(fault_of([&] { server.listen("fd:"); }), "cannot listen on fd:: a descriptor is written fd:3");
  EXPECT_EQ(fault_of([&] { server.listen("fd:9999"); }), "cannot listen on fd:9999: bad file descriptor");
  const int idle = ::socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_EQ(fault_of([&] { server.listen_fd(idle); }),
            "cannot listen on fd:" + std::to_string(idle) + ": the socket does not listen");
  const int file = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(fault_of([&] { server.listen_fd(file); }),
            "cannot listen on fd:" + std::to_string(file) + ": socket operation on non-socket");
  EXPECT_NE(fault_of([&] { server.listen("systemd:web"); }).find("systemd:web"), std::string::npos);
}

// Calls, each on a connection of its own, while servers come and go on one socket.
TEST(Handover, NoCallFailsMeanwhile) {
  std::optional<Candidate> current(std::in_place, 2);
  const std::string address = "127.0.0.1:" + std::to_string([&] {
                                std::uint16_t port = 0;
                                ::close(listening_descriptor(port));
                                return port;
                              }());
  current->server.listen(address);
  current->server.start();
  std::atomic<bool> end{false};
  std::atomic<int> good{0};
  std::atomic<int> bad{0};
  std::vector<std::thread> callers;
  for (const HttpVersion version : {HttpVersion::http1_1, HttpVersion::http2}) {
    for (const bool keep : {false, true}) {
      callers.emplace_back([&, version, keep] {
        ChannelOptions options;
        options.http_version = version;
        std::optional<ProbeServiceClientSync> kept;
        if (keep) kept.emplace("http://" + address, options);
        while (!end) {
          const ProbeServiceClientSync client = keep ? *kept : ProbeServiceClientSync("http://" + address, options);
          const auto result = as_result([&] { return client.probe(ProbeRequest()); });
          ++(result.has_value() ? good : bad);
          if (!result.has_value()) ADD_FAILURE() << result.error().what();
        }
      });
    }
  }
  for (int round = 0; round < 5; ++round) {
    std::optional<Candidate> next(std::in_place, 1 + round % 2);
    next->server.inherit(current->server.hand_over());
    next->server.listen(address);
    next->server.start();
    std::this_thread::sleep_for(50ms);
    current->server.stop();
    current->server.wait();
    current.reset();
    current.emplace(1);
    current->server.inherit(next->server.hand_over());
    current->server.listen(address);
    current->server.start();
    next->server.stop();
    next->server.wait();
  }
  end = true;
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(bad, 0);
  EXPECT_GT(good, 40);
}

TEST(Handover, TheFileOfAUnixSocketGoesWithTheLastServer) {
  const std::string path = std::filesystem::temp_directory_path() / ("handover-" + std::to_string(::getpid()));
  std::optional<Candidate> first(std::in_place);
  first->server.listen("unix:" + path);
  first->server.start();
  std::optional<Candidate> second(std::in_place);
  second->server.inherit(first->server.hand_over());
  second->server.listen("unix:" + path);
  second->server.start();
  first.reset();
  EXPECT_TRUE(std::filesystem::is_socket(path));
  EXPECT_EQ((*ProbeServiceClientSync("unix:" + path).probe(ProbeRequest())).text(), "hello ");
  second.reset();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Handover, SocketsThatNobodyTakesAreClosed) {
  std::uint16_t port = 0;
  const int descriptor = listening_descriptor(port);
  Candidate candidate;
  std::vector<ListeningSocket> sockets;
  sockets.emplace_back("127.0.0.1:1", descriptor);
  candidate.server.inherit(std::move(sockets));
  candidate.server.listen("127.0.0.1:0");
  candidate.server.start();
  EXPECT_EQ(::fcntl(descriptor, F_GETFD), -1);
}

TEST(Handover, NotAfterTheEnd) {
  Candidate candidate;
  candidate.server.listen("127.0.0.1:0");
  candidate.server.start();
  candidate.server.stop();
  EXPECT_THROW(candidate.server.hand_over(), std::logic_error);
  candidate.server.wait();
}

}  // namespace
}  // namespace connectrpc::probe_test
