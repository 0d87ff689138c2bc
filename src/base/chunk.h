// Names and values of headers, sixteen characters at a time: they are short, and a call has dozens of them.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace connectrpc::base {

/// Sixteen characters. Operators work on each; the compilers make single instructions of them.
using Chunk [[gnu::vector_size(16)]] = unsigned char;

constexpr Chunk each(unsigned char c) noexcept { return Chunk{c, c, c, c, c, c, c, c, c, c, c, c, c, c, c, c}; }

namespace chunk {

using Words [[gnu::vector_size(16)]] = std::uint64_t;

template <class T>
T load(const char* at) noexcept {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <class T>
void store(char* at, T value) noexcept {
  std::memcpy(at, &value, sizeof value);
}

inline Chunk join(std::uint64_t low, std::uint64_t high) noexcept { return reinterpret_cast<Chunk>(Words{low, high}); }

/// 1 to 15 characters, some of them repeated so that they fill a chunk.
[[gnu::always_inline]] inline Chunk fill(std::string_view text) noexcept {
  const char* const first = text.data();
  const char* const end = first + text.size();
  if (text.size() >= 8) return join(load<std::uint64_t>(first), load<std::uint64_t>(end - 8));
  std::uint64_t low = 0;
  if (text.size() >= 4) {
    low = load<std::uint32_t>(first) | std::uint64_t{load<std::uint32_t>(end - 4)} << 32;
  } else {
    const std::uint64_t begin = static_cast<unsigned char>(*first);
    const std::uint64_t middle = static_cast<unsigned char>(first[text.size() / 2]);
    const std::uint64_t last = static_cast<unsigned char>(end[-1]);
    low = (begin | middle << 8 | last << 16 | last << 24) * 0x100000001U;
  }
  return join(low, low);
}

/// Whether any bit is set.
template <class Mask>
bool any(Mask mask) noexcept {
  const auto words = reinterpret_cast<Words>(mask);
  return (words[0] | words[1]) != 0;
}

/// The first character that a mask says something of, which one must be.
template <class Mask>
std::size_t first(Mask mask) noexcept {
  const auto words = reinterpret_cast<Words>(mask);
  const auto before = [](std::uint64_t word) {
    return static_cast<std::size_t>(std::endian::native == std::endian::little ? std::countr_zero(word)
                                                                               : std::countl_zero(word)) /
           8;
  };
  return words[0] != 0 ? before(words[0]) : 8 + before(words[1]);
}

template <class AreBad>
[[gnu::noinline]] bool none_of_many(std::string_view text, AreBad are_bad) noexcept {
  const std::size_t last = text.size() - sizeof(Chunk);
  for (std::size_t at = 0; at < last; at += sizeof(Chunk))
    if (any(are_bad(load<Chunk>(text.data() + at)))) return false;
  return !any(are_bad(load<Chunk>(text.data() + last)));  // overlaps the one before
}

}  // namespace chunk

/// Whether `are_bad` gives a mask of zeros for all of `text`.
template <class AreBad>
[[gnu::always_inline]] inline bool none_of(std::string_view text, AreBad are_bad) noexcept {
  if (text.size() >= sizeof(Chunk)) return chunk::none_of_many(text, are_bad);
  return text.empty() || !chunk::any(are_bad(chunk::fill(text)));
}

/// Those between `first` and `last`, as a mask.
inline auto are_between(Chunk characters, unsigned char first, unsigned char last) noexcept {
  return characters - each(first) <= each(static_cast<unsigned char>(last - first));
}

/// Those below 0x20, and 0x7f, as a mask.
inline auto are_controls(Chunk characters) noexcept { return (characters < each(0x20)) | (characters == each(0x7f)); }

/// ASCII letters in lower case.
inline Chunk lower(Chunk characters) noexcept {
  return characters | (reinterpret_cast<Chunk>(are_between(characters, 'A', 'Z')) & each('a' - 'A'));
}

namespace chunk {

// By chunks, the last of which overlaps the one before; less than one by halves that overlap.
template <class Change>
[[gnu::always_inline]] inline void copy(char* to, std::string_view text, Change&& change) noexcept {
  const char* const from = text.data();
  char* const end = to + text.size();
  if (text.size() >= sizeof(Chunk)) {
    const std::size_t last = text.size() - sizeof(Chunk);
    for (std::size_t at = 0; at < last; at += sizeof(Chunk)) store(to + at, change(load<Chunk>(from + at)));
    store(to + last, change(load<Chunk>(from + last)));
  } else if (text.size() >= 8) {
    const auto words = reinterpret_cast<Words>(change(fill(text)));
    store<std::uint64_t>(to, words[0]);
    store<std::uint64_t>(end - 8, words[1]);
  } else if (!text.empty()) {
    const std::uint64_t word = reinterpret_cast<Words>(change(fill(text)))[0];
    if (text.size() >= 4) {
      store(to, static_cast<std::uint32_t>(word));
      store(end - 4, static_cast<std::uint32_t>(word >> 32));
    } else {
      to[0] = static_cast<char>(word);
      to[text.size() / 2] = static_cast<char>(word >> 8);
      end[-1] = static_cast<char>(word >> 16);
    }
  }
}

}  // namespace chunk

/// Writes `text` to `to`, which has room for it and does not overlap it.
[[gnu::always_inline]] inline void copy_short(char* to, std::string_view text) noexcept {
  chunk::copy(to, text, [](Chunk characters) { return characters; });
}

/// From more than this memcpy is faster.
inline constexpr std::size_t most_short = 64;

/// The same for what may well be long.
[[gnu::always_inline]] inline void copy_text(char* to, std::string_view text) noexcept {
  if (text.size() <= most_short) return copy_short(to, text);
  std::memcpy(to, text.data(), text.size());
}

/// copy_short in lower case.
[[gnu::always_inline]] inline void copy_lower(char* to, std::string_view text) noexcept {
  chunk::copy(to, text, [](Chunk characters) { return lower(characters); });
}

/// How many characters stand before the first control character: one below 0x20, or 0x7f.
inline std::size_t without_controls(std::string_view text) noexcept {
  std::size_t at = 0;
  if (text.size() >= sizeof(Chunk)) {
    const std::size_t last = text.size() - sizeof(Chunk);
    for (;; at = std::min(at + sizeof(Chunk), last)) {
      const auto found = are_controls(chunk::load<Chunk>(text.data() + at));
      if (chunk::any(found)) return at + chunk::first(found);
      if (at == last) return text.size();
    }
  }
  while (at < text.size() && static_cast<unsigned char>(text[at]) >= 0x20 && text[at] != 0x7f) ++at;
  return at;
}

/// Whether there is any control character.
inline bool has_controls(std::string_view text) noexcept {
  return !none_of(text, [](Chunk characters) { return are_controls(characters); });
}

}  // namespace connectrpc::base
