// Coroutines run to their end, and conditions that come true in time.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <utility>

#include "connectrpc/result.h"
#include "connectrpc/task.h"

namespace connectrpc::probe_test {

/// Runs a coroutine to its end on a loop of its own, at most `limit`; rethrows what it throws.
template <class T>
T run_on(boost::asio::io_context& io, Task<T> task, std::chrono::seconds limit = std::chrono::seconds(20)) {
  std::optional<Result<T>> outcome;
  std::exception_ptr thrown;
  boost::asio::co_spawn(io, std::move(task), [&](std::exception_ptr error, auto... value) {
    if (error) {
      thrown = error;
    } else if constexpr (std::is_void_v<T>) {
      outcome.emplace();
    } else {
      (outcome.emplace(std::move(value)), ...);
    }
    io.stop();
  });
  io.restart();
  io.run_for(limit);
  if (thrown) std::rethrow_exception(thrown);
  if (!outcome) throw std::runtime_error("the coroutine did not end in time");
  if constexpr (!std::is_void_v<T>) return *std::move(*outcome);
}

template <class T>
T run(Task<T> task, std::chrono::seconds limit = std::chrono::seconds(20)) {
  boost::asio::io_context io(1);
  return run_on(io, std::move(task), limit);
}

/// Waits until `condition` holds, at most five seconds.
template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 1000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return condition();
}

enum class Style { coroutine, blocking };

}  // namespace connectrpc::probe_test
