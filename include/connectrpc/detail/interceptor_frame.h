// The coroutines of interceptors.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <type_traits>
#include <utility>

#include "connectrpc/task.h"

namespace connectrpc {

class Context;
class Next;

namespace detail {

/// Whatever a Task<> is suspended in.
using TaskFrame = boost::asio::detail::awaitable_frame_base<boost::asio::any_io_executor>;

class InterceptorFrame;

/// A call whose interceptors begin without a thread of execution of Asio's, which costs more than all else that they
/// need, and which one that awaits nothing but next() can do without. Everything happens on the call's loop.
class PlainRun {
 public:
  PlainRun() = default;
  PlainRun(const PlainRun&) = delete;
  PlainRun& operator=(const PlainRun&) = delete;

  /// `innermost`, the one of this run's coroutines that was running, waits for something of Asio's: gives them a
  /// thread, on which adopt() is awaited, at once or later.
  virtual void need_thread(InterceptorFrame& innermost) noexcept = 0;
  /// The outermost has ended without a thread; null, or what it has thrown. May destroy it.
  virtual void on_plain_end(std::exception_ptr thrown) noexcept = 0;

  /// The coroutine of `task`, to be resumed, if it was made last for this run and was neither taken nor is gone; null
  /// for any other.
  InterceptorFrame* take_fresh(const Task<>& task) noexcept;
  void on_made(InterceptorFrame& frame) noexcept { fresh_ = &frame; }
  void on_gone(const InterceptorFrame& frame) noexcept {
    if (fresh_ == &frame) fresh_ = nullptr;
  }

 protected:
  ~PlainRun() = default;

 private:
  InterceptorFrame* fresh_ = nullptr;
};

/// The promise of coroutines that take a Context and a Next, and of what next() itself gives. As long as such
/// coroutines await each other and nothing else they resume one another directly. Not API.
class InterceptorFrame : public boost::asio::detail::awaitable_frame<void, boost::asio::any_io_executor> {
  using Base = boost::asio::detail::awaitable_frame<void, boost::asio::any_io_executor>;

  class Final {
   public:
    explicit Final(InterceptorFrame& frame) noexcept : frame_(frame) {}
    bool await_ready() const noexcept { return false; }
    // The coroutine may be gone when this returns.
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> /*ended*/) noexcept { return frame_.finish(); }
    void await_resume() const noexcept {}

   private:
    InterceptorFrame& frame_;
  };

  // What a coroutine waits for that has no thread yet.
  class Pending {
   public:
    virtual void begin() = 0;

   protected:
    ~Pending() = default;
  };

  template <class T>
  class Awaiting final : private Pending {
   public:
    Awaiting(InterceptorFrame& frame, Task<T> task) : frame_(frame), task_(std::move(task)) {}
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> /*awaiting*/) {
      if (frame_.attached_thread_ != nullptr) {
        begin();
        return std::noop_coroutine();
      }
      if constexpr (std::is_void_v<T>) {
        if (InterceptorFrame* const inner = frame_.run_->take_fresh(task_); inner != nullptr) {
          inner->awaiter_ = &frame_;
          return inner->handle();
        }
      }
      frame_.pending_ = this;
      frame_.run_->need_thread(frame_);
      return std::noop_coroutine();
    }
    T await_resume() { return task_.await_resume(); }

   private:
    void begin() override { task_.await_suspend(std::coroutine_handle<Base>::from_promise(frame_)); }

    InterceptorFrame& frame_;
    Task<T> task_;
  };

  template <class T>
  struct IsTask : std::false_type {};
  template <class T>
  struct IsTask<Task<T>> : std::true_type {};

  template <class Operation>
  using ResultOf = decltype(std::declval<Base&>().await_transform(std::declval<Operation>()).await_resume());

  // Operations of Asio start on the thread of whoever awaits them, which a Task may be given later.
  template <class Operation>
  static Task<ResultOf<Operation>> as_task(Operation operation) {
    co_return co_await std::move(operation);
  }

 public:
  /// Of coroutines with these parameters, and of those made by next(). Null: has a thread from the beginning.
  template <class Owner>
  InterceptorFrame(const Owner& /*owner*/, const Context& /*context*/, const Next& next) noexcept
      : InterceptorFrame(run_of(next)) {}
  InterceptorFrame(const Context& /*context*/, const Next& next) noexcept : InterceptorFrame(run_of(next)) {}
  explicit InterceptorFrame(PlainRun& run) noexcept : InterceptorFrame(&run) {}
  explicit InterceptorFrame(PlainRun* run) noexcept : run_(run) {
    if (run_ != nullptr) run_->on_made(*this);
  }
  InterceptorFrame(const InterceptorFrame&) = delete;
  InterceptorFrame& operator=(const InterceptorFrame&) = delete;
  ~InterceptorFrame() {
    if (run_ != nullptr) run_->on_gone(*this);
  }

  static void* operator new(std::size_t size);
  static void operator delete(void* frame) noexcept;

  Final final_suspend() noexcept { return Final(*this); }

  template <class T>
  Awaiting<T> await_transform(Task<T> task) {
    if (attached_thread_ == nullptr) return {*this, std::move(task)};
    return {*this, Base::await_transform(std::move(task))};
  }
  template <class Operation, class Result = ResultOf<std::decay_t<Operation>>>
    requires(!IsTask<std::decay_t<Operation>>::value)
  Awaiting<Result> await_transform(Operation&& operation) {
    return await_transform(as_task<std::decay_t<Operation>>(std::forward<Operation>(operation)));
  }
  bool has_thread() const noexcept { return attached_thread_ != nullptr; }
  /// As each co_await does that waits for something of Asio's.
  void throw_if_cancelled() const {
    if (attached_thread_ != nullptr) static_cast<void>(Base::await_transform(Task<>()));
  }
  /// Has returned or thrown; gives who goes on. May be gone afterwards.
  std::coroutine_handle<> finish() noexcept {
    if (attached_thread_ != nullptr) {
      pop_frame();
      return std::noop_coroutine();
    }
    if (awaiter_ != nullptr) return awaiter_->coro_;
    run_->on_plain_end(std::exchange(pending_exception_, nullptr));
    return std::noop_coroutine();
  }
  /// To be resumed without a thread.
  std::coroutine_handle<> handle() const noexcept { return coro_; }

 private:
  friend class AdoptedRun;

  static PlainRun* run_of(const Next& next) noexcept;

  // Puts this one and those that await it on the thread of `bottom`.
  void attach(TaskFrame& bottom) noexcept;

  PlainRun* const run_;
  // Without a thread.
  InterceptorFrame* awaiter_ = nullptr;
  Pending* pending_ = nullptr;
};

/// Awaits the coroutines of a run that has needed a thread on that of whoever awaits this; throws what they do.
/// `outermost` lives as long as what is returned.
Task<> adopt(Task<> outermost, InterceptorFrame& innermost);

// Asio keeps a Task's frame to itself. An explicit instantiation may name it.
template <class Tag, auto member>
struct Opened {
  friend constexpr auto member_of(Tag /*tag*/) noexcept { return member; }
};
struct FrameOfTask {
  friend constexpr auto member_of(FrameOfTask tag) noexcept;
};
template struct Opened<FrameOfTask, &Task<>::frame_>;

inline InterceptorFrame* PlainRun::take_fresh(const Task<>& task) noexcept {
  return fresh_ != nullptr && task.*member_of(FrameOfTask()) == fresh_ ? std::exchange(fresh_, nullptr) : nullptr;
}

}  // namespace detail

}  // namespace connectrpc

/// Of coroutines around a call.
template <class Owner>
struct std::coroutine_traits<connectrpc::Task<>, Owner&, connectrpc::Context&, const connectrpc::Next&> {
  using promise_type = connectrpc::detail::InterceptorFrame;
};

template <>
struct std::coroutine_traits<connectrpc::Task<>, connectrpc::Context&, const connectrpc::Next&> {
  using promise_type = connectrpc::detail::InterceptorFrame;
};
