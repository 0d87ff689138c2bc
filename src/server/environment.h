// What ServerOptions mean for the calls of a loop.
#pragma once

#include <cstddef>

#include "connectrpc/server_options.h"
#include "io/loop.h"
#include "rpc/server_call.h"

namespace connectrpc::server {

/// `options` and `threads` outlive it; `threads` may be null where nothing blocks.
rpc::ServerEnvironment make_environment(io::Loop& loop, const ServerOptions& options, rpc::ThreadPool* threads);

/// Threads for blocking handlers.
std::size_t worker_count(const ServerOptions& options);

}  // namespace connectrpc::server
