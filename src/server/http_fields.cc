// Fields as HTTP allows them.
#include "server/http_fields.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "base/ascii.h"
#include "connectrpc/detail/headers_access.h"

namespace connectrpc::server {

namespace {

bool is_token_character(char c) {
  return base::is_digit(c) || (base::to_lower(c) >= 'a' && base::to_lower(c) <= 'z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_value_character(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= 0x20 && byte != 0x7f) || c == '\t';
}

}  // namespace

void check_field(std::string_view name, std::string_view value) {
  if (name.empty() || !std::all_of(name.begin(), name.end(), is_token_character)) {
    throw std::invalid_argument("\"" + std::string(name) + "\" is no name of a field of HTTP");
  }
  if (!std::all_of(value.begin(), value.end(), is_value_character) || base::trim(value) != value) {
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
