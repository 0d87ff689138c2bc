// Two streams joined in memory.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "io/stream.h"

namespace connectrpc::io {

/// Two ends: what is written to one is read from the other, up to `capacity` bytes unread in each direction. Observers
/// are called in a later turn of the loop. Closing or destroying an end is the end of input for the other, which still
/// reads what was written before and whose writes fail.
std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>> make_pipe(Loop& loop, std::size_t capacity = 64 * 1024);

}  // namespace connectrpc::io
