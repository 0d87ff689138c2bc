// Strings and numbers as protobuf's JSON writes them.
#include "codec/json_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <limits>

#include "base/utf8.h"

namespace connectrpc::codec {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

struct CodePoints {
  char32_t first;
  char32_t last;
};

// What protobuf escapes above ASCII: controls, and formats that would change how the text around them is shown.
constexpr CodePoints escaped[] = {
    {0x80, 0x9f},     {0xad, 0xad},     {0x600, 0x603},     {0x6dd, 0x6dd},     {0x70f, 0x70f},
    {0x17b4, 0x17b5}, {0x200b, 0x200f}, {0x2028, 0x202e},   {0x2060, 0x2064},   {0x206a, 0x206f},
    {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0x1d173, 0x1d17a}, {0xe0001, 0xe0001}, {0xe0020, 0xe007f},
};

bool is_escaped(char32_t code_point) noexcept {
  return std::ranges::any_of(
      escaped, [code_point](CodePoints range) { return range.first <= code_point && code_point <= range.last; });
}

// Bytes that stand for themselves wherever they are.
constexpr std::array<bool, 256> plain = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 0x20; c < 0x7f; ++c) table[c] = c != '"' && c != '\\' && c != '<' && c != '>';
  return table;
}();

constexpr std::size_t plain_size(std::string_view text) noexcept {
  std::size_t i = 0;
  while (i < text.size() && plain[static_cast<unsigned char>(text[i])]) ++i;
  return i;
}

constexpr std::size_t size_of_code_point(unsigned char first) noexcept {
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

char32_t code_point_at(std::string_view text) noexcept {
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t size = size_of_code_point(first);
  char32_t code_point = first & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) code_point = code_point << 6 | (static_cast<unsigned char>(text[i]) & 0x3fU);
  return code_point;
}

void append_unit(char32_t unit, std::string& out) {
  const char escape[] = {'\\',
                         'u',
                         hex_digits[unit >> 12 & 15],
                         hex_digits[unit >> 8 & 15],
                         hex_digits[unit >> 4 & 15],
                         hex_digits[unit & 15]};
  out.append(escape, sizeof escape);
}

void append_escape(char32_t code_point, std::string& out) {
  if (code_point < 0x10000) return append_unit(code_point, out);
  append_unit(0xd800 + ((code_point - 0x10000) >> 10), out);
  append_unit(0xdc00 + ((code_point - 0x10000) & 0x3ff), out);
}

void append_ascii(char c, std::string& out) {
  switch (c) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\b': out += "\\b"; break;
    case '\f': out += "\\f"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    default: append_escape(static_cast<unsigned char>(c), out);
  }
}

// Appends the code point that begins `text`, which is not plain, and gives its size.
std::size_t append_code_point(std::string_view text, std::string& out) {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) {
    append_ascii(text.front(), out);
    return 1;
  }
  const std::size_t size = size_of_code_point(first);
  const char32_t code_point = code_point_at(text);
  if (is_escaped(code_point)) {
    append_escape(code_point, out);
  } else {
    out.append(text.substr(0, size));
  }
  return size;
}

// protobuf reads a float that it has printed with strtof, which reports these as out of range.
bool needs_all_digits(float number) noexcept { return std::fpclassify(number) == FP_SUBNORMAL; }
bool needs_all_digits(double) noexcept { return false; }

// What protobuf does with printf's %g: the digits that are always exact, or as many as tell all numbers apart.
template <class Number>
void append_number(Number number, std::string& out) {
  if (std::isnan(number)) {
    out += "\"NaN\"";
    return;
  }
  if (std::isinf(number)) {
    out += number < 0 ? "\"-Infinity\"" : "\"Infinity\"";
    return;
  }
  std::array<char, 40> digits;
  char* const begin = digits.data();
  char* const end = begin + digits.size();
  auto printed = std::to_chars(begin, end, number, std::chars_format::general, std::numeric_limits<Number>::digits10);
  Number back = 0;
  if (needs_all_digits(number) || std::from_chars(begin, printed.ptr, back).ec != std::errc() || back != number)
    printed = std::to_chars(begin, end, number, std::chars_format::general, std::numeric_limits<Number>::max_digits10);
  out.append(begin, printed.ptr);
}

}  // namespace

bool append_json_text(std::string_view text, std::string& out) {
  out += '"';
  std::size_t size = plain_size(text);
  out.append(text.substr(0, size));
  text.remove_prefix(size);
  if (!text.empty() && !base::is_valid_utf8(text)) return false;
  while (!text.empty()) {
    text.remove_prefix(append_code_point(text, out));
    size = plain_size(text);
    out.append(text.substr(0, size));
    text.remove_prefix(size);
  }
  out += '"';
  return true;
}

void append_json_number(double number, std::string& out) { append_number(number, out); }
void append_json_number(float number, std::string& out) { append_number(number, out); }

}  // namespace connectrpc::codec
