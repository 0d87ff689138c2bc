// --name VALUE and --flag, for programs that only a script calls.
#pragma once

#include <string>
#include <string_view>

inline bool flag(int count, char** words, std::string_view name) {
  for (int i = 1; i < count; ++i)
    if (words[i] == name) return true;
  return false;
}

inline std::string option(int count, char** words, std::string_view name, std::string otherwise) {
  for (int i = 1; i + 1 < count; ++i)
    if (words[i] == name) return words[i + 1];
  return otherwise;
}
