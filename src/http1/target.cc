// What a request asks for and of whom: the request target and the Host field.
#include "http1/target.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/ascii.h"

namespace connectrpc::http1 {
namespace {

constexpr std::array<bool, 256> make_set(std::string_view others) {
  std::array<bool, 256> set{};
  for (char c = 'a'; c <= 'z'; ++c) set[static_cast<unsigned char>(c)] = true;
  for (char c = 'A'; c <= 'Z'; ++c) set[static_cast<unsigned char>(c)] = true;
  for (char c = '0'; c <= '9'; ++c) set[static_cast<unsigned char>(c)] = true;
  for (const char c : others) set[static_cast<unsigned char>(c)] = true;
  return set;
}
// RFC 9110 §5.6.2 and RFC 3986 §3.2.2.
constexpr std::array<bool, 256> token_characters = make_set("!#$%&'*+-.^_`|~");
constexpr std::array<bool, 256> host_characters = make_set("-._~%!$&'()*+,;=:[]");

bool consists_of(std::string_view text, const std::array<bool, 256>& set) noexcept {
  return std::all_of(text.begin(), text.end(), [&](char c) { return set[static_cast<unsigned char>(c)]; });
}

}  // namespace

bool is_token(std::string_view text) noexcept { return !text.empty() && consists_of(text, token_characters); }

std::string_view host_fault(std::string_view host) noexcept {
  if (!consists_of(host, host_characters)) return "the host has a character that hosts do not have";
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
