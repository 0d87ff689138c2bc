// The watch that asks the kernel only once.
#pragma once

#include <memory>

#include "io/socket_watch.h"

namespace connectrpc::io {

/// Null where Asio does not use epoll, or has changed inside.
std::unique_ptr<SocketWatch> make_epoll_watch(Loop& loop, SocketWatch::Owner& owner);

}  // namespace connectrpc::io
