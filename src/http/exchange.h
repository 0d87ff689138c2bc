// One request and its answer, seen from either end, above every HTTP version.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/byte_queue.h"
#include "connectrpc/peer.h"
#include "http/message.h"

namespace connectrpc::http {

/// Why an exchange ended before both sides were through.
enum class ResetReason : std::uint8_t {
  canceled,            ///< the peer does not want it any more (RST_STREAM CANCEL, or it went away)
  refused,             ///< certainly not processed by the peer: safe to send again
  connection_lost,     ///< the connection broke; whether it was processed is not known
  protocol_error,      ///< the peer broke HTTP's rules
  flow_control_error,  ///< or its flow control's
  too_busy,            ///< ENHANCE_YOUR_CALM
  inadequate_security,
  too_large,       ///< header fields over a limit, this side's or the peer's
  internal_error,  ///< the peer says that it failed
  no_error,        ///< the peer has answered and wants no more of the request (RST_STREAM NO_ERROR)
};

struct Reset {
  ResetReason reason = ResetReason::canceled;
  /// For people: what was received, what was expected.
  std::string text;
};

/// One exchange. Owned by whoever handles it, lives on its connection's loop, is not thread-safe. The connection only
/// refers to it and both unlink one another: destroying an exchange that has not ended resets it at the peer; a
/// connection that dies leaves its exchanges behind with reset() set. All members may be called at any time; what has
/// no meaning any more (sending after a reset) does nothing.
class Exchange {
 public:
  class Observer {
   public:
    /// The head (client), body bytes, the end, trailers or a reset have come. Look at the state; called at most once a
    /// batch of input, never from inside a member of the exchange. The exchange may be destroyed in it.
    virtual void on_inbound() = 0;
    /// unsent() fell to or below the low-water mark after having been above it.
    virtual void on_outbound() = 0;

   protected:
    ~Observer() = default;
  };

  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  virtual ~Exchange() = default;

  void observe(Observer* observer) { observer_ = observer; }

  // What came from the peer.

  /// Body bytes that have arrived and were not consumed yet.
  std::string_view body() const { return inbound_.view(); }
  /// Takes `size` bytes from the front of body(), which opens the peer's window by as much.
  void consume(std::size_t size);
  /// The first `size` bytes of the body will be consumed in one piece once they are there: the window opens for what
  /// has come of them already, and there is room for the rest. To be called again when more has come.
  void expect(std::size_t size);
  /// Bytes of body() that the window is still closed by.
  std::size_t unread() const { return inbound_.size() - expected_; }
  /// All of body() as a string of its own, consumed; moved where possible.
  std::string take_body();
  /// The peer has sent everything: body() is the rest, trailers() are complete.
  bool inbound_ended() const { return inbound_ended_; }
  const Headers& trailers() const { return trailers_; }
  /// What content-length announced; empty if nothing did.
  std::optional<std::uint64_t> announced_length() const { return announced_length_; }
  /// Set once the exchange can neither give nor take any more.
  const std::optional<Reset>& reset() const { return reset_; }
  /// Both directions have ended, or it was reset: nothing more will happen.
  bool finished() const { return reset_.has_value() || (inbound_ended_ && outbound_ended_); }

  // What goes to the peer. Nothing here blocks or writes at once: the connection writes once a turn of the loop.

  /// Appends to the body. Empty bytes are allowed and do nothing.
  virtual void send_body(std::string bytes) = 0;
  /// The same for few bytes, which are copied: a stream's small messages then need no memory of their own.
  virtual void append_body(std::string_view bytes) { send_body(std::string(bytes)); }
  /// Ends this direction without trailers.
  virtual void finish() = 0;
  /// Ends this direction with trailers; HTTP/1.1 sends them as chunk trailers.
  virtual void finish(Headers trailers) = 0;
  /// Ends everything at once. A server that has answered uses no_error to refuse the rest of a request.
  virtual void abort(ResetReason reason) = 0;
  /// Body bytes that were given to send_body and have not left for the transport.
  virtual std::size_t unsent() const = 0;
  bool outbound_ended() const { return outbound_ended_; }

  /// Who is at the other end; valid as long as the exchange.
  const Peer& peer() const { return peer_; }

 protected:
  Exchange() = default;

  /// `size` bytes were consumed or are expected to be: give the peer as much window.
  virtual void on_consumed(std::size_t size) = 0;
  void notify_inbound() {
    if (observer_) observer_->on_inbound();
  }
  void notify_outbound() {
    if (observer_) observer_->on_outbound();
  }

  base::ByteQueue inbound_;
  Headers trailers_;
  std::optional<std::uint64_t> announced_length_;
  std::optional<Reset> reset_;
  Peer peer_;
  bool inbound_ended_ = false;
  bool outbound_ended_ = false;

 private:
  std::size_t expected_ = 0;  // bytes at the front of inbound_ that the window was opened for
  Observer* observer_ = nullptr;
};

/// The server's end. The request's head is there from the start.
class ServerExchange : public Exchange {
 public:
  const RequestHead& request() const { return request_; }
  /// Sends the head of the answer; once, before any body. `ends` says that nothing follows: a HEADERS frame that ends
  /// the stream, or content-length: 0. Where the whole body is known call send_body and finish right after it: the
  /// session then writes head, body and trailers together and sends a content-length where HTTP wants one.
  virtual void send_head(ResponseHead head, bool ends) = 0;
  bool head_sent() const { return head_sent_; }

 protected:
  RequestHead request_;
  bool head_sent_ = false;
};

/// The client's end. The request's head was given to ClientLink::start.
class ClientExchange : public Exchange {
 public:
  /// Whether the head of the answer has come (1xx answers do not count).
  bool head_received() const { return head_received_; }
  const ResponseHead& response() const { return response_; }

 protected:
  ResponseHead response_;
  bool head_received_ = false;
};

/// A whole answer.
struct Refusal {
  ResponseHead head;
  std::string body;
};

/// One in plain text that says `text`.
Refusal plain_refusal(int status, std::string text);

/// Where a server's sessions deliver requests.
class RequestHandler {
 public:
  /// The answer to a request whose fields exceed the limit, which is not delivered therefore: 431 in plain text.
  /// `head` has what was understood: the request line and, if it came, the content type. `text` is for people.
  virtual Refusal refuse(const RequestHead& head, std::string text);
  /// A request's head has come, usually with its body's first bytes: sessions call this at the end of a batch of
  /// input, in the order of arrival. The callee owns the exchange; dropping it unanswered resets it.
  virtual void on_request(std::unique_ptr<ServerExchange> exchange) = 0;

 protected:
  ~RequestHandler() = default;
};

/// The client's end of a connection: where requests start. A session of http1 or http2 implements it.
class ClientLink {
 public:
  virtual ~ClientLink() = default;
  /// How many more exchanges may start now. HTTP/1.1: one at a time. Zero also while the peer's settings forbid more
  /// and for good once the connection is closing.
  virtual std::size_t capacity() const = 0;
  /// Whether this link will never take an exchange again (GOAWAY, close): drop it once it is idle.
  virtual bool retired() const = 0;
  /// Exchanges under way.
  virtual std::size_t active() const = 0;
  /// Starts an exchange; capacity() must not be zero. `ends`: the request has no body. A body may follow by
  /// send_body; HTTP/1.1 sends it chunked unless the head names a content-length.
  virtual std::unique_ptr<ClientExchange> start(RequestHead head, bool ends) = 0;
};

/// What a server's session limits. Sizes in bytes.
struct SessionLimits {
  /// Names, values and 32 for each field, as HTTP/2 counts; more is answered with 431.
  std::size_t header_list = 64 * 1024;
  /// Exchanges at once on an HTTP/2 connection.
  std::uint32_t concurrent_streams = 256;
  /// A stream's receive window: what may arrive without being consumed.
  std::uint32_t stream_window = 256 * 1024;
  /// The connection's receive window.
  std::uint32_t connection_window = 4 * 1024 * 1024;
  /// unsent() at or below this calls on_outbound.
  std::size_t low_water = 32 * 1024;
};

}  // namespace connectrpc::http
