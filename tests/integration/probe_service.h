// The probe service, once with coroutine and once with blocking handlers, and what the tests count in it.
#pragma once

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

#include "connectrpc/client.h"
#include "connectrpc/service.h"
#include "probe/v1/probe.connect.h"

namespace connectrpc::probe_test {

using ::probe::v1::Pair;
using ::probe::v1::ProbeRequest;
using ::probe::v1::ProbeResponse;

/// What happened in the handlers of one server.
struct Counters {
  std::atomic<int> started{0};
  std::atomic<int> ended{0};
  /// The last reason for cancellation that a handler saw, as CancelReason, or -1.
  std::atomic<int> cancelled{-1};
};

inline void add_pair(Headers& headers, const Pair& pair) {
  if (pair.name().ends_with("-bin")) {
    headers.add_binary(pair.name(), pair.value());
  } else {
    headers.add(pair.name(), pair.value());
  }
}

inline void set_metadata(const ProbeRequest& request, Context& context) {
  for (const Pair& pair : request.response_headers()) add_pair(context.response_headers(), pair);
  for (const Pair& pair : request.response_trailers()) add_pair(context.response_trailers(), pair);
}

inline ProbeResponse answer(const ProbeRequest& request, const Context& context) {
  if (request.crash()) throw std::runtime_error("secret of the house");
  if (request.code() != 0) {
    Error error(*code_from_number(request.code()), request.message());
    for (const Pair& pair : request.error_metadata()) {
      if (pair.name().ends_with("-bin")) {
        error.with_binary_metadata(pair.name(), pair.value());
      } else {
        error.with_metadata(pair.name(), pair.value());
      }
    }
    if (!request.detail().empty()) {
      ProbeRequest detail;
      detail.set_text(request.detail());
      error.with_detail(detail);
    }
    throw Error(std::move(error));
  }
  ProbeResponse response;
  response.set_text("hello " + request.text());
  response.set_payload(request.answer_size() > 0 ? std::string(static_cast<std::size_t>(request.answer_size()), 'x')
                                                 : request.payload());
  for (const auto& [name, value] : context.request_headers()) {
    Pair* pair = response.add_request_headers();
    pair->set_name(std::string(name));
    pair->set_value(std::string(value));
  }
  response.set_protocol(std::string(to_string(context.protocol())));
  response.set_http_version(std::string(to_string(context.http_version())));
  response.set_http_method(std::string(context.http_method()));
  response.set_peer(context.peer().to_string());
  const auto remaining = context.deadline().remaining();
  response.set_remaining_ms(
      context.deadline() ? std::chrono::duration_cast<std::chrono::milliseconds>(remaining).count() : -1);
  return response;
}

class Probe final : public ::probe::v1::ProbeServiceHandler {
 public:
  explicit Probe(Counters& counters) : counters_(counters) {}

  Task<ProbeResponse> probe(const ProbeRequest& request, Context& context) override { return run(request, context); }
  Task<ProbeResponse> look(const ProbeRequest& request, Context& context) override { return run(request, context); }

 private:
  // Counts the end of a handler however it ends.
  struct Visit {
    Visit(Counters& c, const Context& k) : counters(c), context(k) { ++counters.started; }
    Visit(const Visit&) = delete;
    ~Visit() {
      if (const auto reason = context.cancelled()) counters.cancelled = static_cast<int>(*reason);
      ++counters.ended;
    }
    Counters& counters;
    const Context& context;
  };

  Task<ProbeResponse> run(const ProbeRequest& request, Context& context) {
    const Visit visit(counters_, context);
    set_metadata(request, context);
    if (request.headers_first()) co_await context.send_headers();
    if (request.delay_ms() > 0) {
      if (request.stubborn()) {
        co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
      }
      boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor,
                                      std::chrono::milliseconds(request.delay_ms()));
      co_await timer.async_wait(boost::asio::use_awaitable);
    }
    co_return answer(request, context);
  }

  Counters& counters_;
};

class ProbeBlocking final : public ::probe::v1::ProbeServiceHandlerSync {
 public:
  explicit ProbeBlocking(Counters& counters) : counters_(counters) {}

  ProbeResponse probe(const ProbeRequest& request, Context& context) override { return run(request, context); }
  ProbeResponse look(const ProbeRequest& request, Context& context) override { return run(request, context); }

 private:
  ProbeResponse run(const ProbeRequest& request, Context& context) {
    ++counters_.started;
    struct End {
      Counters& counters;
      Context& context;
      ~End() {
        if (const auto reason = context.cancelled()) counters.cancelled = static_cast<int>(*reason);
        ++counters.ended;
      }
    } const end{counters_, context};
    set_metadata(request, context);
    if (request.headers_first()) context.send_headers_now();
    const std::chrono::milliseconds delay(request.delay_ms());
    if (request.stubborn()) {
      std::this_thread::sleep_for(delay);
    } else if (delay.count() > 0) {
      std::mutex mutex;
      std::condition_variable_any wake;
      std::unique_lock lock(mutex);
      wake.wait_for(lock, context.stop_token(), delay, [] { return false; });
    }
    return answer(request, context);
  }

  Counters& counters_;
};

}  // namespace connectrpc::probe_test
