// What a request asks for and of whom: the request target and the Host field.
#pragma once

#include <string>
#include <string_view>

namespace connectrpc::http1 {

/// Why `host` is not "host" or "host:port", or "" if it may be. An empty one may be.
std::string_view host_fault(std::string_view host) noexcept;

/// Brings the target of a request into origin form: "http://acme.com/a?b" becomes "/a?b", and its authority replaces
/// `authority`, the Host field, as RFC 9112 §3.2.2 wants it. "*" stays as it is, with OPTIONS. Gives why the target
/// is none that a server answers, or "".
std::string_view resolve_target(std::string_view method, std::string& target, std::string& authority);

}  // namespace connectrpc::http1
