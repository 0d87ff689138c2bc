// Finds where start lines, fields and chunk lines end, and refuses what has no place in any of them.
#include "http1/line_scanner.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace connectrpc::http1 {
namespace {

constexpr std::array<bool, 256> make_plain() {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 256; ++c) plain[c] = c != 0x7f;
  plain['\t'] = true;
  return plain;
}
constexpr std::array<bool, 256> plain_bytes = make_plain();

bool is_plain(char c) noexcept { return plain_bytes[static_cast<unsigned char>(c)]; }

// Whether none of eight bytes is below 0x20 or is 0x7f: the high bit of each lane tells. A tab is for the table.
bool eight_plain(const char* bytes) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t highs = ones << 7;
  std::uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  const std::uint64_t deletes = word ^ (ones * 0x7f);
  return ((((word - ones * 0x20) & ~word) | ((deletes - ones) & ~deletes)) & highs) == 0;
}

std::size_t plain_run(std::string_view bytes, std::size_t from) noexcept {
  std::size_t i = from;
  while (bytes.size() - i >= 8 && eight_plain(bytes.data() + i)) i += 8;
  while (i < bytes.size() && is_plain(bytes[i])) ++i;
  return i - from;
}

}  // namespace

LineScanner::Result LineScanner::scan(std::string_view bytes, std::size_t& used) noexcept {
  std::size_t i = 0;
  const auto stop = [&](Result result) {
    used = i;
    size_ += i;
    return result;
  };
  while (i < bytes.size()) {
    const char c = bytes[i];
    if (after_cr_) {
      if (c != '\n') return stop(Result::bare_cr);
      ++i;
      ++lines_;
      after_cr_ = false;
      const bool empty = line_size_ == 0;
      line_size_ = 0;
      if (empty || until_ == Until::line_end) return stop(Result::done);
    } else if (is_plain(c)) {
      if (line_size_ == 0 && until_ == Until::empty_line && (c == ' ' || c == '\t')) return stop(Result::folded_line);
      const std::size_t run = plain_run(bytes, i);
      i += run;
      line_size_ += run;
    } else if (c == '\r') {
      ++i;
      after_cr_ = true;
    } else {
      return stop(c == '\n' ? Result::bare_lf : Result::control_byte);
    }
  }
  return stop(Result::more);
}

}  // namespace connectrpc::http1
