// CRC-32C (Castagnoli), the checksum of Snappy's framing format.
#pragma once

#include <cstdint>
#include <string_view>

namespace connectrpc::compression {

std::uint32_t crc32c(std::string_view bytes) noexcept;

}  // namespace connectrpc::compression
