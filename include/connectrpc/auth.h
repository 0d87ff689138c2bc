// Who may call: interceptors of a server that look at the header `authorization`.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connectrpc/context.h"
#include "connectrpc/interceptor.h"
#include "connectrpc/task.h"

namespace connectrpc {

struct AuthOptions {
  /// Named in www-authenticate: printable ASCII without '"' and '\'.
  std::string realm = "";
  /// Services ("grpc.health.v1.Health") and methods ("pkg.Service/Method") that need no credentials.
  std::vector<std::string> open = {};
};

/// Whether the bearer of `token` may make the call that `context` knows: its method, its peer with the certificate that
/// TLS has verified (context.peer().tls()->certificate), its headers. Values that it sets are there for the handler. It
/// may throw an Error of its own, such as permission_denied. Called on the loops of the server, on several at once; the
/// views are valid until it ends.
using BearerCheck = std::function<Task<bool>(std::string_view token, Context& context)>;
/// The same for a user and a password.
using BasicCheck = std::function<Task<bool>(std::string_view user, std::string_view password, Context& context)>;

/// One who may come in.
struct Login {
  std::string user;
  std::string password;
};

/// Refuses calls whose bearer token (RFC 6750) is missing, malformed, there twice, or not accepted by `check`: with
/// `unauthenticated` and www-authenticate, before their bodies are read. What was sent is never repeated or logged.
/// std::invalid_argument names an option that is wrong.
std::shared_ptr<Interceptor> bearer_auth(BearerCheck check, AuthOptions options = AuthOptions());
/// With tokens that do not change, compared in constant time.
std::shared_ptr<Interceptor> bearer_auth(std::vector<std::string> tokens, AuthOptions options = AuthOptions());

/// The same with user and password (RFC 7617), in UTF-8.
std::shared_ptr<Interceptor> basic_auth(BasicCheck check, AuthOptions options = AuthOptions());
std::shared_ptr<Interceptor> basic_auth(std::vector<Login> logins, AuthOptions options = AuthOptions());

/// Compares a secret with what somebody sent, in a time that depends on the length of `sent` alone.
bool equal_secrets(std::string_view secret, std::string_view sent) noexcept;

}  // namespace connectrpc
