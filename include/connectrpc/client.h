// Start here to call a service: what generated clients are made of and take.
#pragma once

#include "connectrpc/call_options.h"
#include "connectrpc/channel.h"
#include "connectrpc/client_stream.h"
#include "connectrpc/detail/client_call.h"
#include "connectrpc/error.h"
#include "connectrpc/headers.h"
#include "connectrpc/method.h"
#include "connectrpc/response.h"
#include "connectrpc/result.h"
#include "connectrpc/task.h"

namespace connectrpc {

/// Awaits a call and gives what it came to by value: `auto result = co_await as_result(client.greet(request))`. Errors
/// of other types pass through.
template <class T>
Task<Result<T>> as_result(Task<T> call) {
  try {
    co_return Result<T>(co_await std::move(call));
  } catch (const Error& error) {
    co_return Result<T>(error);
  }
}

}  // namespace connectrpc
