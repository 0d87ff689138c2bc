// The threads that blocking handlers run on.
#include "rpc/thread_pool.h"

#include <utility>

namespace connectrpc::rpc {

ThreadPool::ThreadPool(std::size_t threads, std::size_t queue) : thread_count_(threads), queue_limit_(queue) {
  threads_.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool ThreadPool::submit(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    // Not the queue's length: a task that an idle thread is about to take waits for nobody.
    if (stopping_ || unfinished_ >= thread_count_ + queue_limit_) return false;
    ++unfinished_;
    queue_.push_back(std::move(task));
  }
  wake_.notify_one();
  return true;
}

void ThreadPool::work() {
  for (;;) {
    std::function<void()> task;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    task();
    const std::lock_guard lock(mutex_);
    --unfinished_;
  }
}

}  // namespace connectrpc::rpc
