// Reading JSON (RFC 8259) without building a tree.
#include "protocol/json_reader.h"

#include "base/ascii.h"
#include "base/utf8.h"
#include "protocol/text.h"

namespace connectrpc::protocol {
namespace {

bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

void append_code_point(std::string& out, unsigned code_point) {
  const auto put = [&out](unsigned byte) { out += static_cast<char>(byte); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xc0 | code_point >> 6);
    put(0x80 | (code_point & 0x3f));
  } else if (code_point < 0x10000) {
    put(0xe0 | code_point >> 12);
    put(0x80 | (code_point >> 6 & 0x3f));
    put(0x80 | (code_point & 0x3f));
  } else {
    put(0xf0 | code_point >> 18);
    put(0x80 | (code_point >> 12 & 0x3f));
    put(0x80 | (code_point >> 6 & 0x3f));
    put(0x80 | (code_point & 0x3f));
  }
}

constexpr unsigned replacement = 0xfffd;
constexpr bool is_high_surrogate(unsigned unit) noexcept { return unit >= 0xd800 && unit <= 0xdbff; }
constexpr bool is_low_surrogate(unsigned unit) noexcept { return unit >= 0xdc00 && unit <= 0xdfff; }

}  // namespace

char JsonReader::peek() noexcept {
  while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
  return rest_.empty() ? '\0' : rest_.front();
}

bool JsonReader::take(char c) noexcept {
  if (peek() != c || rest_.empty()) return false;
  rest_.remove_prefix(1);
  return true;
}

bool JsonReader::take_word(std::string_view word) noexcept {
  if (!rest_.starts_with(word)) return fail();
  rest_.remove_prefix(word.size());
  return true;
}

bool JsonReader::take_digits() noexcept {
  if (rest_.empty() || !base::is_digit(rest_.front())) return fail();
  while (!rest_.empty() && base::is_digit(rest_.front())) rest_.remove_prefix(1);
  return true;
}

bool JsonReader::skip_number() noexcept {
  if (rest_.starts_with('-')) rest_.remove_prefix(1);
  if (rest_.starts_with('0')) {
    rest_.remove_prefix(1);
  } else if (!take_digits()) {
    return false;
  }
  if (rest_.starts_with('.')) {
    rest_.remove_prefix(1);
    if (!take_digits()) return false;
  }
  if (rest_.starts_with('e') || rest_.starts_with('E')) {
    rest_.remove_prefix(1);
    if (rest_.starts_with('+') || rest_.starts_with('-')) rest_.remove_prefix(1);
    return take_digits();
  }
  return true;
}

bool JsonReader::read_hex(unsigned& unit) noexcept {
  if (rest_.size() < 4) return fail();
  unit = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = base::to_lower(rest_[static_cast<std::size_t>(i)]);
    if (base::is_digit(c)) {
      unit = unit * 16 + static_cast<unsigned>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      unit = unit * 16 + static_cast<unsigned>(c - 'a' + 10);
    } else {
      return fail();
    }
  }
  rest_.remove_prefix(4);
  return true;
}

bool JsonReader::read_escape(std::string& out) {
  if (rest_.empty()) return fail();
  const char c = rest_.front();
  rest_.remove_prefix(1);
  switch (c) {
    case '"':
    case '\\':
    case '/': out += c; return true;
    case 'b': out += '\b'; return true;
    case 'f': out += '\f'; return true;
    case 'n': out += '\n'; return true;
    case 'r': out += '\r'; return true;
    case 't': out += '\t'; return true;
    case 'u': break;
    default: return fail();
  }
  unsigned unit;
  if (!read_hex(unit)) return false;
  if (is_high_surrogate(unit) && rest_.starts_with("\\u")) {
    const std::string_view before = rest_;
    rest_.remove_prefix(2);
    unsigned low;
    if (!read_hex(low)) return false;
    if (is_low_surrogate(low)) {
      append_code_point(out, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
      return true;
    }
    rest_ = before;
  }
  append_code_point(out, is_high_surrogate(unit) || is_low_surrogate(unit) ? replacement : unit);
  return true;
}

bool JsonReader::read_string(std::string& out) {
  out.clear();
  if (!take('"')) return fail();
  for (;;) {
    std::size_t plain = 0;
    while (plain < rest_.size() && rest_[plain] != '"' && rest_[plain] != '\\' &&
           static_cast<unsigned char>(rest_[plain]) >= 0x20)
      ++plain;
    out += rest_.substr(0, plain);
    rest_.remove_prefix(plain);
    if (rest_.starts_with('"')) break;
    if (!rest_.starts_with('\\')) return fail();
    rest_.remove_prefix(1);
    if (!read_escape(out)) return false;
  }
  rest_.remove_prefix(1);
  if (!base::is_valid_utf8(out)) out = to_utf8(out);
  return true;
}

bool JsonReader::skip_string() {
  std::string ignored;
  return read_string(ignored);
}

bool JsonReader::skip() {
  switch (peek()) {
    case '{': return read_object([this](std::string_view) { return skip(); });
    case '[': return read_array([this] { return skip(); });
    case '"': return skip_string();
    case 't': return take_word("true");
    case 'f': return take_word("false");
    case 'n': return take_word("null");
    case '\0': return fail();
    default: return skip_number();
  }
}

}  // namespace connectrpc::protocol
