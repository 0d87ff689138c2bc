// What users set, on its way into heads and trailers.
#include "protocol/user_fields.h"

#include <utility>

#include "connectrpc/detail/headers_access.h"

namespace connectrpc::protocol {

using detail::HeadersAccess;

void append_sendable(Headers& fields, const Headers& user) {
  if (HeadersAccess::all_checked(user)) {
    HeadersAccess::append_all(fields, user);
    return;
  }
  for (const HeaderView pair : user)
    if (detail::pair_fault(pair.name, pair.value).empty()) HeadersAccess::append(fields, pair.name, pair.value);
}

void keep_sendable(Headers& user) {
  if (HeadersAccess::all_checked(user)) return;
  Headers kept;
  append_sendable(kept, user);
  user = std::move(kept);
}

}  // namespace connectrpc::protocol
