// Start here to call a service: what generated clients are made of and take.
#pragma once

#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>

#include "connectrpc/call.h"
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
  std::optional<Error> failed;
  try {
    T value = co_await std::move(call);
    co_return std::move(value);
  } catch (const Error& error) {
    failed.emplace(error);
  }
  co_return *std::move(failed);
}
inline Task<Result<void>> as_result(Task<void> call) {
  std::optional<Error> failed;
  try {
    co_await std::move(call);
    co_return Result<void>();
  } catch (const Error& error) {
    failed.emplace(error);
  }
  co_return *std::move(failed);
}

/// The same for blocking calls: `auto result = as_result([&] { return client.greet(request); })`.
template <std::invocable Call>
auto as_result(Call&& call) -> Result<std::invoke_result_t<Call>> {
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<Call>>) {
      call();
      return Result<void>();
    } else {
      return call();
    }
  } catch (const Error& error) {
    return error;
  }
}

}  // namespace connectrpc
