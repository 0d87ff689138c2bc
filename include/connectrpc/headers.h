// Request headers, response headers, trailers and error metadata: one type for all of them.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace google::protobuf {
class MessageLite;
}

namespace connectrpc {

template <class T>
class Result;
class Error;

namespace detail {
class HeadersAccess;
enum class Checked : std::uint8_t;
}  // namespace detail

/// A name and a value as users spell them; checked when it enters a Headers.
struct Header {
  // A constrained template: with plain string_view parameters a third brace would pick string_view's iterator
  // constructor and read out of bounds.
  template <class Name, class Value>
    requires std::convertible_to<const Name&, std::string_view> && std::convertible_to<const Value&, std::string_view>
  Header(const Name& n, const Value& v) : name(std::string_view(n)), value(std::string_view(v)) {}

  std::string name;
  std::string value;
};

/// A pair inside a Headers: views that live until its next change.
struct HeaderView {
  std::string_view name;
  std::string_view value;
  friend bool operator==(const HeaderView&, const HeaderView&) = default;
};

/// Any range of things with `first` and `second`, such as a std::map or a vector of pairs.
template <class Range>
concept HeaderRange = std::ranges::input_range<Range> &&
                      requires(std::ranges::range_reference_t<Range> pair) { Header(pair.first, pair.second); };

/// An ordered multimap of names and values, the metadata of a call. Names compare without regard to ASCII case and
/// iterate in lower case; pairs keep their order.
///
/// Names are ASCII letters, digits, `_`, `-`, `.`; text values are printable ASCII and inner spaces; names that the
/// protocols use are refused. Whatever else is set throws std::invalid_argument naming the key and the rule, and leaves
/// the object as it was. A name that ends in "-bin" holds bytes (see set_binary).
///
/// Response headers that have been sent are frozen: changing them throws std::logic_error. Copies are not frozen.
///
/// Look-ups allocate nothing. Views stay valid until the next change; what returns one is deleted on temporaries.
/// A value type; one object must not be changed and used from two threads at once.
///
/// The pairs lie one behind the other in one block, so that up to eight ordinary ones cost one allocation.
class Headers {
 public:
  class Iterator;
  using value_type = HeaderView;
  using const_iterator = Iterator;

  // Fixed arity in place of std::initializer_list, which GCC 12 cannot compile inside co_await.
  Headers() noexcept {}
  Headers(const Header& a) { append(a); }
  Headers(const Header& a, const Header& b) { append(a, b); }
  Headers(const Header& a, const Header& b, const Header& c) { append(a, b, c); }
  Headers(const Header& a, const Header& b, const Header& c, const Header& d) { append(a, b, c, d); }
  Headers(const Header& a, const Header& b, const Header& c, const Header& d, const Header& e) {
    append(a, b, c, d, e);
  }
  Headers(const Header& a, const Header& b, const Header& c, const Header& d, const Header& e, const Header& f) {
    append(a, b, c, d, e, f);
  }
  Headers(const Header& a, const Header& b, const Header& c, const Header& d, const Header& e, const Header& f,
          const Header& g) {
    append(a, b, c, d, e, f, g);
  }
  Headers(const Header& a, const Header& b, const Header& c, const Header& d, const Header& e, const Header& f,
          const Header& g, const Header& h) {
    append(a, b, c, d, e, f, g, h);
  }
  // One template for every range of pairs: a std::map parameter would make {{"a", "b"}} ambiguous.
  template <class Range>
    requires(HeaderRange<Range> && !std::same_as<std::remove_cvref_t<Range>, Headers>)
  Headers(Range&& pairs) {
    for (const auto& [name, value] : pairs) add(name, value);
  }
  Headers(const Headers& other);
  Headers(Headers&& other) noexcept;
  Headers& operator=(const Headers& other);
  Headers& operator=(Headers&& other);  // NOLINT(performance-noexcept-move-constructor): frozen ones throw
  ~Headers();

  /// The first value, or nothing.
  std::optional<std::string_view> get(std::string_view name) const& noexcept;
  std::optional<std::string_view> get(std::string_view name) const&& = delete;
  /// The first value, or "". Never inserts.
  std::string_view operator[](std::string_view name) const& noexcept;
  std::string_view operator[](std::string_view name) const&& = delete;
  bool contains(std::string_view name) const noexcept;
  /// Every value of the name, in order.
  std::vector<std::string_view> get_all(std::string_view name) const&;
  std::vector<std::string_view> get_all(std::string_view name) const&& = delete;

  /// Replaces all values of the name by one, at the first one's place. For a "-bin" name the text must be base64.
  void set(std::string_view name, std::string_view value);
  /// Appends a pair.
  void add(std::string_view name, std::string_view value);
  /// set and add that say by value what is wrong: Code::invalid_argument.
  Result<void> try_set(std::string_view name, std::string_view value);
  Result<void> try_add(std::string_view name, std::string_view value);
  /// Removes all values of the name; how many there were.
  std::size_t erase(std::string_view name);
  void clear();

  /// Bytes under a name that ends in "-bin", encoded as unpadded base64.
  void set_binary(std::string_view name, std::string_view bytes);
  void set_binary(std::string_view name, std::span<const std::byte> bytes);
  void add_binary(std::string_view name, std::string_view bytes);
  void add_binary(std::string_view name, std::span<const std::byte> bytes);
  /// The first value's bytes. Absent: an empty optional. Not base64: an error of this look-up alone.
  Result<std::optional<std::string>> get_binary(std::string_view name) const;
  /// Every value's bytes; a comma-joined value is several values.
  Result<std::vector<std::string>> get_all_binary(std::string_view name) const;
  /// A protobuf message under a name that ends in "-bin".
  void set_message(std::string_view name, const google::protobuf::MessageLite& message);
  /// The first value parsed as T. Absent: an empty optional. Not base64 or not a T: an error of this look-up alone.
  template <class T>
  Result<std::optional<T>> get_message(std::string_view name) const;

  /// How many pairs.
  std::size_t size() const noexcept { return count_; }
  bool empty() const noexcept { return count_ == 0; }
  Iterator begin() const& noexcept;
  Iterator end() const& noexcept;
  Iterator begin() const&& = delete;
  Iterator end() const&& = delete;

  /// Same names, each with the same values in the same order; the order of different names does not count.
  friend bool operator==(const Headers& a, const Headers& b);

 private:
  friend class detail::HeadersAccess;

  template <class... H>
  void append(const H&... header) {
    (add(header.name, header.value), ...);
  }
  [[noreturn]] static void refuse_change();
  bool get_message_into(std::string_view name, google::protobuf::MessageLite& message,
                        std::optional<Error>& error) const;

  struct FreeBlock {
    void operator()(char* block) const noexcept;
  };
  using Block = std::unique_ptr<char[], FreeBlock>;

  Block block_;
  std::uint32_t used_ = 0;
  std::uint32_t capacity_ = 0;
  std::uint32_t count_ = 0;
  // How far the worst pair was checked: what is sent needs a second look only where that is not enough.
  detail::Checked checked_{};
  bool frozen_ = false;
};

/// Walks the pairs in order; gives HeaderView by value.
class Headers::Iterator {
 public:
  using value_type = HeaderView;
  using difference_type = std::ptrdiff_t;
  using iterator_concept = std::forward_iterator_tag;
  using iterator_category = std::input_iterator_tag;
  using reference = HeaderView;
  using pointer = void;

  Iterator() = default;
  HeaderView operator*() const noexcept;
  Iterator& operator++() noexcept;
  Iterator operator++(int) noexcept {
    Iterator before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const Iterator&, const Iterator&) = default;

 private:
  friend class Headers;
  explicit Iterator(const char* at) : at_(at) {}
  const char* at_ = nullptr;
};

/// Base64 without padding, standard alphabet: the text of a "-bin" header.
std::string encode_binary_header(std::string_view bytes);
std::string encode_binary_header(std::span<const std::byte> bytes);
/// The bytes of one "-bin" value, padded or not. Any other alphabet, or a length that base64 never has, is
/// Code::invalid_argument.
Result<std::string> decode_binary_header(std::string_view text);

}  // namespace connectrpc

#include "connectrpc/detail/headers_inl.h"
