// The suite's service: each request says what is to be answered.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "conformance/convert.h"
#include "connectrpc/conformance/v1/service.connect.h"

namespace conformance {

using RequestInfo = suite::ConformancePayload::RequestInfo;

/// What was observed of a call before its messages.
inline RequestInfo call_info(const connectrpc::Context& context) {
  RequestInfo info;
  from_headers(context.request_headers(), info.mutable_request_headers());
  if (context.deadline()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(context.deadline().remaining());
    info.set_timeout_ms(left.count());
  }
  if (context.http_method() == "GET") info.mutable_connect_get_info();
  return info;
}

template <class Definition>
std::chrono::milliseconds delay_of(const Definition& definition) {
  return std::chrono::milliseconds(definition.response_delay_ms());
}

/// The one answer that is asked for, in both styles of handler.
template <class Response>
Response answer_with(const suite::UnaryResponseDefinition& definition, const RequestInfo& info,
                     connectrpc::Context& context) {
  context.response_headers() = to_headers(definition.response_headers());
  context.response_trailers() = to_headers(definition.response_trailers());
  if (definition.has_error()) {
    connectrpc::Error error = to_error(definition.error());
    error.with_detail(info);
    throw error;
  }
  Response response;
  response.mutable_payload()->set_data(definition.response_data());
  *response.mutable_payload()->mutable_request_info() = info;
  return response;
}

template <class Response, class Request>
Response answer(const Request& request, connectrpc::Context& context) {
  RequestInfo info = call_info(context);
  info.add_requests()->PackFrom(request);
  return answer_with<Response>(request.response_definition(), info, context);
}

/// The requests of a client stream; the first says how to answer.
class ClientStreamAnswer {
 public:
  explicit ClientStreamAnswer(connectrpc::Context& context) : context_(context), info_(call_info(context)) {}

  void add(const suite::ClientStreamRequest& request) {
    if (info_.requests_size() == 0) definition_ = request.response_definition();
    info_.add_requests()->PackFrom(request);
  }
  std::chrono::milliseconds delay() const { return delay_of(definition_); }
  suite::ClientStreamResponse response() {
    return answer_with<suite::ClientStreamResponse>(definition_, info_, context_);
  }

 private:
  connectrpc::Context& context_;
  RequestInfo info_;
  suite::UnaryResponseDefinition definition_;
};

/// The responses of a stream, one after the other.
template <class Response>
class StreamAnswer {
 public:
  explicit StreamAnswer(connectrpc::Context& context) : context_(context), info_(call_info(context)) {}

  void define(const suite::StreamResponseDefinition& definition) {
    definition_ = definition;
    context_.response_headers() = to_headers(definition.response_headers());
    context_.response_trailers() = to_headers(definition.response_trailers());
  }
  /// A request that the next response tells of.
  template <class Request>
  void add(const Request& request) {
    info_.add_requests()->PackFrom(request);
  }
  bool more() const { return sent_ < definition_.response_data_size(); }
  std::chrono::milliseconds delay() const { return delay_of(definition_); }
  Response next() {
    Response response;
    response.mutable_payload()->set_data(definition_.response_data(sent_++));
    if (sent_ == 1 || info_.requests_size() > 0) response.mutable_payload()->mutable_request_info()->Swap(&info_);
    info_.Clear();
    return response;
  }
  /// Throws the error that is asked for, if one is.
  void finish() const {
    if (!definition_.has_error()) return;
    connectrpc::Error error = to_error(definition_.error());
    if (sent_ == 0) error.with_detail(info_);
    throw error;
  }

 private:
  connectrpc::Context& context_;
  RequestInfo info_;
  suite::StreamResponseDefinition definition_;
  int sent_ = 0;
};

using ServerStreamAnswer = StreamAnswer<suite::ServerStreamResponse>;
using BidiStreamAnswer = StreamAnswer<suite::BidiStreamResponse>;

class Service : public suite::ConformanceServiceHandler {
  connectrpc::Task<suite::UnaryResponse> unary(const suite::UnaryRequest& request,
                                               connectrpc::Context& context) override {
    co_await sleep(delay_of(request.response_definition()));
    co_return answer<suite::UnaryResponse>(request, context);
  }

  connectrpc::Task<suite::IdempotentUnaryResponse> idempotent_unary(const suite::IdempotentUnaryRequest& request,
                                                                    connectrpc::Context& context) override {
    co_await sleep(delay_of(request.response_definition()));
    co_return answer<suite::IdempotentUnaryResponse>(request, context);
  }

  connectrpc::Task<> server_stream(const suite::ServerStreamRequest& request,
                                   connectrpc::StreamWriter<suite::ServerStreamResponse>& responses,
                                   connectrpc::Context& context) override {
    ServerStreamAnswer answer(context);
    answer.define(request.response_definition());
    answer.add(request);
    if (answer.more()) co_await context.send_headers();
    co_await send_rest(answer, responses);
  }

  connectrpc::Task<suite::ClientStreamResponse> client_stream(
      connectrpc::StreamReader<suite::ClientStreamRequest>& requests, connectrpc::Context& context) override {
    ClientStreamAnswer answer(context);
    while (const auto request = co_await requests.receive()) answer.add(*request);
    co_await sleep(answer.delay());
    co_return answer.response();
  }

  connectrpc::Task<> bidi_stream(connectrpc::StreamReader<suite::BidiStreamRequest>& requests,
                                 connectrpc::StreamWriter<suite::BidiStreamResponse>& responses,
                                 connectrpc::Context& context) override {
    BidiStreamAnswer answer(context);
    bool first = true;
    bool full_duplex = false;
    while (const auto request = co_await requests.receive()) {
      answer.add(*request);
      if (std::exchange(first, false)) {
        answer.define(request->response_definition());
        full_duplex = request->full_duplex();
        if (full_duplex && answer.more()) co_await context.send_headers();
      }
      if (!full_duplex) continue;
      if (!answer.more()) break;
      co_await sleep(answer.delay());
      const auto response = answer.next();
      co_await responses.send(response);
    }
    if (!full_duplex && answer.more()) co_await context.send_headers();
    co_await send_rest(answer, responses);
  }

  template <class Response>
  static connectrpc::Task<> send_rest(StreamAnswer<Response>& answer, connectrpc::StreamWriter<Response>& responses) {
    while (answer.more()) {
      co_await sleep(answer.delay());
      const auto response = answer.next();
      co_await responses.send(response);
    }
    answer.finish();
  }

  static connectrpc::Task<> sleep(std::chrono::milliseconds time) {
    if (time == std::chrono::milliseconds::zero()) co_return;
    const auto executor = co_await boost::asio::this_coro::executor;
    boost::asio::steady_timer timer(executor, time);
    co_await timer.async_wait(boost::asio::use_awaitable);
  }
};

class ServiceSync : public suite::ConformanceServiceHandlerSync {
  suite::UnaryResponse unary(const suite::UnaryRequest& request, connectrpc::Context& context) override {
    std::this_thread::sleep_for(delay_of(request.response_definition()));
    return answer<suite::UnaryResponse>(request, context);
  }

  suite::IdempotentUnaryResponse idempotent_unary(const suite::IdempotentUnaryRequest& request,
                                                  connectrpc::Context& context) override {
    std::this_thread::sleep_for(delay_of(request.response_definition()));
    return answer<suite::IdempotentUnaryResponse>(request, context);
  }

  void server_stream(const suite::ServerStreamRequest& request,
                     connectrpc::StreamWriterSync<suite::ServerStreamResponse>& responses,
                     connectrpc::Context& context) override {
    ServerStreamAnswer answer(context);
    answer.define(request.response_definition());
    answer.add(request);
    if (answer.more()) context.send_headers_now();
    send_rest(answer, responses);
  }

  suite::ClientStreamResponse client_stream(connectrpc::StreamReaderSync<suite::ClientStreamRequest>& requests,
                                            connectrpc::Context& context) override {
    ClientStreamAnswer answer(context);
    while (const auto request = requests.receive()) answer.add(*request);
    std::this_thread::sleep_for(answer.delay());
    return answer.response();
  }

  void bidi_stream(connectrpc::StreamReaderSync<suite::BidiStreamRequest>& requests,
                   connectrpc::StreamWriterSync<suite::BidiStreamResponse>& responses,
                   connectrpc::Context& context) override {
    BidiStreamAnswer answer(context);
    bool first = true;
    bool full_duplex = false;
    while (const auto request = requests.receive()) {
      answer.add(*request);
      if (std::exchange(first, false)) {
        answer.define(request->response_definition());
        full_duplex = request->full_duplex();
        if (full_duplex && answer.more()) context.send_headers_now();
      }
      if (!full_duplex) continue;
      if (!answer.more()) break;
      std::this_thread::sleep_for(answer.delay());
      responses.send(answer.next());
    }
    if (!full_duplex && answer.more()) context.send_headers_now();
    send_rest(answer, responses);
  }

  template <class Response>
  static void send_rest(StreamAnswer<Response>& answer, connectrpc::StreamWriterSync<Response>& responses) {
    while (answer.more()) {
      std::this_thread::sleep_for(answer.delay());
      responses.send(answer.next());
    }
    answer.finish();
  }
};

}  // namespace conformance
