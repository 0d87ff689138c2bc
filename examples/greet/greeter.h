// The greet service, with coroutines and without.
#pragma once

#include <string>

#include "connectrpc/service.h"
#include "greet/v1/greet.connect.h"

namespace greet {

/// Answers one request: both styles of handler share it.
inline v1::GreetResponse answer(const v1::GreetRequest& request, connectrpc::Context& context) {
  context.response_headers().set("greet-version", "v1");
  context.response_headers().set_binary("greet-emoji-bin", "👋");
  context.response_trailers().set("greet-cost", "3ms");
  if (request.name().empty()) {
    v1::BadName bad;
    bad.set_field("name");
    bad.set_reason("must not be empty");
    throw connectrpc::Error(connectrpc::Code::invalid_argument, "name is empty")
        .with_detail(bad)
        .with_metadata("greet-hint", "say who you are");
  }
  std::string who = request.name();
  if (const auto city = context.request_headers().get("acme-city")) who += " of " + std::string(*city);
  v1::GreetResponse response;
  response.set_greeting("Hello, " + who + "!");
  return response;
}

class Greeter : public v1::GreetServiceHandler {
  connectrpc::Task<v1::GreetResponse> greet(const v1::GreetRequest& request, connectrpc::Context& context) override {
    co_return answer(request, context);
  }
};

class GreeterSync : public v1::GreetServiceHandlerSync {
  v1::GreetResponse greet(const v1::GreetRequest& request, connectrpc::Context& context) override {
    return answer(request, context);
  }
};

}  // namespace greet
