// The waist on the client: what a protocol does for one call. Bytes and heads in, bytes and heads out; no I/O.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "connectrpc/error.h"
#include "connectrpc/method.h"
#include "connectrpc/protocol.h"
#include "http/exchange.h"
#include "http/message.h"
#include "protocol/settings.h"

namespace connectrpc::protocol {

/// What is to be put on the exchange, in this order.
struct ClientOutput {
  std::optional<http::RequestHead> head;
  std::string body;
  /// The request is complete.
  bool end = false;
};

/// What the client knows of its exchange when it asks for the next event.
struct ClientArrived {
  /// Null until the head has come.
  const http::ResponseHead* head = nullptr;
  std::string_view body;
  bool ended = false;
  /// HTTP trailers; meaningful once `ended`.
  const Headers* trailers = nullptr;
  std::optional<std::uint64_t> announced;
};

/// What the answer came to next.
struct ClientInput {
  enum class Kind : std::uint8_t {
    need_more,  ///< nothing yet: wait for more
    message,    ///< `payload` is the next message, unpacked
    end,        ///< the call is over: `error` says how; headers() and trailers() of the call are final
  };
  Kind kind = Kind::need_more;
  /// Valid until the next receive() and until `consumed` bytes are taken off the body: it may point into it.
  std::string_view payload;
  std::size_t consumed = 0;
  /// With `need_more` how many bytes the rest of the body must hold for the next message, as far as that is known. All
  /// that come of them are to be let in, whatever a window says.
  std::size_t wanted = 0;
  /// With `end`: empty on success. Has its code, message, details, remoteness, headers and trailers.
  std::optional<Error> error;
};

/// Where and how a call goes; what its head is made of.
struct ClientTarget {
  std::string_view scheme;
  std::string_view authority;
  /// Mount prefix of the URL, "" or "/prefix".
  std::string_view prefix;
  HttpVersion version = HttpVersion::http2;
};

/// One call in one protocol.
class ClientCall {
 public:
  virtual ~ClientCall() = default;

  virtual Protocol protocol() const noexcept = 0;

  /// The request's head leaves, or (Connect unary) is kept until close_send. `timeout` is what is left now.
  virtual void open(const ClientTarget& target, const Headers& user_headers,
                    std::optional<std::chrono::nanoseconds> timeout, ClientOutput& out) = 0;
  /// How many bytes send_message wants free in front of its payload.
  virtual std::size_t message_prefix() const noexcept = 0;
  /// Code::resource_exhausted over the send limit: nothing was sent.
  virtual Result<void> send_message(std::string prefixed_payload, ClientOutput& out) = 0;
  /// No more messages.
  virtual void close_send(ClientOutput& out) = 0;
  /// Whether equal messages must give equal bytes (a GET).
  virtual bool stable_encoding() const noexcept { return false; }

  /// The next event of the answer. After `end` it must not be called again.
  virtual ClientInput receive(const ClientArrived& arrived) = 0;
  /// The exchange was reset: the error that the call ends with, made of what had come so far.
  virtual Error reset_error(const http::Reset& reset) = 0;

  /// The user's response headers; final once the head has come and receive() was called with it.
  const Headers& headers() const noexcept { return headers_; }
  /// The user's trailers; final after `end`.
  const Headers& trailers() const noexcept { return trailers_; }
  Headers take_headers() noexcept { return std::move(headers_); }
  Headers take_trailers() noexcept { return std::move(trailers_); }

 protected:
  Headers headers_;
  Headers trailers_;
};

/// `method` and `settings` outlive the call.
std::unique_ptr<ClientCall> make_client_call(Protocol protocol, Codec codec, const MethodSpec& method,
                                             const ClientSettings& settings);

}  // namespace connectrpc::protocol
