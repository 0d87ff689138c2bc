// How much memory this process occupies.
#pragma once

#include <cstddef>

namespace connectrpc::server {

/// Bytes that are resident; the largest number there is where the system does not tell.
std::size_t resident_memory() noexcept;

}  // namespace connectrpc::server
