// Interceptors that do nothing.
#pragma once

#include "connectrpc/interceptor.h"

namespace bench {

/// Hands on what next() gives.
class Nothing final : public connectrpc::Interceptor {
  connectrpc::Task<> intercept(connectrpc::Context&, const connectrpc::Next& next) override { return next(); }
};

/// The same as a coroutine of its own, as whoever does something before and after has.
class NothingAround final : public connectrpc::Interceptor {
  connectrpc::Task<> intercept(connectrpc::Context&, const connectrpc::Next& next) override { co_await next(); }
};

}  // namespace bench
