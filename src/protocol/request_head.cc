// What the heads of our client's requests have in common.
#include "protocol/request_head.h"

#include "connectrpc/detail/headers_access.h"
#include "protocol/user_agent.h"
#include "protocol/user_fields.h"

namespace connectrpc::protocol {

using detail::HeadersAccess;

http::RequestHead make_request_head(const ClientTarget& target, const MethodSpec& method, const Headers& user_headers) {
  // What the protocols add at most.
  constexpr std::size_t own_fields = 8;
  constexpr std::size_t own_bytes = 320;
  http::RequestHead head;
  head.target.reserve(target.prefix.size() + method.path.size());
  head.target.append(target.prefix).append(method.path);
  head.scheme = target.scheme;
  head.authority = target.authority;
  head.version = target.version;
  HeadersAccess::reserve(head.headers, own_fields + user_headers.size(),
                         own_bytes + HeadersAccess::byte_size(user_headers));
  return head;
}

void append_user_headers(Headers& headers, const Headers& user_headers, Protocol protocol) {
  constexpr std::string_view agent_name = "user-agent";
  if (!user_headers.contains(agent_name)) HeadersAccess::append_own(headers, agent_name, user_agent(protocol));
  append_sendable(headers, user_headers);
}

void append_accept(Headers& headers, std::string_view name, const Settings& settings) {
  const std::string& names = settings.compressions->names();
  if (!names.empty()) HeadersAccess::append_own(headers, name, names);
}

}  // namespace connectrpc::protocol
