// Random metadata through every way to make a call.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>

#include "metadata/compare.h"
#include "metadata/matrix.h"

namespace connectrpc::metadata_test {
namespace {

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  int below(int limit) { return static_cast<int>(engine_() % static_cast<unsigned>(limit)); }

  std::string name() {
    static constexpr std::string_view signs = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    // Few first letters, so that names come twice; none that leads to a reserved name.
    std::string text = "z";
    for (int i = below(4); i > 0; --i) text += signs[static_cast<std::size_t>(below(static_cast<int>(signs.size())))];
    return text;
  }
  std::string value() {
    std::string text;
    for (int i = below(8) == 0 ? below(3000) : below(12); i > 0; --i) text += static_cast<char>(' ' + below(95));
    while (!text.empty() && text.front() == ' ') text.erase(0, 1);
    while (!text.empty() && text.back() == ' ') text.pop_back();
    return text;
  }
  Headers headers() {
    Headers made;
    for (int i = below(6); i > 0; --i) {
      if (below(3) == 0) {
        std::string bytes;
        for (int j = below(40); j > 0; --j) bytes += static_cast<char>(below(256));
        made.add_binary(name() + "-bin", bytes);
      } else {
        std::string free = name();
        if (free.size() >= 4 && (free.ends_with("-bin") || free.ends_with("-BIN"))) free += "x";
        made.add(free, value());
      }
    }
    return made;
  }

 private:
  std::mt19937 engine_;
};

TEST(Property, RandomMetadataComeOutEqual) {
  Matrix matrix;
  const char* given = std::getenv("CONNECTRPC_METADATA_SEED");
  const unsigned seed = given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : 1;
  Random random(seed);
  for (int round = 0; round < 40; ++round) {
    Script script;
    script.request_headers = random.headers();
    script.response_headers = random.headers();
    script.response_trailers = random.headers();
    script.messages = random.below(3);
    script.send_headers = random.below(2) == 0;
    if (random.below(2) == 0) {
      Error error(Code::aborted, random.value());
      for (const auto& [name, value] : random.headers()) error.with_metadata(name, value);
      script.error = error;
    }
    const std::string expected = promised(script);
    for (const Way& way : all_ways()) {
      const std::string seen = describe(way, script, matrix.run(way, script));
      ++tally().combinations;
      if (seen == expected) continue;
      ++tally().differences;
      ADD_FAILURE() << "seed " << seed << ", round " << round << ": " << way.name() << "\n"
                    << seen << "instead of\n"
                    << expected;
      return;
    }
  }
}

}  // namespace
}  // namespace connectrpc::metadata_test
