// The parts of an exchange that do not depend on an HTTP version.
#include "http/exchange.h"

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

}  // namespace connectrpc::http
