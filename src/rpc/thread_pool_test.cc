// What is run and what is refused.
#include "rpc/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>
#include <thread>
#include <vector>

namespace connectrpc::rpc {
namespace {

TEST(ThreadPool, RunsEverythingBeforeItEnds) {
  std::atomic<int> ran = 0;
  {
    ThreadPool pool(3, 1000);
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(pool.submit([&] { ++ran; }));
  }
  EXPECT_EQ(ran, 1000);
}

TEST(ThreadPool, RefusesWhatFindsNeitherAThreadNorRoom) {
  std::counting_semaphore<> go(0);
  std::atomic<int> ran = 0;
  {
    ThreadPool pool(2, 1);
    const auto task = [&] {
      go.acquire();
      ++ran;
    };
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(pool.submit(task));
    EXPECT_FALSE(pool.submit(task));
    go.release();
    while (ran == 0 || !pool.submit(task)) std::this_thread::yield();
    go.release(3);
  }
  EXPECT_EQ(ran, 4);
}

TEST(ThreadPool, TakesTasksFromManyThreads) {
  std::atomic<int> ran = 0;
  {
    ThreadPool pool(4, 100'000);
    std::vector<std::thread> submitters;
    for (int i = 0; i < 4; ++i) {
      submitters.emplace_back([&] {
        for (int j = 0; j < 2000; ++j) EXPECT_TRUE(pool.submit([&] { ++ran; }));
      });
    }
    for (std::thread& submitter : submitters) submitter.join();
  }
  EXPECT_EQ(ran, 8000);
}

}  // namespace
}  // namespace connectrpc::rpc
