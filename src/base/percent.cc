// Percent-encoding in one pass a direction.
#include "base/percent.h"

#include <algorithm>
#include <cstddef>

#include "base/ascii.h"

namespace connectrpc::base {
namespace {

constexpr std::string_view hex = "0123456789ABCDEF";

bool plain_in_message(char c) noexcept { return c >= 0x20 && c <= 0x7e && c != '%'; }

bool plain_in_query(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' || c == '_' || c == '.' ||
         c == '~';
}

std::string escape(std::string_view text, bool (*plain)(char) noexcept) {
  std::string escaped;
  escaped.reserve(text.size() + 2 * static_cast<std::size_t>(std::count_if(text.begin(), text.end(),
                                                                           [plain](char c) { return !plain(c); })));
  for (const char c : text) {
    if (plain(c)) {
      escaped += c;
    } else {
      const auto value = static_cast<unsigned char>(c);
      escaped += '%';
      escaped += hex[value >> 4];
      escaped += hex[value & 15];
    }
  }
  return escaped;
}

int hex_value(char c) noexcept {
  if (is_digit(c)) return c - '0';
  c = to_lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// The byte of the escape at `at`, or -1.
int escaped_byte(std::string_view text, std::size_t at) noexcept {
  if (text.size() - at < 3) return -1;
  const int high = hex_value(text[at + 1]);
  const int low = hex_value(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

}  // namespace

std::string percent_encode_message(std::string_view message) {
  // HTTP trims the spaces at the ends of a field.
  const std::size_t begin = std::min(message.find_first_not_of(' '), message.size());
  const std::size_t end = message.find_last_not_of(' ') + 1;
  std::string escaped;
  for (std::size_t i = 0; i < begin; ++i) escaped += "%20";
  if (begin == message.size()) return escaped;
  escaped += escape(message.substr(begin, end - begin), plain_in_message);
  for (std::size_t i = end; i < message.size(); ++i) escaped += "%20";
  return escaped;
}

std::string percent_decode_message(std::string_view text) {
  std::string message;
  message.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int value = text[i] == '%' ? escaped_byte(text, i) : -1;
    if (value < 0) {
      message += text[i];
    } else {
      message += static_cast<char>(value);
      i += 2;
    }
  }
  return message;
}

std::string url_query_escape(std::string_view text) { return escape(text, plain_in_query); }

bool url_query_unescape(std::string_view text, std::string& out) {
  out.clear();
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else if (const int value = escaped_byte(text, i); value >= 0) {
      out += static_cast<char>(value);
      i += 2;
    } else {
      out.clear();
      return false;
    }
  }
  return true;
}

}  // namespace connectrpc::base
