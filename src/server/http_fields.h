// Fields as HTTP allows them, for code that sets any of them.
#pragma once

#include <string_view>

#include "connectrpc/headers.h"

namespace connectrpc::server {

/// std::invalid_argument if HTTP does not allow the name or the value (RFC 9110 section 5).
void check_field(std::string_view name, std::string_view value);

/// Appends a pair that may have any name. Checked.
void add_field(Headers& headers, std::string_view name, std::string_view value);
/// The same in place of all values of the name.
void set_field(Headers& headers, std::string_view name, std::string_view value);

}  // namespace connectrpc::server
