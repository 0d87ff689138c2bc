// Responses on their way out.
#include "connectrpc/http/response.h"

#include <stdexcept>
#include <utility>

#include "connectrpc/detail/headers_access.h"
#include "connectrpc/http/request.h"
#include "server/http_fields.h"
#include "server/message_access.h"

namespace connectrpc::http {

Response::Response(const Request& request, ResponseWriter& writer)
    : writer_(writer), head_request_(request.method() == "HEAD") {}

void Response::must_be_open(std::string_view member) const {
  if (head_sent_) throw std::logic_error("http::Response::" + std::string(member) + ": the head has been sent");
}

bool Response::has_no_body() const noexcept { return head_request_ || status_ == 204 || status_ == 304; }

void Response::set_status(int status) {
  must_be_open("set_status");
  if (status < 200 || status > 999) {
    throw std::invalid_argument("http::Response::set_status: " + std::to_string(status) + " is not 200 to 999");
  }
  status_ = status;
  begun_ = true;
}

void Response::set_header(std::string_view name, std::string_view value) {
  must_be_open("set_header");
  server::set_field(headers_, name, value);
}

void Response::add_header(std::string_view name, std::string_view value) {
  must_be_open("add_header");
  server::add_field(headers_, name, value);
}

std::size_t Response::erase_header(std::string_view name) {
  must_be_open("erase_header");
  return headers_.erase(name);
}

void Response::add_trailer(std::string_view name, std::string_view value) {
  if (ended_) throw std::logic_error("http::Response::add_trailer: the response has ended");
  server::add_field(trailers_, name, value);
}

void Response::close_head() {
  begun_ = true;
  if (head_sent_) return;
  // One that throws is not asked again for the answer that says so.
  const auto hooks = std::exchange(hooks_, {});
  for (auto hook = hooks.rbegin(); hook != hooks.rend(); ++hook) (*hook)(*this);
  head_sent_ = true;
}

Task<> Response::put_head() {
  if (std::exchange(head_written_, true)) co_return;
  co_await writer_.write_head(*this, false);
}

Task<> Response::send(std::string body, std::string content_type) {
  must_be_open("send");
  if (!content_type.empty()) set_header("content-type", content_type);
  if (status_ != 204 && status_ != 304) set_header("content-length", std::to_string(body.size()));
  close_head();
  complete_ = true;
  // A head alone waits for the end, so that it can say that nothing follows.
  if (body.empty() || has_no_body()) co_return;
  co_await put_head();
  co_await writer_.write_body(std::move(body));
}

Task<> Response::send_head() {
  must_be_open("send_head");
  close_head();
  co_await put_head();
}

Task<> Response::write(std::string bytes) {
  if (complete_) throw std::logic_error("http::Response::write: the body is complete");
  close_head();
  if (bytes.empty() || has_no_body()) co_return;
  co_await put_head();
  co_await writer_.write_body(std::move(bytes));
}

}  // namespace connectrpc::http

namespace connectrpc::server {

void MessageAccess::adopt(http::Response& response, const http::ResponseHead& head) {
  response.must_be_open("adopt");
  response.begun_ = true;
  response.status_ = head.status;
  for (const auto& [name, value] : head.headers) response.headers_.erase(name);
  detail::HeadersAccess::append_all(response.headers_, head.headers);
}

void MessageAccess::forget_answer(http::Response& response) {
  response.status_ = 200;
  for (const auto name : {"content-type", "content-length", "content-encoding", "etag", "last-modified"}) {
    response.headers_.erase(name);
  }
  response.trailers_ = Headers();
}

void MessageAccess::set_trailers(http::Response& response, const Headers& trailers) {
  detail::HeadersAccess::append_all(response.trailers_, trailers);
}

Task<> MessageAccess::end(http::Response& response) {
  response.close_head();
  response.complete_ = response.ended_ = true;
  const bool head_only = !std::exchange(response.head_written_, true);
  if (head_only && response.headers_.contains("grpc-status") && !response.trailers_.empty()) {
    // gRPC's answer of a head alone ("Trailers-Only"): what followed it would be taken for its trailers.
    detail::HeadersAccess::append_all(response.headers_, response.trailers_);
    response.trailers_ = Headers();
  }
  const bool ends = head_only && response.trailers_.empty();
  if (head_only) co_await response.writer_.write_head(response, ends);
  if (!ends) co_await response.writer_.end(response);
}

}  // namespace connectrpc::server
