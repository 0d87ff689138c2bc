// Sockets that listen, on their way from one process to another.
#pragma once

#include <string>
#include <vector>

namespace connectrpc {

/// A listening socket, owned: its descriptor is closed with this object. Movable.
class ListeningSocket {
 public:
  /// `address` is what Server::listen() is given, `descriptor` becomes this object's.
  ListeningSocket(std::string address, int descriptor) noexcept;
  ListeningSocket(ListeningSocket&& other) noexcept;
  ListeningSocket& operator=(ListeningSocket&& other) noexcept;
  ~ListeningSocket();

  const std::string& address() const noexcept { return address_; }
  /// Still this object's.
  int descriptor() const noexcept { return descriptor_; }
  /// The caller's from then on.
  int release() noexcept;

 private:
  std::string address_;
  int descriptor_;
};

/// Sends `sockets` to the process at the other end of a connected unix socket (SCM_RIGHTS), which may be on its way to
/// replace this one; waits until they are written. They stay open here. At most 250 at once, with addresses of 30,000
/// bytes in all. Throws Error (unavailable) that says what is wrong.
void send_sockets(int unix_socket, const std::vector<ListeningSocket>& sockets);

/// Waits for what send_sockets() sent, once. Nothing if the other end closes without a word. Throws Error (unavailable,
/// internal for what was sent by something else).
std::vector<ListeningSocket> receive_sockets(int unix_socket);

/// What systemd passed to this process by socket activation (LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES), with the names as
/// addresses; nothing if it did not. Takes them out of the environment, so that the second call gives none and no child
/// takes them for its own.
std::vector<ListeningSocket> systemd_sockets();

}  // namespace connectrpc
