// Reading JSON (RFC 8259) without building a tree.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace connectrpc::protocol {

/// Reads values in the order of the text. Every member is false where the text breaks the grammar, and false from then
/// on. Allocates for strings only; nesting is bounded. protobuf's own JSON would build a tree that must hold what we
/// skip (its depth limit would then turn an error with a deep detail into another error), and differs by version.
class JsonReader {
 public:
  explicit JsonReader(std::string_view text) noexcept : rest_(text) {}

  /// The first character of the next value, which tells its kind; '\0' at the end.
  char peek() noexcept;
  /// Calls member(name) for each; it must read the value, and stops the walk by false.
  template <class Member>
  bool read_object(Member member);
  /// Calls element() for each; it must read the value, and stops the walk by false.
  template <class Element>
  bool read_array(Element element);
  /// Lone surrogates and what is not UTF-8 become U+FFFD.
  bool read_string(std::string& out);
  /// Any value.
  bool skip();
  /// Whether nothing but blanks follows.
  bool at_end() noexcept { return peek() == '\0' && rest_.empty(); }

 private:
  // Far above what people write; each level of skip() takes a stack frame.
  static constexpr int most_nesting = 200;

  bool take(char c) noexcept;
  bool take_word(std::string_view word) noexcept;
  bool take_digits() noexcept;
  bool skip_number() noexcept;
  bool skip_string();
  bool read_escape(std::string& out);
  bool read_hex(unsigned& unit) noexcept;
  bool enter() noexcept { return ++nesting_ <= most_nesting; }
  bool leave() noexcept {
    --nesting_;
    return true;
  }
  bool fail() noexcept {
    rest_ = "!";  // no value begins with it
    return false;
  }

  std::string_view rest_;
  int nesting_ = 0;
};

template <class Member>
bool JsonReader::read_object(Member member) {
  if (!take('{') || !enter()) return fail();
  if (take('}')) return leave();
  std::string name;
  do {
    if (peek() != '"' || !read_string(name) || !take(':') || !member(std::string_view(name))) return fail();
  } while (take(','));
  return take('}') ? leave() : fail();
}

template <class Element>
bool JsonReader::read_array(Element element) {
  if (!take('[') || !enter()) return fail();
  if (take(']')) return leave();
  do {
    if (!element()) return fail();
  } while (take(','));
  return take(']') ? leave() : fail();
}

}  // namespace connectrpc::protocol
