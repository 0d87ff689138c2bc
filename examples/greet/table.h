// A table for people: columns as wide as what stands in them, on the screen rather than in bytes.
#pragma once

#include <algorithm>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace greet {

/// How many cells of a terminal a UTF-8 text takes; pictures such as 👋 take two each.
inline std::size_t width(std::string_view text) {
  std::size_t cells = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xc0) == 0x80) continue;  // not the first byte of its character
    cells += byte >= 0xf0 ? 2 : 1;
  }
  return cells;
}

class Table {
 public:
  explicit Table(std::vector<std::string> titles) { rows_.push_back(std::move(titles)); }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

  void print() const {
    std::vector<std::size_t> widths(rows_.front().size());
    for (const auto& row : rows_)
      for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
    for (const auto& row : rows_) {
      std::string line = " ";
      for (std::size_t i = 0; i < row.size(); ++i)
        line += " " + row[i] + std::string(widths[i] - width(row[i]) + 1, ' ');
      line.erase(line.find_last_not_of(' ') + 1);
      std::cout << line << "\n";
      if (&row == &rows_.front()) {
        std::string rule = " ";
        for (const std::size_t cells : widths) rule += " " + std::string(cells, '-') + " ";
        rule.pop_back();
        std::cout << rule << "\n";
      }
    }
  }

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace greet
