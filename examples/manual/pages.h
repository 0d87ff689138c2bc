// The pages whose snippets are run, and what they need for it.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "connectrpc/task.h"
#include "greet/v1/greet.pb.h"

namespace manual {

/// Runs one part of a page and compares what it prints with what the page says; a difference is told and counted.
void prints(std::string_view part, std::string_view expected, const std::function<void()>& run);

/// Runs a coroutine to its end on a loop of its own; rethrows what it throws.
void run(connectrpc::Task<> task);

inline greet::v1::GreetRequest named(const std::string& name) {
  greet::v1::GreetRequest request;
  request.set_name(name);
  return request;
}

inline greet::v1::GreetResponse greeting(const std::string& text) {
  greet::v1::GreetResponse response;
  response.set_greeting(text);
  return response;
}

void metadata_page();
void streams_page();
void interceptors_page();
void reference_pages();
void health_page();
void guards_pages();
void access_log_page();
void cors_page();

}  // namespace manual
