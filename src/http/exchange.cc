// The parts of an exchange that do not depend on an HTTP version.
#include "http/exchange.h"

#include <utility>

#include "connectrpc/detail/headers_access.h"

namespace connectrpc::http {

void Exchange::consume(std::size_t size) {
  inbound_.consume(size);
  if (size != 0) on_consumed(size);
}

std::string Exchange::take_body() {
  const std::size_t size = inbound_.size();
  std::string body = inbound_.take();
  if (size != 0) on_consumed(size);
  return body;
}

Refusal RequestHandler::refuse(const RequestHead&, std::string text) { return plain_refusal(431, std::move(text)); }

Refusal plain_refusal(int status, std::string text) {
  Refusal refusal;
  refusal.head.status = status;
  detail::HeadersAccess::append(refusal.head.headers, "content-type", "text/plain; charset=utf-8");
  refusal.body = std::move(text) + "\n";
  return refusal;
}

}  // namespace connectrpc::http
