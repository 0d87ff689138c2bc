// Messages in the form that travels: limits and compression.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "connectrpc/error.h"
#include "connectrpc/result.h"
#include "protocol/envelope.h"
#include "protocol/settings.h"

namespace connectrpc::protocol {

/// How large a message may be before it is unpacked: what does not compress grows, by a sixth in the worst format.
constexpr std::size_t packed_limit(std::size_t limit) noexcept {
  const std::size_t more = limit / 6 + 1024;
  return limit > static_cast<std::size_t>(-1) - more ? limit : limit + more;
}

/// For what the protocols themselves send, errors and trailers, whatever the limit of messages.
constexpr std::size_t control_limit(const Settings& settings) noexcept {
  constexpr std::size_t least = 64 * 1024;
  return settings.receive_limit < least ? least : settings.receive_limit;
}

EnvelopeReader::Limits envelope_limits(const Settings& settings) noexcept;

/// "the message has more than the 4194304 bytes …"; `size` 0: not known.
Error receive_limit_error(std::uint64_t size, std::size_t limit);

/// Unpacks `payload` into `out`, which it replaces. `broken` is the code for what is not of the format.
std::optional<Error> unpack(const Compression& compression, std::string_view payload, std::size_t limit, Code broken,
                            std::string& out);

/// Whether a message of this size is to be compressed.
constexpr bool worth_packing(const Settings& settings, const Compression* compression, std::size_t size) noexcept {
  return compression != nullptr && size >= settings.compress_min_bytes;
}

/// Code::resource_exhausted if the message may not be sent.
Result<void> check_send_limit(const Settings& settings, std::size_t size);

/// Makes an envelope of what stands in `body` from `at` on, its prefix left free and a message, which is compressed
/// where that is worth it. Cuts it off where it may not be sent.
Result<void> pack_envelope(const Settings& settings, const Compression* compression, std::string& body,
                           std::size_t at = 0);

}  // namespace connectrpc::protocol
