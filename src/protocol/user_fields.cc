// What users set, on its way into heads and trailers.
#include "protocol/user_fields.h"

#include <utility>

#include "connectrpc/detail/headers_access.h"

namespace connectrpc::protocol {

using detail::HeadersAccess;

namespace {

constexpr std::string_view date_name = "date";

bool sendable_in_trailers(const Headers& user) { return HeadersAccess::all_checked(user) && !user.contains(date_name); }

}  // namespace

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

void append_sendable_trailers(Headers& fields, const Headers& user) {
  if (sendable_in_trailers(user)) {
    HeadersAccess::append_all(fields, user);
    return;
  }
  for (const HeaderView pair : user) {
    if (pair.name != date_name && detail::pair_fault(pair.name, pair.value).empty())
      HeadersAccess::append(fields, pair.name, pair.value);
  }
}

void keep_sendable_trailers(Headers& user) {
  if (sendable_in_trailers(user)) return;
  Headers kept;
  append_sendable_trailers(kept, user);
  user = std::move(kept);
}

}  // namespace connectrpc::protocol
