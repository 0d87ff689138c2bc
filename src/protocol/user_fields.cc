// What users set, on its way into heads and trailers.
#include "protocol/user_fields.h"

#include <utility>

#include "connectrpc/detail/headers_access.h"

namespace connectrpc::protocol {

using detail::HeadersAccess;

namespace {

// The name that a place refuses beyond those that all refuse; no field's name is empty.
constexpr std::string_view in_headers;
constexpr std::string_view in_trailers = "date";

bool all_sendable(const Headers& user, std::string_view refused) {
  return HeadersAccess::all_checked(user) && (refused.empty() || !user.contains(refused));
}

void append(Headers& fields, const Headers& user, std::string_view refused) {
  if (all_sendable(user, refused)) {
    HeadersAccess::append_all(fields, user);
    return;
  }
  for (const HeaderView pair : user) {
    if (pair.name != refused && detail::pair_fault(pair.name, pair.value).empty())
      HeadersAccess::append_faultless(fields, pair.name, pair.value);
  }
}

void keep(Headers& user, std::string_view refused) {
  if (all_sendable(user, refused)) return;
  Headers kept;
  append(kept, user, refused);
  user = std::move(kept);
}

}  // namespace

void append_sendable(Headers& fields, const Headers& user) { append(fields, user, in_headers); }
void keep_sendable(Headers& user) { keep(user, in_headers); }
void append_sendable_trailers(Headers& fields, const Headers& user) { append(fields, user, in_trailers); }
void keep_sendable_trailers(Headers& user) { keep(user, in_trailers); }

}  // namespace connectrpc::protocol
