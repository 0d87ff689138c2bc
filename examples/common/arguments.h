// Command lines of the form --name value --flag.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace examples {

/// Looked up by name; the last word may be a flag.
class Arguments {
 public:
  Arguments(int count, char** words) : words_(words + 1, words + count) {}
  /// The word after `name`, or `otherwise`.
  std::string get(std::string_view name, std::string otherwise = "") const {
    for (std::size_t i = 0; i + 1 < words_.size(); ++i)
      if (words_[i] == name) return words_[i + 1];
    return otherwise;
  }
  bool has(std::string_view name) const {
    for (const std::string& word : words_)
      if (word == name) return true;
    return false;
  }

 private:
  std::vector<std::string> words_;
};

}  // namespace examples
