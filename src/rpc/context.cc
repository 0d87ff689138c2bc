// The parts of a context that reach its call.
#include "connectrpc/context.h"

#include <stdexcept>
#include <utility>

#include "connectrpc/detail/context_access.h"
#include "connectrpc/detail/headers_access.h"
#include "connectrpc/detail/server_call.h"

namespace connectrpc {

const Headers& Context::request_headers() const {
  if (!request_headers_made_) {
    request_headers_ = detail::user_metadata(*raw_request_headers_);
    request_headers_made_ = true;
  }
  return request_headers_;
}

Headers& Context::request_headers() {
  static_cast<void>(std::as_const(*this).request_headers());
  return request_headers_;
}

bool Context::compress_response(std::string_view name) {
  if (headers_sent_) throw std::logic_error("Context::compress_response: the response headers were sent before");
  return call_.compress_response(name);
}

void Context::respond(const google::protobuf::MessageLite& message) {
  if (method_->stream_type != StreamType::unary && method_->stream_type != StreamType::client) {
    throw std::logic_error("Context::respond: " + std::string(method_->full_name()) + " is answered by a stream");
  }
  call_.respond(message);
}

Context::Hooks& Context::open_hooks() {
  if (!hooks_) hooks_ = std::make_unique<Hooks>();
  if (hooks_fixed_) throw std::logic_error("hooks are added to a context before next() is called");
  return *hooks_;
}

void Context::on_request_message(std::function<void(google::protobuf::MessageLite&)> hook) {
  open_hooks().requests.push_back(std::move(hook));
}

void Context::on_response_message(std::function<void(google::protobuf::MessageLite&)> hook) {
  open_hooks().responses.push_back(std::move(hook));
}

void Context::on_response_headers(std::function<void(Headers&)> hook) {
  open_hooks().response_headers.push_back(std::move(hook));
}

void Context::send_headers_now(Headers more) {
  if (headers_sent_) throw std::logic_error("send_headers: the response headers were sent before");
  for (const auto& [name, value] : more) response_headers_.add(name, value);
  call_.send_headers();
}

Task<> Context::send_headers(Headers more) {
  send_headers_now(std::move(more));
  co_return;
}

std::optional<CancelReason> Context::cancelled() const noexcept { return call_.cancelled(); }

std::stop_token Context::stop_token() const noexcept { return call_.stop_token(); }

namespace detail {

void ContextAccess::run_request_hooks(const Context& context, google::protobuf::MessageLite& message) {
  if (!context.hooks_) return;
  for (const auto& hook : context.hooks_->requests) hook(message);
}

void ContextAccess::run_response_hooks(const Context& context, google::protobuf::MessageLite& message) {
  if (!context.hooks_) return;
  // The innermost interceptor added its hook last and is the first to see what comes out.
  for (auto hook = context.hooks_->responses.rbegin(); hook != context.hooks_->responses.rend(); ++hook) {
    (*hook)(message);
  }
}

void ContextAccess::run_header_hooks(const Context& context, Headers& headers) {
  if (!context.hooks_) return;
  for (auto hook = context.hooks_->response_headers.rbegin(); hook != context.hooks_->response_headers.rend(); ++hook) {
    (*hook)(headers);
  }
}

Headers ContextAccess::take_response_headers(Context& context, bool last) {
  context.headers_sent_ = true;
  Headers headers = last ? std::move(context.response_headers_) : context.response_headers_;
  HeadersAccess::freeze(context.response_headers_);
  return headers;
}

}  // namespace detail

}  // namespace connectrpc
