// How interceptors stand around a call.
#include "connectrpc/interceptor.h"

#include <coroutine>
#include <cstddef>
#include <stdexcept>
#include <utility>

namespace connectrpc {

namespace {

// Of run().
class RunFrame : public detail::InterceptorFrame {
 public:
  RunFrame(const InterceptorList& /*list*/, const detail::Intercepted& call, std::size_t /*at*/) noexcept
      : InterceptorFrame(call.plain_run()) {}
};

}  // namespace

}  // namespace connectrpc

template <>
struct std::coroutine_traits<connectrpc::Task<>, const connectrpc::InterceptorList&, connectrpc::detail::Intercepted&,
                             std::size_t> {
  using promise_type = connectrpc::RunFrame;
};

namespace connectrpc {

namespace {

Task<> run(const InterceptorList& list, detail::Intercepted& call, std::size_t at) {
  detail::InterceptorRun run(list, call, at);
  co_await run.start();
  if (std::exception_ptr fault = run.fault()) std::rethrow_exception(std::move(fault));
}

}  // namespace

namespace detail {

std::exception_ptr InterceptorRun::make_fault() {
  return std::make_exception_ptr(
      std::logic_error("an interceptor returned without having called next() and without an answer"));
}

}  // namespace detail

Task<> Next::operator()() const {
  if (called_) throw std::logic_error("an interceptor called next() twice");
  called_ = true;
  return at_ == list_.size() ? call_.proceed() : run(list_, call_, at_);
}

Task<> MetadataInterceptor::intercept(Context& context, const Next& next) {
  on_start(context);
  std::optional<Error> failed;
  try {
    co_await next();
  } catch (const Error& error) {
    failed = error;
  }
  on_end(context, failed ? &*failed : nullptr);
  if (failed) throw *failed;
}

}  // namespace connectrpc
