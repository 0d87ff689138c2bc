// How interceptors stand around a call.
#include "connectrpc/interceptor.h"

#include <stdexcept>
#include <utility>

namespace connectrpc {

namespace detail {

Task<> InterceptorRun::from(const InterceptorList& list, Intercepted& call, std::size_t at) {
  return at == list.size() ? call.proceed() : level(list, call, at);
}

Task<> InterceptorRun::level(const InterceptorList& list, Intercepted& call, std::size_t at) {
  const Next next(list, call, at + 1);
  co_await list[at]->intercept(call.intercepted_context(), next);
  if (!next.called_ && !call.has_answer()) {
    throw std::logic_error("an interceptor returned without having called next() and without an answer");
  }
}

}  // namespace detail

Task<> Next::operator()() const {
  if (called_) throw std::logic_error("an interceptor called next() twice");
  called_ = true;
  return detail::InterceptorRun::from(list_, call_, at_);
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
