// Coroutines whose frames live in blocks.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>

#include "base/block_cache.h"

namespace connectrpc::client {

/// The promise of a coroutine that keeps its frame in a block, for a specialisation of std::coroutine_traits. Asio
/// keeps two frames of a thread and leaves all others to the C library; a turn of a loop ends dozens of calls. Such a
/// coroutine gives a Task as any other, but awaits only Asio's operations: awaiting a Task does not compile.
class BlockFrame : public boost::asio::detail::awaitable_frame<void, boost::asio::any_io_executor> {
 public:
  static void* operator new(std::size_t size) { return base::Block::operator new(size); }
  static void operator delete(void* frame) noexcept { base::free_block(frame); }
};

// The handle that the base makes of itself is that of the frame only if both begin at the same place.
static_assert(sizeof(BlockFrame) == sizeof(boost::asio::detail::awaitable_frame<void, boost::asio::any_io_executor>));
static_assert(alignof(BlockFrame) == alignof(boost::asio::detail::awaitable_frame<void, boost::asio::any_io_executor>));

}  // namespace connectrpc::client
