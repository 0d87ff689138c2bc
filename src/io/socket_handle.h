// A socket of the kernel, owned.
#pragma once

#include <utility>

namespace connectrpc::io {

/// Owns a socket's native handle, or nothing. All sockets made here are non-blocking and close-on-exec.
class SocketHandle {
 public:
  explicit SocketHandle(int socket = -1) noexcept : socket_(socket) {}
  SocketHandle(SocketHandle&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
  SocketHandle& operator=(SocketHandle&& other) noexcept {
    std::swap(socket_, other.socket_);
    return *this;
  }
  ~SocketHandle();

  /// A stream socket of a family; empty on failure, with errno set.
  static SocketHandle open(int family) noexcept;
  /// The next connection of a listening socket; empty on failure, with errno set.
  static SocketHandle accept(int listener) noexcept;

  explicit operator bool() const noexcept { return socket_ >= 0; }
  int get() const noexcept { return socket_; }
  int release() noexcept { return std::exchange(socket_, -1); }

 private:
  int socket_;
};

}  // namespace connectrpc::io
