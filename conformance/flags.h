// What the two programs may be told.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace conformance {

struct Flags {
  bool blocking = false;
  int loops = 1;

  Flags(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
      const std::string_view flag = argv[i];
      if (flag == "--blocking") {
        blocking = true;
      } else if (flag == "--loops" && i + 1 < argc) {
        loops = std::stoi(argv[++i]);
      } else {
        throw std::invalid_argument("unknown flag \"" + std::string(flag) + "\"; there are --blocking and --loops N");
      }
    }
  }
};

}  // namespace conformance
