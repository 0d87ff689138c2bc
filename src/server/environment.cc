// What ServerOptions mean for the calls of a loop.
#include "server/environment.h"

#include <algorithm>
#include <thread>

namespace connectrpc::server {

rpc::ServerEnvironment make_environment(io::Loop& loop, const ServerOptions& options, rpc::ThreadPool* threads) {
  protocol::ServerSettings settings;
  settings.compressions = &options.compressions;
  settings.receive_limit = options.receive_limit;
  settings.send_limit = options.send_limit;
  settings.compress_min_bytes = options.compress_min_bytes;
  settings.require_connect_version = options.require_connect_version;
  settings.compress_responses = options.compress_responses;
  rpc::ServerEnvironment environment{loop,
                                     io::TimerQueue::of(loop),
                                     settings,
                                     threads,
                                     options.log,
                                     options.high_water,
                                     rpc::StallLimits{options.message_timeout, options.call_idle_timeout},
                                     {}};
  environment.deadlines = options.deadlines;
  environment.on_call_end = options.on_call_end;
  return environment;
}

std::size_t worker_count(const ServerOptions& options) {
  if (options.workers != 0) return options.workers;
  return std::max<std::size_t>(8, 2 * std::size_t{std::thread::hardware_concurrency()});
}

}  // namespace connectrpc::server
