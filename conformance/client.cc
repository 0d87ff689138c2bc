// The client that the Connect conformance suite tests; with --blocking its calls block, each on a thread.
#include "connectrpc/client.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <exception>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string_view>
#include <thread>
#include <vector>

#include "conformance/channels.h"
#include "conformance/frames.h"
#include "connectrpc/conformance/v1/service.connect.h"

namespace conformance {
namespace {

namespace asio = boost::asio;
using connectrpc::CallOptions;
using connectrpc::Error;
using connectrpc::Response;
using connectrpc::Result;
using connectrpc::Task;

/// The request of a unary call, unpacked.
template <class Request>
Request message_of(const suite::ClientCompatRequest& request) {
  Request message;
  if (request.request_messages_size() != 1 || !request.request_messages(0).UnpackTo(&message))
    throw std::runtime_error("not exactly one message of type " + message.GetDescriptor()->full_name());
  return message;
}

CallOptions options_of_call(const suite::ClientCompatRequest& request) {
  CallOptions options(to_headers(request.request_headers()));
  if (request.has_timeout_ms()) options.timeout(std::chrono::milliseconds(request.timeout_ms()));
  return options;
}

/// After how long the call is to be given up.
std::optional<std::chrono::milliseconds> cancel_after(const suite::ClientCompatRequest& request) {
  if (!request.has_cancel()) return std::nullopt;
  return std::chrono::milliseconds(request.cancel().after_close_send_ms());
}

template <class T>
void report(const Result<Response<T>>& outcome, suite::ClientResponseResult& result) {
  if (!outcome) {
    const Error& error = outcome.error();
    from_headers(error.headers(), result.mutable_response_headers());
    from_headers(error.trailers(), result.mutable_response_trailers());
    from_error(error, *result.mutable_error());
    return;
  }
  const Response<T>& response = *outcome;
  from_headers(response.headers(), result.mutable_response_headers());
  from_headers(response.trailers(), result.mutable_response_trailers());
  // The response of a method that no server has is empty.
  if constexpr (requires { response->payload(); }) *result.add_payloads() = response->payload();
}

/// Runs `visit` with the request's message and the client methods, coroutine and blocking, that take it.
template <class Visit>
auto with_method(const suite::ClientCompatRequest& request, const Visit& visit) {
  using Client = suite::ConformanceServiceClient;
  using ClientSync = suite::ConformanceServiceClientSync;
  if (request.method() == "Unary")
    return visit(message_of<suite::UnaryRequest>(request), &Client::unary, &ClientSync::unary);
  if (request.method() == "IdempotentUnary")
    return visit(message_of<suite::IdempotentUnaryRequest>(request), &Client::idempotent_unary,
                 &ClientSync::idempotent_unary);
  if (request.method() == "Unimplemented")
    return visit(message_of<suite::UnimplementedRequest>(request), &Client::unimplemented, &ClientSync::unimplemented);
  throw std::runtime_error("no method \"" + request.method() + "\" among the unary ones");
}

// ---- coroutines

Task<> sleep(std::chrono::milliseconds time) {
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, time);
  co_await timer.async_wait(asio::use_awaitable);
}

/// Awaits a call that is given up after a time, if one is given.
template <class T>
Task<Result<Response<T>>> await_call(Task<Response<T>> call, std::optional<std::chrono::milliseconds> patience) {
  if (!patience) {
    auto outcome = co_await connectrpc::as_result(std::move(call));
    co_return outcome;
  }
  const auto executor = co_await asio::this_coro::executor;
  asio::cancellation_signal cancel;
  asio::steady_timer timer(executor, *patience);
  timer.async_wait([&cancel](boost::system::error_code error) {
    if (!error) cancel.emit(asio::cancellation_type::terminal);
  });
  auto token = asio::bind_cancellation_slot(cancel.slot(), asio::use_awaitable);
  auto outcome = co_await asio::co_spawn(executor, connectrpc::as_result(std::move(call)), token);
  timer.cancel();
  // The timer's handler points at the signal: let it be gone first.
  co_await asio::post(executor, asio::use_awaitable);
  co_return outcome;
}

template <class T>
Task<> call_and_report(Task<Response<T>> call, std::optional<std::chrono::milliseconds> patience,
                       suite::ClientResponseResult& result) {
  const auto outcome = co_await await_call(std::move(call), patience);
  report(outcome, result);
}

Task<> run_case(suite::ClientCompatRequest request, Channels& channels) {
  suite::ClientCompatResponse response;
  response.set_test_name(request.test_name());
  try {
    const suite::ConformanceServiceClient client(channels.get(request));
    if (request.request_delay_ms() > 0) co_await sleep(std::chrono::milliseconds(request.request_delay_ms()));
    auto call = with_method(request, [&](const auto& message, auto method, auto) {
      return call_and_report((client.*method)(message, options_of_call(request)), cancel_after(request),
                             *response.mutable_response());
    });
    co_await std::move(call);
  } catch (const std::exception& error) {
    response.mutable_error()->set_message(error.what());
  }
  write_frame(response);
}

/// Runs cases on one loop, only so many at once: a call whose clock runs must not wait for a hundred handshakes.
class Cases {
 public:
  explicit Cases(asio::io_context& io) : io_(io), channels_(&io) {}

  void add(suite::ClientCompatRequest request) {
    waiting_.push_back(std::move(request));
    start_waiting();
  }

 private:
  static constexpr int most_at_once = 16;

  void start_waiting() {
    for (; running_ < most_at_once && !waiting_.empty(); waiting_.pop_front()) {
      ++running_;
      asio::co_spawn(io_, run_case(std::move(waiting_.front()), channels_), [this](std::exception_ptr) {
        --running_;
        start_waiting();
      });
    }
  }

  asio::io_context& io_;
  Channels channels_;
  std::deque<suite::ClientCompatRequest> waiting_;
  int running_ = 0;
};

int run() {
  asio::io_context io(1);
  Cases cases(io);
  auto work = asio::make_work_guard(io);
  std::thread reader([&] {
    try {
      while (auto request = read_frame<suite::ClientCompatRequest>())
        asio::post(io, [&cases, request = std::move(*request)] { cases.add(request); });
    } catch (const std::exception& error) {
      std::fprintf(stderr, "conformance_client: %s\n", error.what());
    }
    asio::post(io, [&work] { work.reset(); });
  });
  io.run();
  reader.join();
  return 0;
}

// ---- threads

suite::ClientCompatResponse run_case_blocking(const suite::ClientCompatRequest& request, Channels& channels) {
  suite::ClientCompatResponse response;
  response.set_test_name(request.test_name());
  try {
    const suite::ConformanceServiceClientSync client(channels.get(request));
    std::this_thread::sleep_for(std::chrono::milliseconds(request.request_delay_ms()));
    with_method(request, [&](const auto& message, auto, auto method) {
      report(connectrpc::as_result([&] { return (client.*method)(message, options_of_call(request)); }),
             *response.mutable_response());
    });
  } catch (const std::exception& error) {
    response.mutable_error()->set_message(error.what());
  }
  return response;
}

int run_blocking() {
  Channels channels(nullptr);
  std::mutex mutex;
  std::condition_variable_any arrived;
  std::deque<suite::ClientCompatRequest> waiting;
  std::vector<std::jthread> threads;
  bool ended = false;
  for (int i = 0; i < 16; ++i)
    threads.emplace_back([&] {
      while (true) {
        std::unique_lock lock(mutex);
        arrived.wait(lock, [&] { return ended || !waiting.empty(); });
        if (waiting.empty()) return;
        const suite::ClientCompatRequest request = std::move(waiting.front());
        waiting.pop_front();
        lock.unlock();
        write_frame(run_case_blocking(request, channels));
      }
    });
  while (auto request = read_frame<suite::ClientCompatRequest>()) {
    const std::lock_guard lock(mutex);
    waiting.push_back(std::move(*request));
    arrived.notify_one();
  }
  {
    const std::lock_guard lock(mutex);
    ended = true;
  }
  arrived.notify_all();
  return 0;
}

}  // namespace
}  // namespace conformance

int main(int argc, char** argv) {
  try {
    const bool blocking = argc > 1 && std::string_view(argv[1]) == "--blocking";
    return blocking ? conformance::run_blocking() : conformance::run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "conformance_client: %s\n", error.what());
    return 1;
  }
}
