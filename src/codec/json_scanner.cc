// The tokens of JSON.
#include "codec/json_scanner.h"

#include <charconv>
#include <cstdint>

namespace connectrpc::codec {
namespace {

void append_utf8(std::uint32_t unit, std::string& string) {
  const auto tail = [unit](int shift) { return static_cast<char>(0x80 | (unit >> shift & 0x3f)); };
  if (unit < 0x80) {
    string += static_cast<char>(unit);
  } else if (unit < 0x800) {
    string += static_cast<char>(0xc0 | unit >> 6);
    string += tail(0);
  } else {
    string += static_cast<char>(0xe0 | unit >> 12);
    string += tail(6);
    string += tail(0);
  }
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// Removes the digits that begin `word`; whether there were any.
bool skip_digits(std::string_view& word) noexcept {
  std::size_t size = 0;
  while (size < word.size() && is_digit(word[size])) ++size;
  word.remove_prefix(size);
  return size != 0;
}

}  // namespace

bool JsonScanner::string(std::string& string) {
  if (!take('"')) return false;
  const char* from = at_;
  std::string_view raw;
  if (!raw_string(raw)) return false;
  const void* const backslash = std::memchr(raw.data(), '\\', raw.size());
  if (backslash == nullptr) {
    string.assign(raw);
    return true;
  }
  at_ = static_cast<const char*>(backslash);
  string.assign(from, at_);
  while (at_ != end_ && *at_ != '"') {
    if (*at_ == '\\') {
      if (!escape(string)) return false;
      continue;
    }
    from = at_;
    while (at_ != end_ && *at_ != '"' && *at_ != '\\') ++at_;
    string.append(from, at_);
  }
  return take('"');
}

bool JsonScanner::escape(std::string& string) {
  if (end_ - at_ < 2) return false;
  at_ += 2;
  switch (at_[-1]) {
    case '"': string += '"'; return true;
    case '\\': string += '\\'; return true;
    case '/': string += '/'; return true;
    case 'b': string += '\b'; return true;
    case 'f': string += '\f'; return true;
    case 'n': string += '\n'; return true;
    case 'r': string += '\r'; return true;
    case 't': string += '\t'; return true;
    case 'u': return code_unit(string);
    default: return false;
  }
}

bool JsonScanner::code_unit(std::string& string) {
  if (end_ - at_ < 4) return false;
  std::uint32_t unit = 0;
  const auto read = std::from_chars(at_, at_ + 4, unit, 16);
  if (read.ec != std::errc() || read.ptr != at_ + 4 || (unit >= 0xd800 && unit < 0xe000)) return false;
  at_ += 4;
  append_utf8(unit, string);
  return true;
}

std::string_view JsonScanner::word() noexcept {
  peek();
  const char* const from = at_;
  constexpr std::string_view ends = " \n\r\t,]}";
  while (at_ != end_ && ends.find(*at_) == std::string_view::npos) ++at_;
  return {from, static_cast<std::size_t>(at_ - from)};
}

bool is_json_number(std::string_view word) noexcept {
  if (word.starts_with('-')) word.remove_prefix(1);
  if (word.starts_with('0')) {
    word.remove_prefix(1);
  } else if (!skip_digits(word)) {
    return false;
  }
  if (word.starts_with('.')) {
    word.remove_prefix(1);
    if (!skip_digits(word)) return false;
  }
  if (word.starts_with('e') || word.starts_with('E')) {
    word.remove_prefix(1);
    if (word.starts_with('+') || word.starts_with('-')) word.remove_prefix(1);
    if (!skip_digits(word)) return false;
  }
  return word.empty();
}

}  // namespace connectrpc::codec
