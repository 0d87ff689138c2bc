// The threads that blocking handlers run on.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace connectrpc::rpc {

/// A fixed number of threads before a bounded queue. Any thread may submit.
class ThreadPool {
 public:
  ThreadPool(std::size_t threads, std::size_t queue);
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  /// Runs what is queued, then joins.
  ~ThreadPool();

  /// False, at once, if all threads are busy and the queue is full. `task` must not throw.
  bool submit(std::function<void()> task);
  std::size_t queue_limit() const noexcept { return queue_limit_; }

 private:
  void work();

  const std::size_t thread_count_;
  const std::size_t queue_limit_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  // Submitted and not ended.
  std::size_t unfinished_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace connectrpc::rpc
