// One step of a side at a time.
#pragma once

#include <atomic>
#include <stdexcept>
#include <string>

namespace connectrpc::rpc {

/// Marks a side as busy while it lives. std::logic_error if it is: `what` was called by a second coroutine or thread.
class Busy {
 public:
  Busy(std::atomic<bool>& busy, const char* what) : busy_(busy) {
    if (busy.exchange(true)) refuse(what);
  }
  /// For a step that never waits, on the loop of those that do.
  static void check(const std::atomic<bool>& busy, const char* what) {
    if (busy.load(std::memory_order_relaxed)) refuse(what);
  }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;
  ~Busy() { busy_ = false; }

 private:
  [[noreturn]] static void refuse(const char* what) {
    throw std::logic_error(std::string(what) + " was called while another had not returned");
  }

  std::atomic<bool>& busy_;
};

}  // namespace connectrpc::rpc
