// Forwards requests to another HTTP/1.1 server, as they are.
#pragma once

#include <string>

#include "connectrpc/http/middleware.h"

namespace examples {

/// A handler for Server::unknown. `upstream`: "host:port".
connectrpc::http::Handler proxy_to(const std::string& upstream);

}  // namespace examples
