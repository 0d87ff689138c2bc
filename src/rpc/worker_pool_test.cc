// Tests of pooled coroutines.
#include "rpc/worker_pool.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>

namespace connectrpc::rpc {
namespace {

// Waits for a signal, then counts itself.
class WaitingJob final : public Job {
 public:
  WaitingJob(Signal& signal, int& ended) : signal_(signal), ended_(ended) {}
  Task<> run() override {
    co_await signal_.wait();
    ++ended_;
  }
  void abandon() override { signal_.abandon(); }

 private:
  Signal& signal_;
  int& ended_;
};

TEST(WorkerPool, DropsOnlyIdleWorkers) {
  io::Loop loop;
  WorkerPool& pool = WorkerPool::of(loop);
  Signal first;
  Signal second;
  int ended = 0;
  pool.start(std::make_unique<WaitingJob>(first, ended));
  pool.start(std::make_unique<WaitingJob>(second, ended));
  // On its way through the loop's queue.
  pool.drop_idle();
  loop.poll();
  first.notify();
  EXPECT_EQ(ended, 1);
  EXPECT_EQ(pool.idle(), 1U);
  pool.drop_idle();
  EXPECT_EQ(pool.idle(), 0U);
  second.notify();
  EXPECT_EQ(ended, 2);
  EXPECT_EQ(pool.idle(), 1U);
  pool.start(std::make_unique<WaitingJob>(first, ended));
  EXPECT_EQ(pool.idle(), 0U);
  first.notify();
  EXPECT_EQ(ended, 3);
}

}  // namespace
}  // namespace connectrpc::rpc
