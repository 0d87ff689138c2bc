// The way through an HTTP proxy.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "client/proxy.h"
#include "connectrpc/result.h"
#include "io/stream.h"

namespace connectrpc::client {

/// Asks a proxy for a connection (CONNECT, RFC 9110 section 9.3.6). Lives on its stream's loop; destroying it gives up.
/// There is no limit of time here.
class Tunnel final : private io::Stream::Observer {
 public:
  /// Gets the stream, from then on one to the target, or why there is none (Code::unavailable). Called once, in a later
  /// turn of the loop; may destroy the tunnel.
  using Callback = std::function<void(Result<std::unique_ptr<io::Stream>>)>;

  /// `stream` is one to the proxy. `target`: "host:port", with brackets where it is IPv6.
  Tunnel(std::unique_ptr<io::Stream> stream, const Proxy& proxy, const std::string& target, Callback callback);

 private:
  void on_readable() override;
  void on_writable() override { step(); }
  void step();
  // Whether it goes on at once.
  bool write();
  bool read();
  void fail(const std::string& why);
  void finish();

  std::unique_ptr<io::Stream> stream_;
  const std::string proxy_;
  std::string request_;
  std::string answer_;
  Callback callback_;
};

}  // namespace connectrpc::client
