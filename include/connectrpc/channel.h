// Where a client's calls go, and how.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectrpc/compression.h"
#include "connectrpc/headers.h"
#include "connectrpc/log.h"
#include "connectrpc/protocol.h"
#include "connectrpc/tls.h"

namespace boost::asio {
class io_context;
}

namespace connectrpc {

class Call;
class CallOptions;
class CallSync;
class Interceptor;
struct MethodSpec;

using InterceptorList = std::vector<std::shared_ptr<Interceptor>>;

namespace client {
class ChannelCore;
}

/// What every call of a channel has unless its CallOptions say otherwise.
struct ChannelOptions {
  Protocol protocol = Protocol::connect;
  Codec codec = Codec::proto;
  /// Empty: HTTP/2 by ALPN, else HTTP/1.1, for https; for http, HTTP/2 by prior knowledge for gRPC and HTTP/1.1
  /// otherwise, as curl and connect-go do.
  std::optional<HttpVersion> http_version = std::nullopt;
  /// What requests are compressed with; "" or "identity": nothing.
  std::string compression = "";
  /// What is known, and accepted in answers.
  CompressionRegistry compressions = CompressionRegistry::built_in();
  /// Smaller requests are not compressed. Bytes.
  std::size_t compress_min_bytes = 1024;
  /// Largest message taken, uncompressed, in bytes; 4 MiB is what gRPC's users know.
  std::size_t receive_limit = 4 * 1024 * 1024;
  std::size_t send_limit = std::numeric_limits<std::size_t>::max();
  /// A stream's send waits while more bytes than this have not left yet.
  std::size_t stream_high_water = 64 * 1024;
  /// HTTP/2: how many bytes a stream, and all streams of a connection, may bring before they are received.
  std::uint32_t stream_window = 256 * 1024;
  std::uint32_t connection_window = 4 * 1024 * 1024;
  /// Sent with every call; a call's own pairs come after them.
  Headers headers = Headers();
  /// Of every call that does not say otherwise; zero: none.
  std::chrono::nanoseconds timeout{0};
  /// As CallOptions has them, for calls that do not say otherwise; zero: for ever.
  std::chrono::nanoseconds message_timeout{0};
  std::chrono::nanoseconds call_idle_timeout{0};
  /// Connect: methods without side effects go as GET.
  bool use_get = false;
  /// A GET with a longer target goes as POST. Bytes; 8 KiB is what common proxies take.
  std::size_t get_url_limit = 8 * 1024;
  /// How long making a connection, TLS included, may take.
  std::chrono::nanoseconds connect_timeout = std::chrono::seconds(20);
  /// Connections at once, on each loop; further calls wait for one. HTTP/1.1 needs one a call.
  std::size_t max_connections = 100;
  /// HTTP/2: a connection on which a call is under way and that has brought nothing for this long is asked for a sign
  /// of life (PING); without one within the timeout its calls end with unavailable. Servers of gRPC send away who asks
  /// too often, by default every five minutes. Zero: never asked.
  std::chrono::nanoseconds keepalive_interval{0};
  std::chrono::nanoseconds keepalive_timeout = std::chrono::seconds(20);
  /// Asks also while there is no call.
  bool keepalive_without_calls = false;
  /// The HTTP proxy that connections go through by CONNECT: "http://[user:password@]host[:port]", port 80 by default;
  /// "": none. Empty: as the environment says when the channel is made (docs/connections.md).
  std::optional<std::string> proxy = std::nullopt;
  /// Idle connections are closed after this.
  std::chrono::nanoseconds idle_timeout = std::chrono::seconds(90);
  /// Largest header list taken, in bytes as HTTP/2 counts them.
  std::size_t header_list_limit = 64 * 1024;
  /// Around each call, the first outermost (interceptor.h).
  InterceptorList interceptors = InterceptorList();
  /// Roots, client certificate, server name: for https.
  TlsClientConfig tls = TlsClientConfig();
  LogHook log = nullptr;
};

/// A server's address with its connections and defaults. Shared by clients; may be used from any thread.
///
/// Made with an io_context, its connections live there. Made without one and used by coroutines, it keeps connections
/// on each loop that uses it, so that no call changes threads. Blocking clients make it run one thread of its own.
/// Destroying the last reference closes its connections and ends that thread; calls under way end with `canceled`.
class Channel : public std::enable_shared_from_this<Channel> {
 public:
  /// `url`: "http(s)://host[:port][/prefix]", or a unix socket's "unix:/path" or "unix:@name" (abstract, Linux), spoken
  /// to as http is. std::invalid_argument says what is wrong with it or with the options.
  static std::shared_ptr<Channel> make(std::string_view url, ChannelOptions options = ChannelOptions());
  /// Connections live on `io`, which must outlive the calls and is run by one thread.
  static std::shared_ptr<Channel> make(boost::asio::io_context& io, std::string_view url,
                                       ChannelOptions options = ChannelOptions());
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel();

  const ChannelOptions& options() const noexcept;
  /// The URL it was made with.
  std::string_view url() const noexcept;

  /// A call of any method and kind, taken step by step (call.h), also without generated code: `method` outlives the
  /// call. Nothing is sent before the first step. std::invalid_argument, std::logic_error: misuse of the options.
  Call open(const MethodSpec& method, const CallOptions& options);
  CallSync open_sync(const MethodSpec& method, const CallOptions& options);

  /// Not API.
  static std::shared_ptr<Channel> make(std::shared_ptr<client::ChannelCore> core);
  /// Not API.
  const std::shared_ptr<client::ChannelCore>& core() const noexcept { return core_; }

 private:
  explicit Channel(std::shared_ptr<client::ChannelCore> core);
  std::shared_ptr<client::ChannelCore> core_;
};

using ChannelPtr = std::shared_ptr<Channel>;

}  // namespace connectrpc
