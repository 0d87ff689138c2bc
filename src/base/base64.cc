// Base64, table-driven: three bytes to four characters a step and back.
#include "base/base64.h"

#include <array>
#include <cstdint>

namespace connectrpc::base {
namespace {

constexpr std::string_view standard_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// Above every 24-bit group: a bad character anywhere in a group survives the OR of its four entries.
constexpr std::uint32_t bad = 0x80000000U;

// One table a position, shifted into place, so that a group costs four loads and three ORs.
struct DecodeTable {
  std::array<std::array<std::uint32_t, 256>, 4> at{};

  explicit constexpr DecodeTable(std::string_view alphabet) {
    for (auto& position : at) position.fill(bad);
    for (std::uint32_t value = 0; value < 64; ++value) {
      const auto c = static_cast<unsigned char>(alphabet[value]);
      at[0][c] = value << 18;
      at[1][c] = value << 12;
      at[2][c] = value << 6;
      at[3][c] = value;
    }
  }
};

constexpr DecodeTable standard_table(standard_alphabet);
constexpr DecodeTable url_table(url_alphabet);

std::uint32_t byte(char c) noexcept { return static_cast<unsigned char>(c); }

std::string encode(std::string_view bytes, std::string_view alphabet, bool padded) {
  const char* const digits = alphabet.data();
  std::string text(padded ? (bytes.size() + 2) / 3 * 4 : base64_unpadded_size(bytes.size()), '=');
  const char* in = bytes.data();
  char* out = text.data();
  for (std::size_t groups = bytes.size() / 3; groups != 0; --groups, in += 3, out += 4) {
    const std::uint32_t group = byte(in[0]) << 16 | byte(in[1]) << 8 | byte(in[2]);
    out[0] = digits[group >> 18];
    out[1] = digits[group >> 12 & 63];
    out[2] = digits[group >> 6 & 63];
    out[3] = digits[group & 63];
  }
  if (const std::size_t rest = bytes.size() % 3; rest != 0) {
    const std::uint32_t group = byte(in[0]) << 16 | (rest == 2 ? byte(in[1]) << 8 : 0);
    out[0] = digits[group >> 18];
    out[1] = digits[group >> 12 & 63];
    if (rest == 2) out[2] = digits[group >> 6 & 63];
  }
  return text;
}

// Without correct padding; what is left of a wrong one is a bad character.
std::string_view without_padding(std::string_view text) noexcept {
  if (text.size() % 4 != 0) return text;
  if (text.ends_with("==")) return text.substr(0, text.size() - 2);
  if (text.ends_with('=')) return text.substr(0, text.size() - 1);
  return text;
}

std::uint32_t last_group(const char* in, std::size_t rest, const DecodeTable& table) noexcept {
  if (rest == 0) return 0;
  if (rest == 1) return bad;
  return table.at[0][byte(in[0])] | table.at[1][byte(in[1])] | (rest == 3 ? table.at[2][byte(in[2])] : 0);
}

bool decode(std::string_view padded, const DecodeTable& table, std::string& bytes) {
  const std::string_view text = without_padding(padded);
  const std::size_t rest = text.size() % 4;
  bytes.resize(text.size() / 4 * 3 + (rest == 0 ? 0 : rest - 1));
  const char* in = text.data();
  char* out = bytes.data();
  std::uint32_t seen = 0;
  for (std::size_t groups = text.size() / 4; groups != 0; --groups, in += 4, out += 3) {
    const std::uint32_t group =
        table.at[0][byte(in[0])] | table.at[1][byte(in[1])] | table.at[2][byte(in[2])] | table.at[3][byte(in[3])];
    seen |= group;
    out[0] = static_cast<char>(group >> 16);
    out[1] = static_cast<char>(group >> 8);
    out[2] = static_cast<char>(group);
  }
  const std::uint32_t group = last_group(in, rest, table);
  if (((seen | group) & bad) != 0) {
    bytes.clear();
    return false;
  }
  if (rest >= 2) out[0] = static_cast<char>(group >> 16);
  if (rest == 3) out[1] = static_cast<char>(group >> 8);
  return true;
}

}  // namespace

std::string base64_encode(std::string_view bytes) { return encode(bytes, standard_alphabet, true); }
std::string base64_encode_unpadded(std::string_view bytes) { return encode(bytes, standard_alphabet, false); }
std::string base64url_encode_unpadded(std::string_view bytes) { return encode(bytes, url_alphabet, false); }

bool base64_decode(std::string_view text, std::string& out) { return decode(text, standard_table, out); }
bool base64url_decode(std::string_view text, std::string& out) { return decode(text, url_table, out); }

bool base64_valid(std::string_view text) noexcept {
  text = without_padding(text);
  if (text.size() % 4 == 1) return false;
  std::uint32_t seen = 0;
  for (const char c : text) seen |= standard_table.at[3][byte(c)];
  return (seen & bad) == 0;
}

}  // namespace connectrpc::base
