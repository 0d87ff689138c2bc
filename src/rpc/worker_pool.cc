// How a pooled coroutine is kept clean between calls.
#include "rpc/worker_pool.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <utility>

namespace connectrpc::rpc {

namespace asio = boost::asio;

// A worker outlives its job, not the other way round. The coroutine's frame lives in the idle signal while it waits for
// a job, otherwise in the operation that the job waits for.
class Worker {
  // What Asio asks of each cancellation. It tells its worker when it was asked, or replaced by a handler's own: only
  // then is there something to be reset, which costs more than the rest of a job's way through a worker.
  class Filter {
   public:
    explicit Filter(Worker& worker) : worker_(&worker) {}
    asio::cancellation_type operator()(asio::cancellation_type type) const noexcept {
      worker_->state_used_ = true;
      return type & asio::cancellation_type::terminal;
    }

   private:
    struct Replaced {
      void operator()(Worker* worker) const noexcept { worker->state_used_ = true; }
    };
    std::unique_ptr<Worker, Replaced> worker_;
  };

 public:
  explicit Worker(WorkerPool& pool) : pool_(pool) {}

  // Spawned outside of the constructor: the coroutine runs at once when the loop is turning.
  void spawn(io::Loop& loop) {
    asio::co_spawn(loop, run(), asio::bind_cancellation_slot(cancel_.slot(), [](std::exception_ptr) {}));
  }

  void start(std::unique_ptr<Job> job) {
    job->worker_ = this;
    job_ = std::move(job);
    // A fresh coroutine is still on its way through the loop's queue and finds the job there.
    idle_.notify();
  }

  // Destroys the coroutine if it waits in one of our signals; one that waits for an operation of the loop dies with it.
  void abandon() {
    idle_.abandon();
    if (job_) job_->abandon();
  }

  bool waiting() const noexcept { return idle_.waiting(); }

  void cancel() { cancel_.emit(asio::cancellation_type::terminal); }

  asio::cancellation_slot own_slot() const noexcept { return state_used_ ? asio::cancellation_slot() : made_slot_; }

 private:
  Task<> run() {
    for (;;) {
      // Forgets the last job's cancellation, and what its handler made of these two.
      if (state_used_ || made_slot_.has_handler()) {
        auto reset = asio::this_coro::reset_cancellation_state(Filter(*this), asio::enable_terminal_cancellation());
        co_await std::move(reset);
        const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
        made_slot_ = state.slot();
        state_used_ = false;
      }
      co_await asio::this_coro::throw_if_cancelled(true);
      if (!job_) {
        pool_.idle_.push_back(this);
        // Meanwhile nobody cancels.
        while (!job_) co_await idle_.wait(made_slot_);
      }
      std::exception_ptr thrown;
      try {
        co_await job_->run();
      } catch (...) {
        thrown = std::current_exception();
      }
      job_->on_end(thrown);
      job_->worker_ = nullptr;
      job_.reset();
    }
  }

  WorkerPool& pool_;
  // Whether the coroutine's cancellation state is not as it was made here, with which slot.
  bool state_used_ = true;
  asio::cancellation_slot made_slot_;
  asio::cancellation_signal cancel_;
  std::unique_ptr<Job> job_;
  Signal idle_;
};

void Job::cancel_run() {
  if (worker_ != nullptr) worker_->cancel();
}

asio::cancellation_slot Job::own_slot() const noexcept {
  return worker_ != nullptr ? worker_->own_slot() : asio::cancellation_slot();
}

WorkerPool::WorkerPool(asio::execution_context& context)
    : LoopService(context), loop_(static_cast<io::Loop&>(context)) {}

WorkerPool::~WorkerPool() {
  for (const Slot& slot : slots_) delete slot.job;
}

void WorkerPool::start(std::unique_ptr<Job> job) {
  if (idle_.empty()) {
    workers_.push_back(std::make_unique<Worker>(*this));
    Worker* fresh = workers_.back().get();
    fresh->start(std::move(job));
    fresh->spawn(loop_);
    return;
  }
  Worker* worker = idle_.back();
  idle_.pop_back();
  worker->start(std::move(job));
}

void WorkerPool::keep(std::unique_ptr<Job> job) {
  if (first_free_ == no_slot) {
    slots_.push_back({nullptr, no_slot});
    first_free_ = slots_.size() - 1;
  }
  Slot& slot = slots_[first_free_];
  job->slot_ = std::exchange(first_free_, slot.next_free);
  slot.job = job.release();
}

std::unique_ptr<Job> WorkerPool::release(Job& job) noexcept {
  Slot& slot = slots_[job.slot_];
  slot.next_free = std::exchange(first_free_, job.slot_);
  return std::unique_ptr<Job>(std::exchange(slot.job, nullptr));
}

void WorkerPool::drop_idle() {
  std::erase_if(idle_, [](const Worker* worker) { return worker->waiting(); });
  std::erase_if(workers_, [](const std::unique_ptr<Worker>& worker) {
    if (!worker->waiting()) return false;
    worker->abandon();
    return true;
  });
  idle_.shrink_to_fit();
  workers_.shrink_to_fit();
}

void WorkerPool::close() {
  idle_.clear();
  // Frames must go while the loop's services still exist, but a job must outlive frames that other services hold.
  for (const auto& worker : workers_) worker->abandon();
  for (const Slot& slot : slots_) {
    if (slot.job != nullptr) slot.job->abandon();
  }
}

}  // namespace connectrpc::rpc
