// UTF-8 checking (RFC 3629).
#pragma once

#include <string_view>

namespace connectrpc::base {

/// Whether `text` is UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_valid_utf8(std::string_view text) noexcept;

}  // namespace connectrpc::base
