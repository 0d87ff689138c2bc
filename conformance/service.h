// The suite's service: each request says what is to be answered.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <string>
#include <thread>

#include "conformance/convert.h"
#include "connectrpc/conformance/v1/service.connect.h"

namespace conformance {

inline suite::ConformancePayload::RequestInfo request_info(const google::protobuf::Message& request,
                                                           const connectrpc::Context& context) {
  suite::ConformancePayload::RequestInfo info;
  from_headers(context.request_headers(), info.mutable_request_headers());
  if (context.deadline()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(context.deadline().remaining());
    info.set_timeout_ms(left.count());
  }
  info.add_requests()->PackFrom(request);
  if (context.http_method() == "GET") info.mutable_connect_get_info();
  return info;
}

inline std::chrono::milliseconds delay_of(const suite::UnaryResponseDefinition& definition) {
  return std::chrono::milliseconds(definition.response_delay_ms());
}

/// What the request asks for, in both styles of handler.
template <class Response, class Request>
Response answer(const Request& request, connectrpc::Context& context) {
  const suite::UnaryResponseDefinition& definition = request.response_definition();
  context.response_headers() = to_headers(definition.response_headers());
  context.response_trailers() = to_headers(definition.response_trailers());
  const auto info = request_info(request, context);
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
};

}  // namespace conformance
