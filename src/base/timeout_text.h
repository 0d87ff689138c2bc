// The text of a timeout on the wire: `grpc-timeout` and `connect-timeout-ms` (metadata.md section 5).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace connectrpc::base {

/// At most eight digits and one of H M S m u n. Empty for anything else; `nanoseconds::max()`, which means no
/// deadline, for more than 100 years.
std::optional<std::chrono::nanoseconds> parse_grpc_timeout(std::string_view text) noexcept;
/// Rounded up, with three significant digits or more; "0n" for zero and less.
std::string print_grpc_timeout(std::chrono::nanoseconds timeout);

/// One to ten digits. Empty for anything else.
std::optional<std::chrono::nanoseconds> parse_connect_timeout_ms(std::string_view text) noexcept;
/// Whole milliseconds, rounded up; 9999999999 (115 days) for all that ten digits cannot say; "0" for zero and less.
std::string print_connect_timeout_ms(std::chrono::nanoseconds timeout);

}  // namespace connectrpc::base
