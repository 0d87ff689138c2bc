// Finds where start lines, fields and chunk lines end, and refuses what has no place in any of them.
#include "http1/line_scanner.h"

#include <array>

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
      const std::size_t begin = i;
      while (i < bytes.size() && is_plain(bytes[i])) ++i;
      line_size_ += i - begin;
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
