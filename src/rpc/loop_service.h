// What a room keeps for each loop: made on first use, dies with the loop, found without a lock.
#pragma once

#include <atomic>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>

#include "io/loop.h"

namespace connectrpc::rpc {

namespace detail {
/// Counts loop services that died, so that no thread trusts a remembered one of a loop at the same address.
std::atomic<std::uint64_t>& loop_service_generation() noexcept;
}  // namespace detail

/// Base of a per-loop state. `Self` has a constructor from io::Loop& and a `void close()`, called on no particular
/// thread when the loop is shut down, after which its coroutines and handlers are destroyed.
template <class Self>
class LoopService : public boost::asio::execution_context::service {
 public:
  using key_type = LoopService;
  static inline boost::asio::execution_context::id id;

  explicit LoopService(boost::asio::execution_context& context) : service(context) {}
  ~LoopService() override { detail::loop_service_generation().fetch_add(1, std::memory_order_relaxed); }

  /// The state of `loop`. On the loop's thread.
  static Self& of(io::Loop& loop) {
    struct Remembered {
      io::Loop* loop = nullptr;
      Self* self = nullptr;
      std::uint64_t generation = 0;
    };
    thread_local Remembered remembered;
    const std::uint64_t generation = detail::loop_service_generation().load(std::memory_order_relaxed);
    if (remembered.loop != &loop || remembered.generation != generation) {
      Self& self = boost::asio::use_service<Self>(loop);
      remembered = {&loop, &self, generation};
    }
    return *remembered.self;
  }

 private:
  void shutdown() final { static_cast<Self*>(this)->close(); }
};

}  // namespace connectrpc::rpc
