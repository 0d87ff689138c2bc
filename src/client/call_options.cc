// The setters of call options.
#include "connectrpc/call_options.h"

#include "connectrpc/context.h"
#include "connectrpc/detail/context_access.h"

namespace connectrpc {

CallOptions CallOptions::from_context(const Context& context) {
  CallOptions options;
  options.deadline_ = context.deadline();
  options.stop_token_ = context.stop_token();
  return options;
}

void CallOptions::forward(const Context& context, std::string_view name) {
  for (const std::string_view value : context.request_headers().get_all(name)) {
    if (const Result<void> added = headers_.try_add(name, value); !added) {
      detail::ContextAccess::warn(context, "not forwarded: " + added.error().message());
    }
  }
}

CallOptions& CallOptions::header(std::string_view name, std::string_view value) & {
  headers_.add(name, value);
  return *this;
}
CallOptions&& CallOptions::header(std::string_view name, std::string_view value) && {
  return std::move(header(name, value));
}
CallOptions& CallOptions::binary_header(std::string_view name, std::string_view bytes) & {
  headers_.add_binary(name, bytes);
  return *this;
}
CallOptions&& CallOptions::binary_header(std::string_view name, std::string_view bytes) && {
  return std::move(binary_header(name, bytes));
}
CallOptions& CallOptions::timeout(std::chrono::nanoseconds timeout) & {
  timeout_ = timeout;
  return *this;
}
CallOptions&& CallOptions::timeout(std::chrono::nanoseconds timeout) && {
  timeout_ = timeout;
  return std::move(*this);
}
CallOptions& CallOptions::deadline(Deadline deadline) & {
  deadline_ = deadline;
  return *this;
}
CallOptions&& CallOptions::deadline(Deadline deadline) && {
  deadline_ = deadline;
  return std::move(*this);
}
CallOptions& CallOptions::message_timeout(std::chrono::nanoseconds timeout) & {
  message_timeout_ = timeout;
  return *this;
}
CallOptions&& CallOptions::message_timeout(std::chrono::nanoseconds timeout) && {
  return std::move(message_timeout(timeout));
}
CallOptions& CallOptions::idle_timeout(std::chrono::nanoseconds timeout) & {
  idle_timeout_ = timeout;
  return *this;
}
CallOptions&& CallOptions::idle_timeout(std::chrono::nanoseconds timeout) && {
  return std::move(idle_timeout(timeout));
}
CallOptions& CallOptions::stop_token(std::stop_token token) & {
  stop_token_ = std::move(token);
  return *this;
}
CallOptions&& CallOptions::stop_token(std::stop_token token) && { return std::move(stop_token(std::move(token))); }
CallOptions& CallOptions::compression(std::string_view name) & {
  compression_.emplace(name);
  return *this;
}
CallOptions&& CallOptions::compression(std::string_view name) && {
  compression_.emplace(name);
  return std::move(*this);
}
CallOptions& CallOptions::receive_limit(std::size_t bytes) & {
  receive_limit_ = bytes;
  return *this;
}
CallOptions&& CallOptions::receive_limit(std::size_t bytes) && {
  receive_limit_ = bytes;
  return std::move(*this);
}
CallOptions& CallOptions::send_limit(std::size_t bytes) & {
  send_limit_ = bytes;
  return *this;
}
CallOptions&& CallOptions::send_limit(std::size_t bytes) && {
  send_limit_ = bytes;
  return std::move(*this);
}
CallOptions& CallOptions::use_get(bool use) & {
  use_get_ = use;
  return *this;
}
CallOptions&& CallOptions::use_get(bool use) && {
  use_get_ = use;
  return std::move(*this);
}

}  // namespace connectrpc
