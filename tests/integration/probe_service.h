// The probe service, once with coroutine and once with blocking handlers, and what the tests count in it.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

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
  /// How often each was seen, by its number.
  std::array<std::atomic<int>, 5> reasons{};

  // Of streams: messages that handlers got and sent, ...
  std::atomic<int> received{0};
  std::atomic<int> sent{0};
  // ... sends that gave false, and the Code that the last receive() or send() threw, or -1.
  std::atomic<int> refused{0};
  std::atomic<int> thrown{-1};
  /// What gated handlers wait for.
  std::atomic<bool> gate{false};
};

/// Counts a handler, however it ends.
class Visit {
 public:
  Visit(Counters& counters, const Context& context) : counters_(counters), context_(context) { ++counters_.started; }
  Visit(const Visit&) = delete;
  ~Visit() {
    if (const auto reason = context_.cancelled()) {
      counters_.cancelled = static_cast<int>(*reason);
      ++counters_.reasons[static_cast<std::size_t>(*reason)];
    }
    ++counters_.ended;
  }

 private:
  Counters& counters_;
  const Context& context_;
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

/// Throws what the request asks for, if it does.
inline void fail_as_asked(const ProbeRequest& request) {
  if (request.crash()) throw std::runtime_error("secret of the house");
  if (request.code() == 0) return;
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

/// What the handler saw of its call.
inline ProbeResponse seen_in(const Context& context) {
  ProbeResponse response;
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

inline std::string payload_of(int size) { return std::string(static_cast<std::size_t>(size), 'x'); }

inline ProbeResponse answer(const ProbeRequest& request, const Context& context) {
  fail_as_asked(request);
  ProbeResponse response = seen_in(context);
  response.set_text("hello " + request.text());
  response.set_payload(request.answer_size() > 0 ? payload_of(request.answer_size()) : request.payload());
  return response;
}

/// What a handler of streams is asked to do.
inline ProbeRequest plan_of(const Context& context) {
  ProbeRequest plan;
  plan.ParseFromString(context.request_headers().get_binary("probe-plan-bin").value().value_or(""));
  return plan;
}

class Probe final : public ::probe::v1::ProbeServiceHandler {
 public:
  explicit Probe(Counters& counters) : counters_(counters) {}

  Task<ProbeResponse> probe(const ProbeRequest& request, Context& context) override { return run(request, context); }
  Task<ProbeResponse> look(const ProbeRequest& request, Context& context) override { return run(request, context); }
  Task<> serve(const ProbeRequest&, StreamWriter<ProbeResponse>& responses, Context& context) override {
    ProbeResponse unused;
    const ProbeRequest plan = plan_of(context);
    co_await follow(plan, nullptr, &responses, unused, context);
  }
  Task<ProbeResponse> collect(StreamReader<ProbeRequest>& requests, Context& context) override {
    ProbeResponse collected;
    const ProbeRequest plan = plan_of(context);
    co_await follow(plan, &requests, nullptr, collected, context);
    co_return collected;
  }
  Task<> talk(StreamReader<ProbeRequest>& requests, StreamWriter<ProbeResponse>& responses, Context& context) override {
    ProbeResponse unused;
    const ProbeRequest plan = plan_of(context);
    co_await follow(plan, &requests, &responses, unused, context);
  }

 private:
  Task<ProbeResponse> run(const ProbeRequest& request, Context& context) {
    const Visit visit(counters_, context);
    set_metadata(request, context);
    if (request.headers_first()) co_await context.send_headers();
    co_await wait(request);
    co_return answer(request, context);
  }

  static Task<> sleep(int milliseconds) {
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, std::chrono::milliseconds(milliseconds));
    co_await timer.async_wait(boost::asio::use_awaitable);
  }
  static Task<> wait(const ProbeRequest& request) {
    if (request.delay_ms() <= 0) co_return;
    if (request.stubborn()) {
      co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
    }
    co_await sleep(request.delay_ms());
  }

  // A stream without requests or without answers lacks the reader or the writer.
  Task<> follow(const ProbeRequest& plan, StreamReader<ProbeRequest>* requests, StreamWriter<ProbeResponse>* responses,
                ProbeResponse& collected, Context& context) {
    const Visit visit(counters_, context);
    if (plan.stubborn()) {
      co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
    }
    collected = seen_in(context);
    set_metadata(plan, context);
    if (plan.pause() == ProbeRequest::PAUSE_AT_ONCE) co_await wait(plan);
    if (plan.headers_first()) co_await context.send_headers();
    if (plan.pause() == ProbeRequest::PAUSE_AFTER_HEADERS) co_await wait(plan);
    while (plan.gated() && !counters_.gate) co_await sleep(5);
    try {
      for (int i = 0; requests != nullptr && (plan.take() == 0 || i < plan.take()); ++i) {
        if (plan.read_delay_ms() > 0) co_await sleep(plan.read_delay_ms());
        const std::optional<ProbeRequest> request = co_await requests->receive();
        if (!request) break;
        ++counters_.received;
        collected.set_text(collected.text() + "|" + request->text());
        if (!plan.echo()) continue;
        ProbeResponse echo = seen_in(context);
        echo.set_text("hello " + request->text());
        const bool more = co_await responses->send(echo);
        ++(more ? counters_.sent : counters_.refused);
      }
      for (int i = 0; responses != nullptr && i < plan.answers(); ++i) {
        ProbeResponse response = seen_in(context);
        response.set_text("answer " + std::to_string(i));
        response.set_payload(payload_of(plan.answer_size()));
        const bool more = co_await responses->send(response);
        ++(more ? counters_.sent : counters_.refused);
        if (!more) break;
        if (i == 0 && plan.pause() == ProbeRequest::PAUSE_BETWEEN) co_await wait(plan);
      }
    } catch (const Error& error) {
      counters_.thrown = static_cast<int>(error.code());
      throw;
    }
    if (plan.pause() == ProbeRequest::PAUSE_AFTER_LAST) co_await wait(plan);
    fail_as_asked(plan);
  }

  Counters& counters_;
};

class ProbeBlocking final : public ::probe::v1::ProbeServiceHandlerSync {
 public:
  explicit ProbeBlocking(Counters& counters) : counters_(counters) {}

  ProbeResponse probe(const ProbeRequest& request, Context& context) override { return run(request, context); }
  ProbeResponse look(const ProbeRequest& request, Context& context) override { return run(request, context); }
  void serve(const ProbeRequest&, StreamWriterSync<ProbeResponse>& responses, Context& context) override {
    ProbeResponse unused;
    follow(plan_of(context), nullptr, &responses, unused, context);
  }
  ProbeResponse collect(StreamReaderSync<ProbeRequest>& requests, Context& context) override {
    ProbeResponse collected;
    follow(plan_of(context), &requests, nullptr, collected, context);
    return collected;
  }
  void talk(StreamReaderSync<ProbeRequest>& requests, StreamWriterSync<ProbeResponse>& responses,
            Context& context) override {
    ProbeResponse unused;
    follow(plan_of(context), &requests, &responses, unused, context);
  }

 private:
  ProbeResponse run(const ProbeRequest& request, Context& context) {
    const Visit visit(counters_, context);
    set_metadata(request, context);
    if (request.headers_first()) context.send_headers_now();
    wait(request, context);
    return answer(request, context);
  }

  static void wait(const ProbeRequest& request, const Context& context) {
    const std::chrono::milliseconds delay(request.delay_ms());
    if (request.stubborn()) {
      std::this_thread::sleep_for(delay);
    } else if (delay.count() > 0) {
      std::mutex mutex;
      std::condition_variable_any wake;
      std::unique_lock lock(mutex);
      wake.wait_for(lock, context.stop_token(), delay, [] { return false; });
    }
  }

  void follow(const ProbeRequest& plan, StreamReaderSync<ProbeRequest>* requests,
              StreamWriterSync<ProbeResponse>* responses, ProbeResponse& collected, Context& context) {
    const Visit visit(counters_, context);
    collected = seen_in(context);
    set_metadata(plan, context);
    if (plan.pause() == ProbeRequest::PAUSE_AT_ONCE) wait(plan, context);
    if (plan.headers_first()) context.send_headers_now();
    if (plan.pause() == ProbeRequest::PAUSE_AFTER_HEADERS) wait(plan, context);
    while (plan.gated() && !counters_.gate && !context.cancelled()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    try {
      for (int i = 0; requests != nullptr && (plan.take() == 0 || i < plan.take()); ++i) {
        if (plan.read_delay_ms() > 0) std::this_thread::sleep_for(std::chrono::milliseconds(plan.read_delay_ms()));
        const std::optional<ProbeRequest> request = requests->receive();
        if (!request) break;
        ++counters_.received;
        collected.set_text(collected.text() + "|" + request->text());
        if (!plan.echo()) continue;
        ProbeResponse echo = seen_in(context);
        echo.set_text("hello " + request->text());
        const bool more = responses->send(echo);
        ++(more ? counters_.sent : counters_.refused);
      }
      for (int i = 0; responses != nullptr && i < plan.answers(); ++i) {
        ProbeResponse response = seen_in(context);
        response.set_text("answer " + std::to_string(i));
        response.set_payload(payload_of(plan.answer_size()));
        const bool more = responses->send(response);
        ++(more ? counters_.sent : counters_.refused);
        if (!more) break;
        if (i == 0 && plan.pause() == ProbeRequest::PAUSE_BETWEEN) wait(plan, context);
      }
    } catch (const Error& error) {
      counters_.thrown = static_cast<int>(error.code());
      throw;
    }
    if (plan.pause() == ProbeRequest::PAUSE_AFTER_LAST) wait(plan, context);
    fail_as_asked(plan);
  }

  Counters& counters_;
};

}  // namespace connectrpc::probe_test
