// Where the library says what no peer is told.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace connectrpc {

/// One line for the people who run the program. The views live as long as the hook's call.
struct LogRecord {
  enum class Level : std::uint8_t { info, warning, error };
  Level level = Level::info;
  /// "greet.v1.GreetService/Greet", or "" where no call is concerned.
  std::string_view method;
  std::string_view text;
};

/// Called on the thread where the thing happened, possibly on several at once; must not throw. Without a hook the
/// library is silent.
using LogHook = std::function<void(const LogRecord&)>;

}  // namespace connectrpc
