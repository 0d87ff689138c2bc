// Finds where start lines, fields and chunk lines end, and refuses what has no place in any of them.
#include "http1/line_scanner.h"

#include "base/ascii.h"

namespace connectrpc::http1 {
namespace {

// Up to the first control character but tab.
std::size_t plain_run(std::string_view bytes, std::size_t from) noexcept {
  std::size_t i = from;
  for (;;) {
    i += base::without_controls(bytes.substr(i));
    if (i == bytes.size() || bytes[i] != '\t') return i - from;
    ++i;
  }
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
    if (!after_cr_) {
      const char c = bytes[i];
      if (line_size_ == 0 && until_ == Until::empty_line && (c == ' ' || c == '\t')) return stop(Result::folded_line);
      const std::size_t run = plain_run(bytes, i);
      i += run;
      line_size_ += run;
      if (i == bytes.size()) break;
      if (bytes[i] != '\r') return stop(bytes[i] == '\n' ? Result::bare_lf : Result::control_byte);
      after_cr_ = true;
      if (++i == bytes.size()) break;
    }
    if (bytes[i] != '\n') return stop(Result::bare_cr);
    ++i;
    ++lines_;
    after_cr_ = false;
    const bool empty = line_size_ == 0;
    line_size_ = 0;
    if (empty || until_ == Until::line_end) return stop(Result::done);
  }
  return stop(Result::more);
}

}  // namespace connectrpc::http1
