// ServerOptions that cannot be meant.
#pragma once

#include "connectrpc/server_options.h"

namespace connectrpc::server {

/// std::invalid_argument names an option, its value and what is wrong with it.
void check(const ServerOptions& options);

}  // namespace connectrpc::server
