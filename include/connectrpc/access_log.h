// One structured line for each call of a server.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "connectrpc/call_record.h"

namespace connectrpc {

struct AccessLogOptions {
  enum class Format : std::uint8_t {
    key_value,  ///< method=greet.v1.GreetService/Greet code=ok duration_ms=0.214 …
    json,       ///< {"method":"greet.v1.GreetService/Greet","code":"ok","duration_ms":0.214,…}
  };
  /// Takes each line, which has no newline in it nor at its end. Called on the server's loops, on several at once; must
  /// not throw, and should not wait.
  std::function<void(std::string_view line)> sink = nullptr;
  Format format = Format::key_value;
  /// The part of the calls that succeed which is logged, evenly: 1 all, 0.01 each hundredth, 0 none. Calls that fail
  /// are always logged.
  double sample = 1;
  /// Request headers that are logged, too. Those with secrets (is_secret_header) show that they were there.
  std::vector<std::string> headers = {};
  /// Names of further headers whose values are secret.
  std::vector<std::string> redact = {};
};

/// For ServerOptions::on_call_end. std::invalid_argument names an option that is wrong.
CallHook access_log(AccessLogOptions options);

/// Whether a header's value must not be written down: authorization, cookies, and what has token, secret, password,
/// credential, session, signature or api-key in its name. Case does not count.
bool is_secret_header(std::string_view name) noexcept;

}  // namespace connectrpc
