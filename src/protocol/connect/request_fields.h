// What Connect's requests have in common, unary or not.
#pragma once

#include <optional>
#include <string_view>

#include "connectrpc/error.h"
#include "protocol/header_fields.h"
#include "protocol/settings.h"

namespace connectrpc::protocol {

inline constexpr std::string_view connect_timeout_name = "connect-timeout-ms";
inline constexpr std::string_view connect_version_name = "connect-protocol-version";

/// Code::invalid_argument for another version than 1, or none where the settings require it.
std::optional<Error> version_fault(const Field& version, const ServerSettings& settings);

}  // namespace connectrpc::protocol
