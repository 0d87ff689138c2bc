// Coroutines whose frames live in blocks.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <coroutine>
#include <cstddef>
#include <utility>

#include "base/block_cache.h"
#include "connectrpc/task.h"

namespace connectrpc::rpc {

/// The promise of a coroutine that gives a Task<> and keeps its frame in a block; named by a specialisation of
/// std::coroutine_traits. Asio keeps two frames of a thread and leaves all others to the C library; a turn of a loop
/// ends dozens of calls.
class BlockFrame : public boost::asio::detail::awaitable_frame<void, boost::asio::any_io_executor> {
  using Base = boost::asio::detail::awaitable_frame<void, boost::asio::any_io_executor>;

  // A Task suspends only coroutines of Asio's own promise.
  template <class T>
  class Awaiting {
   public:
    explicit Awaiting(Task<T> task) : task_(std::move(task)) {}
    bool await_ready() const noexcept { return task_.await_ready(); }
    void await_suspend(std::coroutine_handle<BlockFrame> awaiting) {
      task_.await_suspend(std::coroutine_handle<Base>::from_promise(awaiting.promise()));
    }
    T await_resume() { return task_.await_resume(); }

   private:
    Task<T> task_;
  };

 public:
  static void* operator new(std::size_t size) { return base::Block::operator new(size); }
  static void operator delete(void* frame) noexcept { base::free_block(frame); }

  using Base::await_transform;
  template <class T>
  auto await_transform(Task<T> task) const {
    return Awaiting<T>(Base::await_transform(std::move(task)));
  }
};

// The base's handle of itself is that of the frame only if both lie in it alike.
static_assert(sizeof(BlockFrame) == sizeof(boost::asio::detail::awaitable_frame<void, boost::asio::any_io_executor>));
static_assert(alignof(BlockFrame) == alignof(boost::asio::detail::awaitable_frame<void, boost::asio::any_io_executor>));

}  // namespace connectrpc::rpc
