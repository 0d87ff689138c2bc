// The client that the Connect conformance suite tests. --loops N spreads its calls over N loops; with --blocking they
// block, each on a thread.
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
#include <functional>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string_view>
#include <thread>
#include <vector>

#include "conformance/channels.h"
#include "conformance/flags.h"
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

template <class Request>
Request unpack(const google::protobuf::Any& any) {
  Request message;
  if (!any.UnpackTo(&message))
    throw std::runtime_error("not a message of type " + message.GetDescriptor()->full_name());
  return message;
}

/// The request of a call that has exactly one.
template <class Request>
Request message_of(const suite::ClientCompatRequest& request) {
  if (request.request_messages_size() != 1) throw std::runtime_error("not exactly one message");
  return unpack<Request>(request.request_messages(0));
}

CallOptions options_of_call(const suite::ClientCompatRequest& request) {
  CallOptions options(to_headers(request.request_headers()));
  if (request.has_timeout_ms()) options.timeout(std::chrono::milliseconds(request.timeout_ms()));
  return options;
}

using Cancel = suite::ClientCompatRequest::Cancel;

/// How long after the request's end the call is to be given up.
std::optional<std::chrono::milliseconds> cancel_after(const suite::ClientCompatRequest& request) {
  if (!request.has_cancel() || request.cancel().has_before_close_send() ||
      request.cancel().cancel_timing_case() == Cancel::kAfterNumResponses) {
    return std::nullopt;
  }
  return std::chrono::milliseconds(request.cancel().after_close_send_ms());
}
bool cancels_before_close(const suite::ClientCompatRequest& request) {
  return request.cancel().has_before_close_send();
}
/// After this many responses; never if the suite does not say so.
bool cancels_after(const suite::ClientCompatRequest& request, int responses) {
  return request.cancel().cancel_timing_case() == Cancel::kAfterNumResponses &&
         request.cancel().after_num_responses() == static_cast<std::uint32_t>(responses);
}

std::chrono::milliseconds delay_of(const suite::ClientCompatRequest& request) {
  return std::chrono::milliseconds(request.request_delay_ms());
}

void report(const Error& error, suite::ClientResponseResult& result) {
  from_headers(error.headers(), result.mutable_response_headers());
  from_headers(error.trailers(), result.mutable_response_trailers());
  from_error(error, *result.mutable_error());
}

void report_success(const connectrpc::Headers& headers, const connectrpc::Headers& trailers,
                    suite::ClientResponseResult& result) {
  from_headers(headers, result.mutable_response_headers());
  from_headers(trailers, result.mutable_response_trailers());
}

template <class T>
void report(const Result<Response<T>>& outcome, suite::ClientResponseResult& result) {
  if (!outcome) return report(outcome.error(), result);
  const Response<T>& response = *outcome;
  report_success(response.headers(), response.trailers(), result);
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
  if (time == std::chrono::milliseconds::zero()) co_return;
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

/// Reads a stream of responses to its end.
template <class Call>
Task<> receive_rest(Call& call, const suite::ClientCompatRequest& request, suite::ClientResponseResult& result) {
  while (const auto response = co_await call.receive()) {
    *result.add_payloads() = response->payload();
    if (cancels_after(request, result.payloads_size())) call.cancel();
  }
  const auto headers = co_await call.headers();
  report_success(headers, call.trailers(), result);
}

Task<> run_server_stream(const suite::ConformanceServiceClient& client, const suite::ClientCompatRequest& request,
                         suite::ClientResponseResult& result) {
  auto call = client.server_stream(message_of<suite::ServerStreamRequest>(request), options_of_call(request));
  if (const auto patience = cancel_after(request)) {
    co_await call.open();
    co_await sleep(*patience);
    call.cancel();
  }
  co_await receive_rest(call, request, result);
}

Task<> run_client_stream(const suite::ConformanceServiceClient& client, const suite::ClientCompatRequest& request,
                         suite::ClientResponseResult& result) {
  auto call = client.client_stream(options_of_call(request));
  for (int i = 0; i < request.request_messages_size(); ++i) {
    co_await sleep(delay_of(request));
    const auto message = unpack<suite::ClientStreamRequest>(request.request_messages(i));
    if (co_await call.send(message)) continue;
    result.set_num_unsent_requests(request.request_messages_size() - i);
    break;
  }
  if (cancels_before_close(request)) call.cancel();
  const auto outcome = co_await await_call(call.finish(), cancel_after(request));
  report(outcome, result);
}

Task<> run_bidi_stream(const suite::ConformanceServiceClient& client, const suite::ClientCompatRequest& request,
                       suite::ClientResponseResult& result) {
  const bool full_duplex = request.stream_type() == suite::STREAM_TYPE_FULL_DUPLEX_BIDI_STREAM;
  auto call = client.bidi_stream(options_of_call(request));
  for (int i = 0; i < request.request_messages_size(); ++i) {
    co_await sleep(delay_of(request));
    const auto message = unpack<suite::BidiStreamRequest>(request.request_messages(i));
    if (!co_await call.send(message)) {
      result.set_num_unsent_requests(request.request_messages_size() - i);
      break;
    }
    if (!full_duplex) continue;
    const auto response = co_await call.receive();
    if (!response) continue;
    *result.add_payloads() = response->payload();
    if (cancels_after(request, result.payloads_size())) call.cancel();
  }
  if (cancels_before_close(request)) call.cancel();
  co_await call.close_send();
  if (const auto patience = cancel_after(request)) {
    co_await sleep(*patience);
    call.cancel();
  }
  co_await receive_rest(call, request, result);
}

Task<> run_case(suite::ClientCompatRequest request, Channels& channels) {
  suite::ClientCompatResponse response;
  response.set_test_name(request.test_name());
  try {
    const suite::ConformanceServiceClient client(channels.get(request));
    suite::ClientResponseResult& result = *response.mutable_response();
    if (request.method() == "ClientStream") {
      co_await run_client_stream(client, request, result);
    } else if (request.method() == "BidiStream") {
      co_await run_bidi_stream(client, request, result);
    } else {
      co_await sleep(delay_of(request));
      if (request.method() == "ServerStream") {
        co_await run_server_stream(client, request, result);
      } else {
        auto call = with_method(request, [&](const auto& message, auto method, auto) {
          return call_and_report((client.*method)(message, options_of_call(request)), cancel_after(request), result);
        });
        co_await std::move(call);
      }
    }
  } catch (const Error& error) {
    report(error, *response.mutable_response());
  } catch (const std::exception& error) {
    response.mutable_error()->set_message(error.what());
  }
  write_frame(response);
}

/// Runs cases on a loop of its own, only so many at once: a call whose clock runs must not wait for a hundred
/// handshakes.
class Loop {
 public:
  explicit Loop(Channels& channels) : channels_(channels), work_(asio::make_work_guard(io_)) {}

  asio::io_context& io() { return io_; }
  /// Any thread.
  void add(suite::ClientCompatRequest request) {
    asio::post(io_, [this, request = std::move(request)] {
      waiting_.push_back(request);
      start_waiting();
    });
  }
  /// Any thread: run() returns when all cases are through.
  void finish() {
    asio::post(io_, [this] { work_.reset(); });
  }
  void run() { io_.run(); }

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

  asio::io_context io_{1};
  Channels& channels_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::deque<suite::ClientCompatRequest> waiting_;
  int running_ = 0;
};

// All loops share the channels, which keep connections for each.
int run(int loop_count) {
  Channels channels;
  std::deque<Loop> loops;
  std::vector<std::jthread> threads;
  for (int i = 0; i < loop_count; ++i) {
    Loop& loop = loops.emplace_back(channels);
    threads.emplace_back([&loop] { loop.run(); });
  }
  for (std::size_t next = 0; auto request = read_frame<suite::ClientCompatRequest>();
       next = (next + 1) % loops.size()) {
    loops[next].add(std::move(*request));
  }
  for (Loop& loop : loops) loop.finish();
  return 0;
}

// ---- threads

/// Gives a call up after a time, if one is given, from a thread of its own.
class Canceller {
 public:
  Canceller(std::optional<std::chrono::milliseconds> patience, std::function<void()> cancel) {
    if (!patience) return;
    thread_ = std::jthread([time = *patience, cancel = std::move(cancel)] {
      std::this_thread::sleep_for(time);
      cancel();
    });
  }

 private:
  std::jthread thread_;
};

template <class Call>
void receive_rest_blocking(Call& call, const suite::ClientCompatRequest& request, suite::ClientResponseResult& result) {
  while (const auto response = call.receive()) {
    *result.add_payloads() = response->payload();
    if (cancels_after(request, result.payloads_size())) call.cancel();
  }
  report_success(call.headers(), call.trailers(), result);
}

void run_blocking_server_stream(const suite::ConformanceServiceClientSync& client,
                                const suite::ClientCompatRequest& request, suite::ClientResponseResult& result) {
  auto call = client.server_stream(message_of<suite::ServerStreamRequest>(request), options_of_call(request));
  call.open();
  const Canceller canceller(cancel_after(request), [&call] { call.cancel(); });
  receive_rest_blocking(call, request, result);
}

void run_blocking_client_stream(const suite::ConformanceServiceClientSync& client,
                                const suite::ClientCompatRequest& request, suite::ClientResponseResult& result) {
  auto call = client.client_stream(options_of_call(request));
  for (int i = 0; i < request.request_messages_size(); ++i) {
    std::this_thread::sleep_for(delay_of(request));
    if (call.send(unpack<suite::ClientStreamRequest>(request.request_messages(i)))) continue;
    result.set_num_unsent_requests(request.request_messages_size() - i);
    break;
  }
  if (cancels_before_close(request)) call.cancel();
  const Canceller canceller(cancel_after(request), [&call] { call.cancel(); });
  report(connectrpc::as_result([&] { return call.finish(); }), result);
}

void run_blocking_bidi_stream(const suite::ConformanceServiceClientSync& client,
                              const suite::ClientCompatRequest& request, suite::ClientResponseResult& result) {
  const bool full_duplex = request.stream_type() == suite::STREAM_TYPE_FULL_DUPLEX_BIDI_STREAM;
  auto call = client.bidi_stream(options_of_call(request));
  for (int i = 0; i < request.request_messages_size(); ++i) {
    std::this_thread::sleep_for(delay_of(request));
    if (!call.send(unpack<suite::BidiStreamRequest>(request.request_messages(i)))) {
      result.set_num_unsent_requests(request.request_messages_size() - i);
      break;
    }
    if (!full_duplex) continue;
    const auto response = call.receive();
    if (!response) continue;
    *result.add_payloads() = response->payload();
    if (cancels_after(request, result.payloads_size())) call.cancel();
  }
  if (cancels_before_close(request)) call.cancel();
  call.close_send();
  const Canceller canceller(cancel_after(request), [&call] { call.cancel(); });
  receive_rest_blocking(call, request, result);
}

void run_blocking_unary(const suite::ConformanceServiceClientSync& client, const suite::ClientCompatRequest& request,
                        suite::ClientResponseResult& result) {
  CallOptions options = options_of_call(request);
  std::stop_source stop;
  if (request.has_cancel()) options.stop_token(stop.get_token());
  const Canceller canceller(cancel_after(request), [&stop] { stop.request_stop(); });
  with_method(request, [&](const auto& message, auto, auto method) {
    report(connectrpc::as_result([&] { return (client.*method)(message, options); }), result);
  });
}

suite::ClientCompatResponse run_case_blocking(const suite::ClientCompatRequest& request, Channels& channels) {
  suite::ClientCompatResponse response;
  response.set_test_name(request.test_name());
  try {
    const suite::ConformanceServiceClientSync client(channels.get(request));
    suite::ClientResponseResult& result = *response.mutable_response();
    if (request.method() == "ClientStream") {
      run_blocking_client_stream(client, request, result);
    } else if (request.method() == "BidiStream") {
      run_blocking_bidi_stream(client, request, result);
    } else {
      std::this_thread::sleep_for(delay_of(request));
      if (request.method() == "ServerStream") {
        run_blocking_server_stream(client, request, result);
      } else {
        run_blocking_unary(client, request, result);
      }
    }
  } catch (const Error& error) {
    report(error, *response.mutable_response());
  } catch (const std::exception& error) {
    response.mutable_error()->set_message(error.what());
  }
  return response;
}

int run_blocking() {
  Channels channels;
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
    const conformance::Flags flags(argc, argv);
    return flags.blocking ? conformance::run_blocking() : conformance::run(flags.loops);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "conformance_client: %s\n", error.what());
    return 1;
  }
}
