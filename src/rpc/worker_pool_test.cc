// Tests of pooled coroutines.
#include "rpc/worker_pool.h"

#include <gtest/gtest.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

namespace connectrpc::rpc {
namespace {

namespace asio = boost::asio;

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

class KeptJob final : public Job {
 public:
  KeptJob(int& abandoned, int& gone) : abandoned_(abandoned), gone_(gone) {}
  ~KeptJob() override { ++gone_; }
  Task<> run() override { return {}; }
  void abandon() override { ++abandoned_; }

 private:
  int& abandoned_;
  int& gone_;
};

TEST(WorkerPool, KeepsUntilItIsAskedOrGoes) {
  int abandoned = 0;
  int gone = 0;
  {
    io::Loop loop;
    WorkerPool& pool = WorkerPool::of(loop);
    std::vector<Job*> kept;
    const auto keep = [&] {
      auto job = std::make_unique<KeptJob>(abandoned, gone);
      kept.push_back(job.get());
      pool.keep(std::move(job));
    };
    for (int i = 0; i < 5; ++i) keep();
    // From the middle, the beginning and the end; their places are taken again.
    for (const std::size_t i : {2U, 0U, 4U}) {
      Job* const job = kept[i];
      EXPECT_EQ(pool.release(*job).get(), job);
    }
    EXPECT_EQ(gone, 3);
    for (int i = 0; i < 4; ++i) keep();
    for (const std::size_t i : {8U, 1U, 5U}) EXPECT_EQ(pool.release(*kept[i]).get(), kept[i]);
    EXPECT_EQ(gone, 6);
    EXPECT_EQ(abandoned, 0);
  }
  EXPECT_EQ(abandoned, 3);
  EXPECT_EQ(gone, 9);
}

// Runs what it is given; `ended` hears what it has thrown.
class AnyJob final : public Job {
 public:
  using Body = std::function<Task<>(AnyJob& job)>;
  AnyJob(Body body, std::function<void(std::exception_ptr)> ended) : body_(std::move(body)), ended_(std::move(ended)) {}
  using Job::cancel_run;
  using Job::own_slot;
  Signal signal;

 private:
  Task<> run() override { return body_(*this); }
  void on_end(const std::exception_ptr& thrown) override { ended_(thrown); }
  void abandon() override { signal.abandon(); }

  const Body body_;
  const std::function<void(std::exception_ptr)> ended_;
};

class AnyJobTest : public ::testing::Test {
 protected:
  AnyJob& start(AnyJob::Body body) {
    auto job = std::make_unique<AnyJob>(std::move(body), [this](std::exception_ptr thrown) {
      ++ended;
      last_thrown = std::move(thrown);
    });
    AnyJob& started = *job;
    WorkerPool::of(loop).start(std::move(job));
    loop.restart();
    loop.poll();
    return started;
  }
  void cancel(AnyJob& job) {
    job.cancel_run();
    loop.restart();
    loop.poll();
  }
  // Whether a job that waits for its signal can be cancelled as it should be.
  void expect_clean_worker() {
    const int before = ended;
    bool throws = false;
    bool own = false;
    bool in_use = true;
    AnyJob& job = start([&](AnyJob& self) -> Task<> {
      throws = co_await asio::this_coro::throw_if_cancelled();
      const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
      own = self.own_slot() == state.slot();
      in_use = state.slot().has_handler() || state.cancelled() != asio::cancellation_type::none;
      for (;;) co_await self.signal.wait();
    });
    EXPECT_TRUE(throws);
    EXPECT_TRUE(own);
    EXPECT_FALSE(in_use);
    EXPECT_EQ(ended, before);
    cancel(job);
    EXPECT_EQ(ended, before + 1);
    EXPECT_TRUE(last_thrown);
    EXPECT_EQ(WorkerPool::of(loop).idle(), 1U);
  }

  io::Loop loop;
  int ended = 0;
  std::exception_ptr last_thrown;
};

TEST_F(AnyJobTest, HearsHowItEnded) {
  start([](AnyJob&) -> Task<> { co_return; });
  EXPECT_EQ(ended, 1);
  EXPECT_FALSE(last_thrown);
  start([](AnyJob&) -> Task<> {
    throw std::runtime_error("it");
    co_return;
  });
  EXPECT_EQ(ended, 2);
  EXPECT_TRUE(last_thrown);
  // No coroutine, either.
  start([](AnyJob&) -> Task<> { throw std::runtime_error("it"); });
  EXPECT_EQ(ended, 3);
  EXPECT_TRUE(last_thrown);
}

TEST_F(AnyJobTest, CancellationEndsWithTheJob) {
  for (int i = 0; i < 3; ++i) expect_clean_worker();
  start([](AnyJob&) -> Task<> { co_return; });
  EXPECT_FALSE(last_thrown);
  expect_clean_worker();
}

TEST_F(AnyJobTest, WhatAJobMakesOfCancellationEndsWithIt) {
  start([](AnyJob&) -> Task<> { co_await asio::this_coro::throw_if_cancelled(false); });
  expect_clean_worker();
  start([](AnyJob&) -> Task<> { co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation()); });
  expect_clean_worker();
  start([](AnyJob&) -> Task<> { co_await asio::this_coro::reset_cancellation_state(); });
  expect_clean_worker();
  int called = 0;
  start([&](AnyJob&) -> Task<> {
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    state.slot().assign([&](asio::cancellation_type) { ++called; });
  });
  expect_clean_worker();
  EXPECT_EQ(called, 0);
}

TEST_F(AnyJobTest, IgnoresCancellationWhereItWantsTo) {
  AnyJob& job = start([](AnyJob& self) -> Task<> {
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await self.signal.wait();
  });
  cancel(job);
  EXPECT_EQ(ended, 0);
  job.signal.notify();
  EXPECT_EQ(ended, 1);
  EXPECT_FALSE(last_thrown);
  expect_clean_worker();
}

TEST_F(AnyJobTest, WaitsThroughItsOwnCancellation) {
  bool waited = false;
  AnyJob& job = start([&](AnyJob& self) -> Task<> {
    co_await self.signal.wait(self.own_slot());
    waited = true;
  });
  cancel(job);
  EXPECT_FALSE(waited);
  job.signal.notify();
  EXPECT_TRUE(waited);
  EXPECT_EQ(ended, 1);
  expect_clean_worker();
}

TEST_F(AnyJobTest, KnowsItsOwnCoroutine) {
  bool replaced = true;
  bool another = true;
  start([&](AnyJob& self) -> Task<> {
    co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    replaced = self.own_slot() == state.slot();
  });
  start([&](AnyJob& self) -> Task<> {
    const auto ask = [&]() -> Task<> {
      const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
      another = self.own_slot() == state.slot();
    };
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    co_await asio::co_spawn(executor, ask(), asio::use_awaitable);
  });
  EXPECT_EQ(ended, 2);
  EXPECT_FALSE(replaced);
  EXPECT_FALSE(another);
  expect_clean_worker();
}

TEST_F(AnyJobTest, DiesWithTheLoopWhereverItWaits) {
  const auto held = std::make_shared<int>(1);
  start([held](AnyJob& self) -> Task<> {
    const std::shared_ptr<int> inside = held;
    co_await self.signal.wait();
  });
  start([held](AnyJob& self) -> Task<> {
    const std::shared_ptr<int> inside = held;
    co_await self.signal.wait(self.own_slot());
  });
  EXPECT_GT(held.use_count(), 4);
}

}  // namespace
}  // namespace connectrpc::rpc
