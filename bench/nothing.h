// An interceptor that does nothing.
#pragma once

#include "connectrpc/interceptor.h"

namespace bench {

class Nothing final : public connectrpc::Interceptor {
  connectrpc::Task<> intercept(connectrpc::Context&, const connectrpc::Next& next) override { co_await next(); }
};

}  // namespace bench
