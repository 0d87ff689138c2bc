// What is added to calls to see what it costs: interceptors that do nothing, headers.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bench/echo_service.h"
#include "bench/nothing.h"

namespace bench {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// Made once: what is counted is the library's part.
inline Pairs pairs(const std::string& prefix, int count) {
  Pairs made;
  for (int i = 0; i < count; ++i) made.emplace_back(prefix + std::to_string(i), "value " + std::to_string(i));
  return made;
}

/// Those that clients send.
inline Pairs request_pairs(int count) { return pairs("x-request-", count); }

/// Echoes with so many headers.
class HeaderedEcho final : public v1::EchoServiceHandler {
 public:
  explicit HeaderedEcho(int count) : pairs_(pairs("x-response-", count)) {}

 private:
  connectrpc::Task<v1::EchoResponse> echo(const v1::EchoRequest& request, connectrpc::Context& context) override {
    for (const auto& [name, value] : pairs_) context.response_headers().set(name, value);
    co_return same(request);
  }

  const Pairs pairs_;
};

}  // namespace bench
