// What stands around calls: on the server around handlers, on the client around what goes out.
#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <vector>

#include "connectrpc/context.h"
#include "connectrpc/detail/interceptor_frame.h"
#include "connectrpc/error.h"
#include "connectrpc/task.h"

namespace connectrpc {

class Interceptor;

/// Those of a call, outermost first.
using InterceptorList = std::vector<std::shared_ptr<Interceptor>>;

namespace detail {

class InterceptorRun;

/// A call as interceptors stand around it. Not API.
class Intercepted {
 public:
  /// Null: its interceptors have a thread from the beginning.
  explicit Intercepted(PlainRun* plain_run = nullptr) noexcept : plain_run_(plain_run) {}

  PlainRun* plain_run() const noexcept { return plain_run_; }
  virtual Context& intercepted_context() noexcept = 0;
  /// What is inside of all interceptors.
  virtual Task<> proceed() = 0;
  /// An interceptor has given the answer itself.
  virtual bool has_answer() const noexcept = 0;

 protected:
  ~Intercepted() = default;

 private:
  PlainRun* const plain_run_;
};

}  // namespace detail

/// The rest of a call, as one interceptor sees it. Lives as long as that interceptor runs.
class Next {
 public:
  Next(const Next&) = delete;
  Next& operator=(const Next&) = delete;

  /// Runs the interceptors further in and then the handler (server), or the call itself until its end (client). Throws
  /// the Error that they end with, and no exception of another type. Once: std::logic_error the second time.
  Task<> operator()() const;

 private:
  friend class detail::InterceptorRun;
  friend class detail::InterceptorFrame;
  Next(const InterceptorList& list, detail::Intercepted& call, std::size_t at) : list_(list), call_(call), at_(at) {}

  const InterceptorList& list_;
  detail::Intercepted& call_;
  const std::size_t at_;
  mutable bool called_ = false;
};

namespace detail {

/// One interceptor of a list around a call. Lives until what start() gave has ended. Not API.
class InterceptorRun {
 public:
  /// Both arguments outlive it; `at` is the interceptor's place in the list.
  InterceptorRun(const InterceptorList& list, Intercepted& call, std::size_t at = 0)
      : call_(call), interceptor_(*list[at]), next_(list, call, at + 1) {}

  inline Task<> start();
  /// After the interceptor has returned: a std::logic_error if it neither called next() nor gave an answer, else null.
  std::exception_ptr fault() const { return next_.called_ || call_.has_answer() ? nullptr : make_fault(); }

 private:
  static std::exception_ptr make_fault();

  Intercepted& call_;
  Interceptor& interceptor_;
  const Next next_;
};

}  // namespace detail

/// One hook for all four kinds of call, on servers and channels. Shared by all calls, which may run it on every loop at
/// once.
///
/// On the server it runs before the request's body is read or decoded; on the client before anything is sent, beside
/// the steps of the user, who hears of the call's end when the outermost interceptor has returned. It may throw an
/// Error, change the headers before next() and the trailers after it, catch and replace the Error that next() throws,
/// leave values in the context, give the answer itself (Context::respond), and look at messages
/// (Context::on_…_message). One that returns without having called next() and without an answer, calls next() twice,
/// or throws something else than an Error makes the call fail with `unknown`; the log hook is told why.
class Interceptor {
 public:
  virtual ~Interceptor() = default;
  /// `context` and `next` are valid until this ends.
  virtual Task<> intercept(Context& context, const Next& next) = 0;
};

inline detail::PlainRun* detail::InterceptorFrame::run_of(const Next& next) noexcept { return next.call_.plain_run(); }

inline Task<> detail::InterceptorRun::start() { return interceptor_.intercept(call_.intercepted_context(), next_); }

/// For interceptors that only look at metadata: two plain functions.
class MetadataInterceptor : public Interceptor {
 public:
  /// Before everything else. Throws Error to refuse the call.
  virtual void on_start(Context& /*context*/) {}
  /// After everything else; `error` is null on success. An Error thrown here becomes the call's.
  virtual void on_end(Context& /*context*/, const Error* /*error*/) {}

 private:
  Task<> intercept(Context& context, const Next& next) final;
};

}  // namespace connectrpc
