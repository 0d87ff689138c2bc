// Command lines of the benchmark programs: --name VALUE and --flag, each known by name.
#pragma once

#include <charconv>
#include <initializer_list>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace bench {

class Options {
 public:
  /// std::invalid_argument names a word that is neither in `values` nor in `flags`, and a value that is missing.
  Options(int count, char** words, std::initializer_list<std::string_view> values,
          std::initializer_list<std::string_view> flags) {
    for (int i = 1; i < count; ++i) {
      const std::string word = words[i];
      if (contains(flags, word)) {
        given_[word] = "";
      } else if (!contains(values, word)) {
        throw std::invalid_argument("unknown option \"" + word + "\"");
      } else if (i + 1 == count) {
        throw std::invalid_argument(word + " needs a value");
      } else {
        given_[word] = words[++i];
      }
    }
  }

  bool has(const std::string& name) const { return given_.contains(name); }

  std::string text(const std::string& name, std::string otherwise) const {
    const auto found = given_.find(name);
    return found == given_.end() ? std::move(otherwise) : found->second;
  }

  /// std::invalid_argument names a value that is no number from `least` to `most`.
  int number(const std::string& name, int otherwise, int least, int most) const {
    const auto found = given_.find(name);
    if (found == given_.end()) return otherwise;
    const std::string& value = found->second;
    int parsed = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
    if (error != std::errc() || end != value.data() + value.size() || parsed < least || parsed > most) {
      throw std::invalid_argument(name + " takes a number from " + std::to_string(least) + " to " +
                                  std::to_string(most) + ", not \"" + value + "\"");
    }
    return parsed;
  }

 private:
  static bool contains(std::initializer_list<std::string_view> names, std::string_view name) {
    for (const std::string_view each : names)
      if (each == name) return true;
    return false;
  }

  std::map<std::string, std::string> given_;
};

}  // namespace bench
