// A call in a later turn of the loop.
#pragma once

#include <memory>

#include "io/loop.h"

namespace connectrpc::io {

/// Makes one call in a later turn of the loop, at most one at a time; dropped if the Deferred dies first. The call may
/// destroy the Deferred. Costs no memory before its first use.
class Deferred {
 public:
  using Function = void (*)(void* owner);

  Deferred(Loop& loop, Function function, void* owner) noexcept : loop_(&loop), function_(function), owner_(owner) {}
  Deferred(const Deferred&) = delete;
  Deferred& operator=(const Deferred&) = delete;
  ~Deferred();

  /// Nothing happens if the call is under way already.
  void post();

 private:
  struct Ticket;
  Loop* loop_;
  Function function_;
  void* owner_;
  std::shared_ptr<Ticket> ticket_;
};

}  // namespace connectrpc::io
