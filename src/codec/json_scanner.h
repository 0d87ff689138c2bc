// The tokens of JSON.
#pragma once

#include <cstring>
#include <string>
#include <string_view>

namespace connectrpc::codec {

/// Reads a text in UTF-8 from its beginning. What returns false has found something else, and leaves the scanner
/// anywhere.
class JsonScanner {
 public:
  explicit JsonScanner(std::string_view text) noexcept : at_(text.data()), end_(text.data() + text.size()) {}

  /// The next character that is no blank; NUL at the end.
  char peek() noexcept {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
    return at_ == end_ ? '\0' : *at_;
  }
  bool at_end() noexcept {
    peek();
    return at_ == end_;
  }
  /// Takes `c` if it is next but for blanks.
  bool take(char c) noexcept {
    if (at_ == end_ || (*at_ != c && peek() != c)) return false;
    ++at_;
    return true;
  }
  /// A string without escapes, as it lies in the text.
  bool plain_string(std::string_view& string) noexcept {
    if (!take('"') || !raw_string(string)) return false;
    return std::memchr(string.data(), '\\', string.size()) == nullptr;
  }
  /// Any string but those with escaped surrogates.
  bool string(std::string& string);
  /// Everything up to the next blank, comma or closing bracket: a number or a literal, if it is right.
  std::string_view word() noexcept;

 private:
  // Up to the next quote, whether escaped or not.
  bool raw_string(std::string_view& string) noexcept {
    const void* const quote = at_ == end_ ? nullptr : std::memchr(at_, '"', static_cast<std::size_t>(end_ - at_));
    if (quote == nullptr) return false;
    const auto* const end = static_cast<const char*>(quote);
    string = {at_, static_cast<std::size_t>(end - at_)};
    at_ = end + 1;
    return true;
  }
  bool escape(std::string& string);
  bool code_unit(std::string& string);

  const char* at_;
  const char* end_;
};

/// Whether `word` is a number as RFC 8259 has it.
bool is_json_number(std::string_view word) noexcept;

}  // namespace connectrpc::codec
