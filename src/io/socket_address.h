// Socket addresses as peers.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "connectrpc/peer.h"

namespace connectrpc::io {

/// An address as the kernel takes it.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  /// Copies `bytes` of an address; what is too long for one is cut.
  static SocketAddress from(const void* address, std::size_t bytes) noexcept;
  int family() const noexcept { return storage.ss_family; }
  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
};

/// "name:80", "1.2.3.4:80", "[::1]:80".
std::string host_and_port(std::string_view host, std::uint16_t port);

/// The address of a unix socket: a path, or "@name" for an abstract name of Linux. Of size 0 if it is none, for the
/// reason that unix_address_rule() says.
SocketAddress unix_address(std::string_view path) noexcept;
/// "the path of a unix socket has …"
std::string unix_address_rule();
/// Whether it has no file.
bool is_abstract(std::string_view unix_path) noexcept;

/// An address of the kernel as a peer; IPv4 in IPv6's clothes (::ffff:1.2.3.4) is IPv4.
Peer peer_from(const SocketAddress& address);
/// Who is at the other end of a connected socket; unknown if the kernel does not say. A unix socket's path is the one
/// that it was reached by, with the credentials of the process there.
Peer remote_peer(int socket);
/// The address that a socket is bound to.
Peer local_peer(int socket);

}  // namespace connectrpc::io
