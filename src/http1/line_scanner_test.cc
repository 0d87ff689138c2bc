// The scanner against the plainest possible reading of the same rules.
#include "http1/line_scanner.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

namespace connectrpc::http1 {
namespace {

using Result = LineScanner::Result;

TEST(LineScanner, EveryByteInEveryPlace) {
  for (int value = 0; value < 256; ++value) {
    const char c = static_cast<char>(value);
    for (std::size_t place = 0; place < 20; ++place) {
      std::string line(19, 'a');
      line.insert(place, 1, c);
      line += "\r\n";
      Result expected = Result::done;
      if (value == 0x7f || (value < 0x20 && c != '\t')) expected = Result::control_byte;
      if (c == '\n') expected = Result::bare_lf;
      if (c == '\r') expected = Result::bare_cr;
      LineScanner scanner;
      scanner.start(LineScanner::Until::line_end);
      std::size_t used = 0;
      EXPECT_EQ(scanner.scan(line, used), expected) << value << " at " << place;
      if (expected == Result::done) {
        EXPECT_EQ(used, line.size());
        EXPECT_EQ(scanner.size(), line.size());
        EXPECT_EQ(scanner.lines(), 1U);
      } else {
        EXPECT_EQ(used, place + (c == '\r' ? 1 : 0));
      }
    }
  }
}

TEST(LineScanner, EmptyLineEndsABlock) {
  LineScanner scanner;
  std::size_t used = 0;
  scanner.start(LineScanner::Until::empty_line);
  EXPECT_EQ(scanner.scan("a: b\r\nc\r", used), Result::more);
  EXPECT_EQ(used, 8U);
  EXPECT_EQ(scanner.scan("\n\r\nrest", used), Result::done);
  EXPECT_EQ(used, 3U);
  EXPECT_EQ(scanner.lines(), 3U);
  scanner.start(LineScanner::Until::empty_line);
  EXPECT_EQ(scanner.scan("\r\n", used), Result::done);
  scanner.start(LineScanner::Until::empty_line);
  EXPECT_EQ(scanner.scan("a\r\n b", used), Result::folded_line);
}

}  // namespace
}  // namespace connectrpc::http1
