// The waist on the server: what a protocol does for one call. Bytes and heads in, bytes and heads out; no I/O.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/block_cache.h"
#include "connectrpc/error.h"
#include "connectrpc/method.h"
#include "connectrpc/protocol.h"
#include "http/message.h"
#include "protocol/server_encodings.h"
#include "protocol/settings.h"

namespace connectrpc::protocol {

/// What is to be put on the exchange, in this order.
struct ServerOutput {
  std::optional<http::ResponseHead> head;
  std::string body;
  /// The answer is complete.
  bool end = false;
  /// Sent as HTTP trailers if not empty; only with `end`.
  Headers trailers;
};

/// What the request's body came to next.
struct ServerInput {
  enum class Kind : std::uint8_t {
    need_more,  ///< nothing yet: wait for more
    message,    ///< `payload` is the next message, unpacked
    end,        ///< no more messages
    failed,     ///< `error` is the call's end
  };
  Kind kind = Kind::need_more;
  /// Valid until the next receive() and until `consumed` bytes are taken off the body: it may point into it.
  std::string_view payload;
  /// Bytes of the body that are dealt with.
  std::size_t consumed = 0;
  /// With `need_more` how many bytes the rest of the body must hold for the next message, as far as that is known. All
  /// that come of them are to be let in, whatever a window says.
  std::size_t wanted = 0;
  std::optional<Error> error;
};

/// How a call ends.
struct Ending {
  /// Null: success.
  const Error* error = nullptr;
  /// The user's response headers; looked at only if send_headers was not called.
  Headers headers;
  Headers trailers;
};

/// One call in one protocol.
class ServerCall : public base::Block {
 public:
  virtual ~ServerCall() = default;

  virtual Protocol protocol() const noexcept = 0;
  Codec codec() const noexcept { return codec_; }
  /// What the client allows; empty: no limit. Never negative.
  std::optional<std::chrono::nanoseconds> timeout() const noexcept { return timeout_; }
  /// Why the call must be refused at once, found in the request's head (unknown compression, broken timeout): the
  /// handler is not started, finish() is called with it.
  const std::optional<Error>& fault() const noexcept { return fault_; }

  /// What the response may be compressed with instead of what was negotiated (ServerEncodings::find). Any thread.
  virtual std::optional<const Compression*> find_response_compression(std::string_view name) const {
    return encodings_.find(name);
  }
  /// Before the response's headers.
  virtual void set_response_compression(const Compression* compression) noexcept { encodings_.response = compression; }

  /// Looks for the next message at the front of `body`, the bytes not yet consumed; `ended`: no more will come.
  /// `announced` is the request's content-length, if known: too large a body is refused before it arrives.
  virtual ServerInput receive(std::string_view body, bool ended, std::optional<std::uint64_t> announced) = 0;

  /// How many bytes send_message wants free in front of its payload.
  virtual std::size_t message_prefix() const noexcept = 0;

  /// The user's response headers leave, or (Connect unary) are kept for the end. At most once, before any message.
  virtual void send_headers(Headers headers, ServerOutput& out) = 0;
  /// Makes of what stands in `body` from `at` on, message_prefix() free bytes and one encoded message, what travels.
  /// Needs send_headers before it. Code::resource_exhausted over the send limit: `body` ends at `at` again.
  virtual Result<void> send_message(std::string& body, std::size_t at) = 0;
  /// Ends the call, whatever has been sent so far. Once; the last member called.
  virtual void finish(Ending ending, ServerOutput& out) = 0;

 protected:
  /// Takes over what was negotiated, a fault included.
  void use(ServerEncodings encodings) {
    encodings_ = std::move(encodings);
    if (encodings_.fault) fault_ = encodings_.fault;
  }

  ServerEncodings encodings_;
  Codec codec_ = Codec::proto;
  std::optional<std::chrono::nanoseconds> timeout_;
  std::optional<Error> fault_;
};

/// Chooses the protocol of a request to a known method by verb and content type. An output instead of a call is the
/// complete answer of HTTP: 405 with Allow, 415 with Accept-Post, 505 (gRPC below HTTP/2), …
/// `head`, `method` and `settings` outlive the call.
std::variant<std::unique_ptr<ServerCall>, ServerOutput> accept(const http::RequestHead& head, const MethodSpec& method,
                                                               const ServerSettings& settings);

/// The complete answer to a path that no service has: 404 in Connect and for what is no RPC, `unimplemented` in gRPC
/// and gRPC-Web.
ServerOutput unknown_path(const http::RequestHead& head);

/// The complete answer to a request whose header fields exceed the limit: `resource_exhausted` in the caller's
/// protocol, with status 431 in Connect's unary calls and for what is no RPC. `text` is for people.
ServerOutput header_list_answer(const http::RequestHead& head, std::string text);

/// An error in the caller's protocol as a complete answer, for code that stands before the router.
ServerOutput error_answer(const http::RequestHead& head, const Error& error);

}  // namespace connectrpc::protocol
