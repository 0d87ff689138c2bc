// Coroutines that are spawned once and resumed for each call.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <cstddef>
#include <exception>
#include <memory>
#include <vector>

#include "connectrpc/task.h"
#include "io/loop.h"
#include "rpc/loop_service.h"
#include "rpc/signal.h"

namespace connectrpc::rpc {

class Worker;

/// What a pooled coroutine runs. Owned by the worker while it runs and destroyed when run() has ended.
class Job {
 public:
  virtual ~Job() = default;
  virtual Task<> run() = 0;
  /// run() has ended; null, or what it has thrown. The job is destroyed next. Must not let an exception escape.
  virtual void on_end(const std::exception_ptr& /*thrown*/) {}
  /// The loop is shut down: destroy what waits in signals of this job. It is not resumed any more.
  virtual void abandon() = 0;

 protected:
  /// Requests cancellation of whatever run() waits for; it takes effect in a later turn or inline. Nothing happens once
  /// run() has ended.
  void cancel_run();
  /// That of the coroutine of run() as long as nobody has replaced its cancellation state or used it: cancel_run()
  /// alone does. Not connected otherwise.
  boost::asio::cancellation_slot own_slot() const noexcept;

 private:
  friend class Worker;
  friend class WorkerPool;
  Worker* worker_ = nullptr;
  // Among those that the pool keeps.
  std::size_t slot_ = 0;
};

/// The workers of one loop.
class WorkerPool final : public LoopService<WorkerPool> {
 public:
  explicit WorkerPool(boost::asio::execution_context& context);
  ~WorkerPool() override;

  /// Starts `job` on an idle coroutine, inline: it runs until it first waits.
  void start(std::unique_ptr<Job> job);
  /// Owns a job that does without a coroutine of the pool until it is released.
  void keep(std::unique_ptr<Job> job);
  std::unique_ptr<Job> release(Job& job) noexcept;
  std::size_t idle() const noexcept { return idle_.size(); }
  /// Ends coroutines without a job. Not from inside one.
  void drop_idle();
  void close();

 private:
  // For a job that is kept. Those that are free form a list. Jobs in a list of their own would be less to look after,
  // but each that goes would touch two that have long left the cache.
  struct Slot {
    // Owned; null where there is none.
    Job* job;
    std::size_t next_free;
  };
  static constexpr std::size_t no_slot = static_cast<std::size_t>(-1);

  friend class Worker;
  io::Loop& loop_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Worker*> idle_;
  std::vector<Slot> slots_;
  std::size_t first_free_ = no_slot;
};

}  // namespace connectrpc::rpc
