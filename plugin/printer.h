// Writes text with variables and indentation.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace connectrpc::plugin {

/// The names between two `$`, and what stands in their place.
using Variables = std::map<std::string, std::string, std::less<>>;

/// Collects the text of one generated file.
class Printer {
 public:
  /// Appends `text`, each line with the indentation in front, `$name$` replaced. std::logic_error for a name that
  /// `variables` lacks.
  void print(std::string_view text, const Variables& variables = {});
  /// Appends `text` as a line, unread.
  void line(std::string_view text);

  void indent() { indentation_ += "  "; }
  void outdent() { indentation_.resize(indentation_.size() - 2); }

  const std::string& text() const { return text_; }

 private:
  void append(std::string_view text);

  std::string text_;
  std::string indentation_;
};

}  // namespace connectrpc::plugin
