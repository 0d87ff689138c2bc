// The parts of an exchange that do not depend on an HTTP version.
#include "http/exchange.h"

#include <algorithm>
#include <utility>

#include "connectrpc/detail/headers_access.h"

namespace connectrpc::http {

void Exchange::consume(std::size_t size) {
  inbound_.consume(size);
  const std::size_t told = std::min(size, expected_);
  expected_ -= told;
  if (size != told) on_consumed(size - told);
}

void Exchange::expect(std::size_t size) {
  // Memory grows with what has arrived: announcing a large message must cost its sender as much as us. Beyond that
  // bytes are copied each time that room runs out.
  using Queue = base::ByteQueue;
  const std::size_t held = inbound_.size();
  const std::size_t room = std::min(size, Queue::ahead * held + Queue::least_room);
  if (room > held) inbound_.reserve(room - held);
  const std::size_t there = std::min(size, held);
  if (there <= expected_) return;
  const std::size_t fresh = there - std::exchange(expected_, there);
  on_consumed(fresh);
}

std::string Exchange::take_body() {
  const std::size_t size = unread();
  expected_ = 0;
  std::string body = inbound_.take();
  if (size != 0) on_consumed(size);
  return body;
}

Refusal RequestHandler::refuse(const RequestHead&, std::string text) { return plain_refusal(431, std::move(text)); }

Refusal plain_refusal(int status, std::string text) {
  Refusal refusal;
  refusal.head.status = status;
  detail::HeadersAccess::append_own(refusal.head.headers, "content-type", "text/plain; charset=utf-8");
  refusal.body = std::move(text) + "\n";
  return refusal;
}

}  // namespace connectrpc::http
