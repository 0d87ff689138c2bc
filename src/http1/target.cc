// What a request asks for and of whom: the request target and the Host field.
#include "http1/target.h"

#include <algorithm>
#include <cstddef>

#include "base/ascii.h"
#include "base/character_set.h"

namespace connectrpc::http1 {

std::string_view host_fault(std::string_view host) noexcept {
  if (!base::host_characters.has_all(host)) return "the host has a character that hosts do not have";
  return {};
}

std::string_view resolve_target(std::string_view method, std::string& target, std::string& authority) {
  if (target.starts_with('/')) return {};
  if (target == "*") {
    if (method == "OPTIONS") return {};
    return "the target \"*\" is for OPTIONS only";
  }
  const std::string_view text = target;
  std::size_t skip = 0;
  if (base::starts_with_lower(text, "http://")) skip = 7;
  if (base::starts_with_lower(text, "https://")) skip = 8;
  if (skip == 0) return "the request target is neither a path nor an http URL";

  const std::size_t end = std::min(text.find_first_of("/?#", skip), text.size());
  const std::string_view host = text.substr(skip, end - skip);
  if (host.empty()) return "the request target has no host";
  if (const std::string_view fault = host_fault(host); !fault.empty()) return fault;
  authority = host;
  target.erase(0, end);
  if (!target.starts_with('/')) target.insert(target.begin(), '/');
  return {};
}

}  // namespace connectrpc::http1
