// A socket of the kernel, owned.
#include "io/socket_handle.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace connectrpc::io {

SocketHandle::~SocketHandle() {
  if (socket_ >= 0) ::close(socket_);
}

#if defined(SOCK_CLOEXEC)

SocketHandle SocketHandle::open(int family) noexcept {
  return SocketHandle(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

SocketHandle SocketHandle::accept(int listener) noexcept {
  return SocketHandle(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

#else

namespace {

SocketHandle prepared(int socket) noexcept {
  if (socket >= 0) {
    ::fcntl(socket, F_SETFD, FD_CLOEXEC);
    ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
  }
  return SocketHandle(socket);
}

}  // namespace

SocketHandle SocketHandle::open(int family) noexcept { return prepared(::socket(family, SOCK_STREAM, 0)); }
SocketHandle SocketHandle::accept(int listener) noexcept { return prepared(::accept(listener, nullptr, nullptr)); }

#endif

}  // namespace connectrpc::io
