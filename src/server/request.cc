// Requests as middleware and plain routes see them.
#include "connectrpc/http/request.h"

#include <stdexcept>
#include <utility>

#include "base/ascii.h"
#include "base/decimal.h"
#include "connectrpc/error.h"
#include "server/http_fields.h"
#include "server/message_access.h"

namespace connectrpc::http {

namespace {

std::uint64_t parse_length(std::string_view text) {
  const auto length = base::parse_decimal<std::uint64_t>(text);
  if (!length) throw std::invalid_argument("\"" + std::string(text) + "\" is no content-length");
  return *length;
}

class ReadingGuard {
 public:
  explicit ReadingGuard(bool& reading) : reading_(reading) { reading_ = true; }
  ReadingGuard(const ReadingGuard&) = delete;
  ~ReadingGuard() { reading_ = false; }

 private:
  bool& reading_;
};

Error too_large(std::size_t limit, std::uint64_t size, bool announced) {
  return Error(Code::resource_exhausted, "the request's body has " + std::string(announced ? "" : "at least ") +
                                             std::to_string(size) + " bytes, the limit (http::Request::read_all) is " +
                                             std::to_string(limit));
}

}  // namespace

Request::Request(std::string method, std::string target, Reader body)
    : method_(std::move(method)), target_(std::move(target)), reader_(std::move(body)) {}

std::string_view Request::query() const noexcept {
  const auto mark = target_.find('?');
  return mark == std::string::npos ? std::string_view() : std::string_view(target_).substr(mark + 1);
}

void Request::set_header(std::string_view name, std::string_view value) {
  if (base::equals_lower(name, "content-length")) {
    content_length_ = parse_length(value);
  } else {
    server::set_field(headers_, name, value);
  }
}

void Request::add_header(std::string_view name, std::string_view value) {
  if (base::equals_lower(name, "content-length")) {
    content_length_ = parse_length(value);
  } else {
    server::add_field(headers_, name, value);
  }
}

std::size_t Request::erase_header(std::string_view name) {
  if (base::equals_lower(name, "content-length")) return std::exchange(content_length_, std::nullopt) ? 1 : 0;
  return headers_.erase(name);
}

Request::Reader Request::exchange_body(Reader body) {
  // The length was the old one's.
  content_length_.reset();
  return std::exchange(reader_, std::move(body));
}

Task<std::optional<std::string>> Request::read() {
  if (reading_) throw std::logic_error("http::Request::read was called while another read had not returned");
  if (!reader_) co_return std::nullopt;
  const ReadingGuard reading(reading_);
  co_return co_await reader_();
}

Task<std::string> Request::read_all(std::size_t limit) {
  if (content_length_ && *content_length_ > limit) throw too_large(limit, *content_length_, true);
  std::string body;
  while (auto piece = co_await read()) {
    if (piece->size() > limit - body.size()) throw too_large(limit, body.size() + piece->size(), false);
    if (body.empty()) {
      body = *std::move(piece);
    } else {
      body += *piece;
    }
  }
  co_return body;
}

}  // namespace connectrpc::http

namespace connectrpc::server {

http::RequestHead MessageAccess::head(const http::Request& request) {
  http::RequestHead head;
  head.method = request.method_;
  head.target = request.target_;
  head.scheme = request.scheme_;
  head.authority = request.authority_;
  head.headers = request.headers_;
  head.version = request.version_;
  return head;
}

}  // namespace connectrpc::server
