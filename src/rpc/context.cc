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

void ContextAccess::set(Context& context, const Facts& facts) {
  context.method_ = facts.method;
  context.raw_request_headers_ = facts.raw_request_headers;
  context.peer_ = facts.peer;
  context.http_method_ = facts.http_method;
  context.authority_ = facts.authority;
  context.deadline_ = facts.deadline;
  context.protocol_ = facts.protocol;
  context.codec_ = facts.codec;
  context.http_version_ = facts.http_version;
}

Headers ContextAccess::take_response_headers(Context& context, bool last) {
  context.headers_sent_ = true;
  Headers headers = last ? std::move(context.response_headers_) : context.response_headers_;
  HeadersAccess::freeze(context.response_headers_);
  return headers;
}

}  // namespace detail

}  // namespace connectrpc
