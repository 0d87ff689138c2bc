// Socket addresses as peers.
#include "io/socket_address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>

namespace connectrpc::io {
namespace {

std::string unix_path(const sockaddr_storage& address, socklen_t size) {
  sockaddr_un unix_address;
  std::memcpy(&unix_address, &address, sizeof unix_address);
  constexpr std::size_t prefix = offsetof(sockaddr_un, sun_path);
  if (size <= prefix) return {};
  std::string path(unix_address.sun_path, std::min<std::size_t>(size - prefix, sizeof unix_address.sun_path));
  // An abstract name of Linux begins with NUL and is written with '@'; a path ends at its NUL.
  if (path.front() == '\0')
    path.front() = '@';
  else
    path.resize(std::strlen(path.c_str()));
  return path;
}

std::optional<UnixCredentials> unix_credentials(int socket) {
  UnixCredentials credentials;
#if defined(SO_PEERCRED)
  ucred process{};
  socklen_t size = sizeof process;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &process, &size) != 0) return std::nullopt;
  credentials.uid = process.uid;
  credentials.gid = process.gid;
  credentials.pid = process.pid;
#else
  uid_t uid = 0;
  gid_t gid = 0;
  if (::getpeereid(socket, &uid, &gid) != 0) return std::nullopt;
  credentials.uid = uid;
  credentials.gid = gid;
#endif
  return credentials;
}

}  // namespace

Peer peer_from(const sockaddr_storage& address, socklen_t size) {
  std::array<char, NI_MAXHOST> host{};
  switch (address.ss_family) {
    case AF_INET: {
      sockaddr_in v4;
      std::memcpy(&v4, &address, sizeof v4);
      ::inet_ntop(AF_INET, &v4.sin_addr, host.data(), host.size());
      return Peer::ipv4(host.data(), ntohs(v4.sin_port));
    }
    case AF_INET6: {
      sockaddr_in6 v6;
      std::memcpy(&v6, &address, sizeof v6);
      if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
        ::inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], host.data(), host.size());
        return Peer::ipv4(host.data(), ntohs(v6.sin6_port));
      }
      // Unlike inet_ntop it names the zone: "fe80::1%eth0".
      ::getnameinfo(reinterpret_cast<const sockaddr*>(&address), size, host.data(), host.size(), nullptr, 0,
                    NI_NUMERICHOST);
      return Peer::ipv6(host.data(), ntohs(v6.sin6_port));
    }
    case AF_UNIX: return Peer::unix_socket(unix_path(address, size));
    default: return Peer();
  }
}

Peer local_peer(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return Peer();
  return peer_from(address, size);
}

Peer remote_peer(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return Peer();
  if (address.ss_family != AF_UNIX) return peer_from(address, size);
  std::string path = unix_path(address, size);
  // Clients do not bind: on the server's side the path is its own.
  if (path.empty()) path = local_peer(socket).address();
  return Peer::unix_socket(std::move(path), unix_credentials(socket));
}

}  // namespace connectrpc::io
