// Connects to a server.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "connectrpc/deadline.h"
#include "connectrpc/result.h"
#include "io/socket_address.h"
#include "io/stream.h"

namespace connectrpc::io {

/// Gets the connected stream or why there is none: Code::unavailable with host, port and the reason of each address, or
/// Code::deadline_exceeded. Called once, on the loop, never from inside dial().
using DialCallback = std::function<void(Result<std::unique_ptr<Stream>>)>;

/// A connection in the making. Destroying it, also from inside its callback, cancels it.
class [[nodiscard]] Dialing {
 public:
  Dialing() noexcept;
  Dialing(Dialing&&) noexcept;
  Dialing& operator=(Dialing&&) noexcept;
  ~Dialing();

  /// Gives up: the callback is not called any more. Nothing happens if it was called already. Idempotent.
  void cancel();

 private:
  friend Dialing dial(Loop& loop, std::string_view host, std::uint16_t port, Deadline deadline, DialCallback callback);
  friend Dialing dial_addresses(Loop& loop, std::string_view target, const std::vector<SocketAddress>& addresses,
                                Deadline deadline, DialCallback callback);
  friend Dialing dial_unix(Loop& loop, std::string_view path, DialCallback callback);
  class Core;
  explicit Dialing(std::shared_ptr<Core> core) noexcept;
  std::shared_ptr<Core> core_;
};

/// Connects by TCP. `host` is a name, an IPv4 or an IPv6 address (without brackets). Names are resolved on a thread of
/// Asio's; all addresses are tried, families in turns, each 250 ms after the one before or as soon as that failed (RFC
/// 8305), and the first that connects wins.
Dialing dial(Loop& loop, std::string_view host, std::uint16_t port, Deadline deadline, DialCallback callback);

/// The same for addresses that are known; `target` is what errors call it.
Dialing dial_addresses(Loop& loop, std::string_view target, const std::vector<SocketAddress>& addresses,
                       Deadline deadline, DialCallback callback);

/// Connects to a unix socket, by its path or as "@name", which takes no time.
Dialing dial_unix(Loop& loop, std::string_view path, DialCallback callback);

}  // namespace connectrpc::io
