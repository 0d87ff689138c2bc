// Writes text with variables and indentation.
#include "plugin/printer.h"

#include <algorithm>
#include <stdexcept>

namespace connectrpc::plugin {

void Printer::append(std::string_view text) {
  for (const char c : text) {
    if (c != '\n' && (text_.empty() || text_.back() == '\n')) text_ += indentation_;
    text_ += c;
  }
}

void Printer::line(std::string_view text) {
  append(text);
  append("\n");
}

void Printer::print(std::string_view text, const Variables& variables) {
  while (!text.empty()) {
    const std::size_t begin = std::min(text.find('$'), text.size());
    append(text.substr(0, begin));
    text.remove_prefix(begin);
    if (text.empty()) return;
    const std::size_t end = text.find('$', 1);
    const auto found = variables.find(text.substr(1, end - 1));
    if (end == std::string_view::npos || found == variables.end())
      throw std::logic_error("no such variable in a template: " + std::string(text));
    append(found->second);
    text.remove_prefix(end + 1);
  }
}

}  // namespace connectrpc::plugin
