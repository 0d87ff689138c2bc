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
    if (busy.exchange(true)) throw std::logic_error(std::string(what) + " was called while another had not returned");
  }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;
  ~Busy() { busy_ = false; }

 private:
  std::atomic<bool>& busy_;
};

}  // namespace connectrpc::rpc
