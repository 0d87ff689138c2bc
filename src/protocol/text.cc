// Texts for people and for the wire.
#include "protocol/text.h"

#include <cstddef>

#include "base/utf8.h"

namespace connectrpc::protocol {
namespace {

constexpr std::string_view hex = "0123456789abcdef";
constexpr std::string_view replacement = "\xef\xbf\xbd";

bool needs_escape(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  const auto value = static_cast<unsigned char>(c);
  out += "\\u00";
  out += hex[value >> 4];
  out += hex[value & 15];
}

}  // namespace

std::string quote(std::string_view text) {
  constexpr std::size_t most_shown = 64;
  std::string out = "\"";
  for (const char c : text.substr(0, most_shown)) {
    if (c >= 0x20 && c <= 0x7e && c != '"' && c != '\\') {
      out += c;
    } else {
      const auto value = static_cast<unsigned char>(c);
      out += {'\\', 'x', hex[value >> 4], hex[value & 15]};
    }
  }
  return out += text.size() > most_shown ? "…\"" : "\"";
}

std::string to_utf8(std::string_view text) {
  if (base::is_valid_utf8(text)) return std::string(text);
  std::string out;
  while (!text.empty()) {
    std::size_t size = 1;
    while (size <= 4 && size <= text.size() && !base::is_valid_utf8(text.substr(0, size))) ++size;
    if (size <= 4 && size <= text.size()) {
      out += text.substr(0, size);
    } else {
      out += replacement;
      size = 1;
    }
    text.remove_prefix(size);
  }
  return out;
}

void append_json_string(std::string& out, std::string_view text) {
  std::string repaired;
  if (!base::is_valid_utf8(text)) text = repaired = to_utf8(text);
  out += '"';
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!needs_escape(text[i])) continue;
    out += text.substr(plain, i - plain);
    append_escaped(out, text[i]);
    plain = i + 1;
  }
  out += text.substr(plain);
  out += '"';
}

}  // namespace connectrpc::protocol
