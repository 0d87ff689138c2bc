// The sockets of this process, found by a server's port: for tests that break them or look at what the kernel counts.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace connectrpc::probe_test {

enum class End { client, server };

/// The sockets of the connections to `port`.
inline std::vector<int> sockets_of(std::uint16_t port, End end) {
  std::vector<int> found;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", ignored)) {
    const std::string name = entry.path().filename();
    int fd = -1;
    std::from_chars(name.data(), name.data() + name.size(), fd);
    sockaddr_in near{};
    sockaddr_in far{};
    socklen_t near_size = sizeof near;
    socklen_t far_size = sizeof far;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&near), &near_size) != 0 || near.sin_family != AF_INET) continue;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&far), &far_size) != 0) continue;
    if (ntohs(end == End::client ? far.sin_port : near.sin_port) == port) found.push_back(fd);
  }
  return found;
}

/// Breaks all connections to `port`: the server's end sees a reset. It stands for the network, which asks no thread:
/// the kernel is told directly, since ThreadSanitizer takes connect() for a use of the descriptor that races with its
/// loop's.
inline void break_connections(std::uint16_t port) {
  sockaddr nowhere{};
  nowhere.sa_family = AF_UNSPEC;
  for (const int fd : sockets_of(port, End::client)) ::syscall(SYS_connect, fd, &nowhere, sizeof nowhere);
}

}  // namespace connectrpc::probe_test
