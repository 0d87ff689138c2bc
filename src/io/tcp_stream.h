// A connected socket as a stream.
#pragma once

#include <memory>

#include "io/stream.h"

namespace connectrpc::io {

/// Takes over a connected TCP or unix socket (its native handle) and sets TCP_NODELAY. The socket may be of any
/// blocking mode. A socket that the loop refuses gives a stream whose first read fails.
std::unique_ptr<Stream> make_tcp_stream(Loop& loop, int socket);

}  // namespace connectrpc::io
