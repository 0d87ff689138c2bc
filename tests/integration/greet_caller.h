// One call of any kind to the greet service, in both styles.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connectrpc/client.h"
#include "greet/v1/greet.connect.h"

namespace connectrpc::greet_test {

using greet::v1::GreetRequest;

/// Whether a stream's headers are waited for before anything is sent or received.
enum class HeadersFirst : bool { no, yes };

/// What a call came to, the same for all kinds and styles.
struct Outcome {
  std::vector<std::string> greetings;
  std::optional<Error> error;
  Headers headers;
  Headers trailers;
};

inline GreetRequest named(const std::string& name) {
  GreetRequest request;
  request.set_name(name);
  return request;
}

inline Task<Outcome> call_await(ChannelPtr channel, StreamType kind, std::string name, CallOptions options,
                                HeadersFirst first = HeadersFirst::no) {
  const greet::v1::GreetServiceClient client(channel);
  const GreetRequest request = named(name);
  Outcome outcome;
  try {
    if (kind == StreamType::unary) {
      const auto response = co_await client.greet(request, options);
      outcome = {{response->greeting()}, std::nullopt, response.headers(), response.trailers()};
    } else if (kind == StreamType::server) {
      auto call = client.greet_many(request, options);
      if (first == HeadersFirst::yes) static_cast<void>(co_await call.headers());
      while (const auto response = co_await call.receive()) outcome.greetings.push_back(response->greeting());
      outcome.headers = co_await call.headers();
      outcome.trailers = call.trailers();
    } else if (kind == StreamType::client) {
      auto call = client.greet_all(options);
      if (first == HeadersFirst::yes) static_cast<void>(co_await call.headers());
      co_await call.send(named("first"));
      co_await call.send(request);
      const auto response = co_await call.finish();
      outcome = {{response->greeting()}, std::nullopt, response.headers(), response.trailers()};
    } else {
      auto call = client.converse(options);
      if (first == HeadersFirst::yes) static_cast<void>(co_await call.headers());
      co_await call.send(request);
      co_await call.send(request);
      co_await call.close_send();
      while (const auto response = co_await call.receive()) outcome.greetings.push_back(response->greeting());
      outcome.headers = co_await call.headers();
      outcome.trailers = call.trailers();
    }
  } catch (const Error& error) {
    outcome.error = error;
    outcome.headers = error.headers();
    outcome.trailers = error.trailers();
  }
  co_return outcome;
}

inline Outcome call_block(const ChannelPtr& channel, StreamType kind, const std::string& name,
                          const CallOptions& options, HeadersFirst first = HeadersFirst::no) {
  const greet::v1::GreetServiceClientSync client(channel);
  const GreetRequest request = named(name);
  Outcome outcome;
  try {
    if (kind == StreamType::unary) {
      const auto response = client.greet(request, options);
      outcome = {{response->greeting()}, std::nullopt, response.headers(), response.trailers()};
    } else if (kind == StreamType::server) {
      auto call = client.greet_many(request, options);
      if (first == HeadersFirst::yes) static_cast<void>(call.headers());
      while (const auto response = call.receive()) outcome.greetings.push_back(response->greeting());
      outcome.headers = call.headers();
      outcome.trailers = call.trailers();
    } else if (kind == StreamType::client) {
      auto call = client.greet_all(options);
      if (first == HeadersFirst::yes) static_cast<void>(call.headers());
      call.send(named("first"));
      call.send(request);
      const auto response = call.finish();
      outcome = {{response->greeting()}, std::nullopt, response.headers(), response.trailers()};
    } else {
      auto call = client.converse(options);
      if (first == HeadersFirst::yes) static_cast<void>(call.headers());
      call.send(request);
      call.send(request);
      call.close_send();
      while (const auto response = call.receive()) outcome.greetings.push_back(response->greeting());
      outcome.headers = call.headers();
      outcome.trailers = call.trailers();
    }
  } catch (const Error& error) {
    outcome.error = error;
    outcome.headers = error.headers();
    outcome.trailers = error.trailers();
  }
  return outcome;
}

}  // namespace connectrpc::greet_test
