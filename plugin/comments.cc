// Proto comments as C++ comments.
#include "plugin/comments.h"

#include <algorithm>
#include <cstddef>

namespace connectrpc::plugin {
namespace {

// The length of the UTF-8 character at the start of `text`, 0 if there is none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  // Overlong forms, surrogates, and what lies beyond U+10FFFF.
  if ((first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f) || (first == 0xf0 && byte(1) < 0x90) ||
      (first == 0xf4 && byte(1) > 0x8f))
    return 0;
  return length;
}

// U+202A to U+202E and U+2066 to U+2069: compilers warn of them, readers are misled by them.
bool turns_direction(std::string_view character) {
  return (character >= "\u202a" && character <= "\u202e") || (character >= "\u2066" && character <= "\u2069");
}

std::string clean(std::string_view line) {
  std::string result;
  while (!line.empty()) {
    const std::size_t length = utf8_length(line);
    const std::string_view character = line.substr(0, std::max<std::size_t>(length, 1));
    line.remove_prefix(character.size());
    if (length == 0)
      result += "\ufffd";
    else if (length == 1 && (static_cast<unsigned char>(character[0]) < 0x20 || character[0] == 0x7f))
      result += ' ';
    else if (!turns_direction(character))
      result += character;
  }
  result.erase(result.find_last_not_of(' ') + 1);
  // A backslash at the end would draw the next line into the comment.
  if (result.ends_with('\\')) result.replace(result.size() - 1, 1, "&#92;");
  if (result.ends_with("?\?/")) result.replace(result.size() - 1, 1, "&#47;");
  return result;
}

}  // namespace

std::vector<std::string> comment_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find_first_of("\r\n");
    lines.push_back(clean(text.substr(0, end)));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + (text.substr(end, 2) == "\r\n" ? 2 : 1));
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  lines.erase(lines.begin(), std::ranges::find_if(lines, [](const std::string& line) { return !line.empty(); }));
  // protoc keeps the blank between the slashes and the text.
  if (std::ranges::all_of(lines, [](const std::string& line) { return line.empty() || line.front() == ' '; }))
    for (std::string& line : lines) line.erase(0, 1);
  return lines;
}

}  // namespace connectrpc::plugin
