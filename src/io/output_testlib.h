// What an output holds, for tests.
#pragma once

#include <array>
#include <string>

#include "io/output.h"

namespace connectrpc::io {

inline std::string text_of(const Output& out) {
  std::array<std::string_view, 1000> pieces;
  std::string text;
  for (std::size_t i = 0, count = out.pieces(pieces); i < count; ++i) text += pieces[i];
  return text;
}

/// All of it, which is empty then.
inline std::string take_text(Output& out) {
  std::string text;
  while (!out.empty()) {
    const std::string part = text_of(out);
    text += part;
    out.consume(part.size());
  }
  return text;
}

}  // namespace connectrpc::io
