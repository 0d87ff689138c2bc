// How coroutines of interceptors come to a thread of Asio's.
#include "connectrpc/detail/interceptor_frame.h"

#include <coroutine>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "base/block_cache.h"
#include "rpc/block_frame.h"

namespace connectrpc::detail {

// The base's handle of itself is that of the frame only if both lie in it alike.
static_assert(alignof(InterceptorFrame) == alignof(rpc::BlockFrame) && !std::is_polymorphic_v<InterceptorFrame>);

void* InterceptorFrame::operator new(std::size_t size) { return base::Block::operator new(size); }

void InterceptorFrame::operator delete(void* frame) noexcept { base::free_block(frame); }

void InterceptorFrame::attach(TaskFrame& bottom) noexcept {
  if (awaiter_ != nullptr) awaiter_->attach(bottom);
  push_frame(awaiter_ != nullptr ? awaiter_ : &bottom);
}

/// What adopt() waits for.
class AdoptedRun {
 public:
  AdoptedRun(Task<> outermost, InterceptorFrame& innermost) : outermost_(std::move(outermost)), innermost_(innermost) {}
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> adopting) {
    innermost_.attach(adopting.promise());
    innermost_.pending_->begin();
  }
  void await_resume() { outermost_.await_resume(); }

 private:
  Task<> outermost_;
  InterceptorFrame& innermost_;
};

namespace {

class AdoptingFrame : public rpc::BlockFrame {
 public:
  AdoptedRun await_transform(AdoptedRun run) const noexcept { return run; }
};

}  // namespace

}  // namespace connectrpc::detail

template <>
struct std::coroutine_traits<connectrpc::Task<>, connectrpc::Task<>, connectrpc::detail::InterceptorFrame&> {
  using promise_type = connectrpc::detail::AdoptingFrame;
};

namespace connectrpc::detail {

Task<> adopt(Task<> outermost, InterceptorFrame& innermost) {
  AdoptedRun run(std::move(outermost), innermost);
  co_await std::move(run);
}

}  // namespace connectrpc::detail
