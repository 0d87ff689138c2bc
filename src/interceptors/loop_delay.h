// How long what is ready to run waits for its turn on a loop.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace connectrpc::interceptors {

/// Measured by sending something through the loop's queue, at most one at a time.
class LoopDelay : public std::enable_shared_from_this<LoopDelay> {
 public:
  using Clock = std::chrono::steady_clock;

  /// On the loop: the last measurement; begins another one if none is under way. One that is not back yet counts with
  /// the time that it has taken so far.
  Clock::duration look(const boost::asio::any_io_executor& executor);

 private:
  // What goes through the queue. It is destroyed without having run where the loop ends first.
  class Probe {
   public:
    explicit Probe(std::shared_ptr<LoopDelay> owner) : owner_(std::move(owner)) {}
    Probe(Probe&&) = default;
    ~Probe() {
      if (owner_) owner_->under_way_ = false;
    }
    void operator()() { owner_->last_ = Clock::now() - owner_->sent_; }

   private:
    std::shared_ptr<LoopDelay> owner_;
  };

  Clock::duration last_{0};
  Clock::time_point sent_;
  bool under_way_ = false;
};

/// One for each loop. Any thread.
class LoopDelays {
 public:
  LoopDelay::Clock::duration look(const boost::asio::any_io_executor& executor);

 private:
  std::mutex mutex_;
  std::unordered_map<const void*, std::shared_ptr<LoopDelay>> by_loop_;
};

}  // namespace connectrpc::interceptors
