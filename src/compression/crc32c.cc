// CRC-32C, eight bytes a step.
#include "compression/crc32c.h"

#include <array>
#include <cstddef>

namespace connectrpc::compression {
namespace {

constexpr std::uint32_t polynomial = 0x82f63b78U;  // bits reversed

// tables[k][b]: what byte b contributes when k more bytes follow it in the step.
struct Tables {
  std::array<std::array<std::uint32_t, 256>, 8> at{};

  constexpr Tables() {
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
      std::uint32_t sum = byte;
      for (int bit = 0; bit < 8; ++bit) sum = (sum & 1) != 0 ? sum >> 1 ^ polynomial : sum >> 1;
      at[0][byte] = sum;
    }
    for (std::size_t k = 1; k < at.size(); ++k)
      for (std::size_t byte = 0; byte < 256; ++byte) at[k][byte] = at[k - 1][byte] >> 8 ^ at[0][at[k - 1][byte] & 0xff];
  }
};
constexpr Tables tables;

}  // namespace

std::uint32_t crc32c(std::string_view bytes) noexcept {
  std::uint32_t sum = 0xffffffffU;
  const auto byte = [&bytes](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(bytes[i])}; };
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    const std::uint32_t low = sum ^ (byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24);
    sum = tables.at[7][low & 0xff] ^ tables.at[6][low >> 8 & 0xff] ^ tables.at[5][low >> 16 & 0xff] ^
          tables.at[4][low >> 24] ^ tables.at[3][byte(4)] ^ tables.at[2][byte(5)] ^ tables.at[1][byte(6)] ^
          tables.at[0][byte(7)];
  }
  for (; !bytes.empty(); bytes.remove_prefix(1)) sum = sum >> 8 ^ tables.at[0][(sum ^ byte(0)) & 0xff];
  return ~sum;
}

}  // namespace connectrpc::compression
