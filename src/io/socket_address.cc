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
#include <string_view>

namespace connectrpc::io {
namespace {

std::string unix_path(const SocketAddress& address) {
  sockaddr_un unix_address;
  std::memcpy(&unix_address, &address.storage, sizeof unix_address);
  constexpr std::size_t prefix = offsetof(sockaddr_un, sun_path);
  if (address.size <= prefix) return {};
  std::string path(unix_address.sun_path, std::min<std::size_t>(address.size - prefix, sizeof unix_address.sun_path));
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

SocketAddress SocketAddress::from(const void* address, std::size_t bytes) noexcept {
  SocketAddress copy;
  copy.size = static_cast<socklen_t>(std::min(bytes, sizeof copy.storage));
  std::memcpy(&copy.storage, address, copy.size);
  return copy;
}

std::string host_and_port(std::string_view host, std::uint16_t port) {
  const std::string text(host);
  return (host.find(':') == std::string_view::npos ? text : "[" + text + "]") + ":" + std::to_string(port);
}

SocketAddress unix_address(std::string_view path) noexcept {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  const bool abstract = is_abstract(path);
#if !defined(__linux__)
  if (abstract) return {};
#endif
  // An abstract name begins with NUL and is as long as the address says; a path ends with NUL.
  const std::size_t room = sizeof name.sun_path - (abstract ? 0 : 1);
  if (path.size() < (abstract ? 2U : 1U) || path.size() > room || path.find('\0') != std::string_view::npos) return {};
  path.copy(name.sun_path, path.size());
  if (!abstract) return SocketAddress::from(&name, sizeof name);
  name.sun_path[0] = '\0';
  return SocketAddress::from(&name, offsetof(sockaddr_un, sun_path) + path.size());
}

std::string unix_address_rule() {
  return "the path of a unix socket has 1 to " + std::to_string(sizeof(sockaddr_un::sun_path) - 1) +
         " bytes; an abstract name, written @name, is Linux's";
}

bool is_abstract(std::string_view unix_path) noexcept { return unix_path.starts_with('@'); }

Peer peer_from(const SocketAddress& address) {
  std::array<char, NI_MAXHOST> host{};
  switch (address.family()) {
    case AF_INET: {
      sockaddr_in v4;
      std::memcpy(&v4, &address.storage, sizeof v4);
      ::inet_ntop(AF_INET, &v4.sin_addr, host.data(), host.size());
      return Peer::ipv4(host.data(), ntohs(v4.sin_port));
    }
    case AF_INET6: {
      sockaddr_in6 v6;
      std::memcpy(&v6, &address.storage, sizeof v6);
      if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
        ::inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], host.data(), host.size());
        return Peer::ipv4(host.data(), ntohs(v6.sin6_port));
      }
      // Unlike inet_ntop it names the zone: "fe80::1%eth0".
      ::getnameinfo(address.get(), address.size, host.data(), host.size(), nullptr, 0, NI_NUMERICHOST);
      return Peer::ipv6(host.data(), ntohs(v6.sin6_port));
    }
    case AF_UNIX: return Peer::unix_socket(unix_path(address));
    default: return Peer();
  }
}

Peer local_peer(int socket) {
  SocketAddress address;
  address.size = sizeof address.storage;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address.storage), &address.size) != 0) return Peer();
  return peer_from(address);
}

Peer remote_peer(int socket) {
  SocketAddress address;
  address.size = sizeof address.storage;
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&address.storage), &address.size) != 0) return Peer();
  if (address.family() != AF_UNIX) return peer_from(address);
  std::string path = unix_path(address);
  // Clients do not bind: on the server's side the path is its own.
  if (path.empty()) path = local_peer(socket).address();
  return Peer::unix_socket(std::move(path), unix_credentials(socket));
}

}  // namespace connectrpc::io
