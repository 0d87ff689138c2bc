// Fields as HTTP allows them.
#include "server/http_fields.h"

#include <stdexcept>
#include <string>

#include "base/ascii.h"
#include "base/character_set.h"
#include "connectrpc/detail/headers_access.h"

namespace connectrpc::server {

void check_field(std::string_view name, std::string_view value) {
  if (!base::is_token(name)) {
    throw std::invalid_argument("\"" + std::string(name) + "\" is no name of a field of HTTP");
  }
  if (!base::is_field_value(value) || base::trim(value) != value) {
    throw std::invalid_argument("the value of the field \"" + std::string(name) +
                                "\" has a control character, or a space at its ends");
  }
}

void add_field(Headers& headers, std::string_view name, std::string_view value) {
  check_field(name, value);
  detail::HeadersAccess::append(headers, name, value);
}

void set_field(Headers& headers, std::string_view name, std::string_view value) {
  check_field(name, value);
  headers.erase(name);
  detail::HeadersAccess::append(headers, name, value);
}

}  // namespace connectrpc::server
