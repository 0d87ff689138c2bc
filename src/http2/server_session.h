// The server's end of an HTTP/2 connection.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "connectrpc/peer.h"
#include "http/drainable.h"
#include "http/exchange.h"
#include "http2/session_core.h"

namespace connectrpc::http2 {

class ServerExchange;
class ServerStream;

/// Turns frames into requests and answers into frames (RFC 9113). Malformed requests are answered with RST_STREAM and
/// never seen by the handler, heads over the limit with 431.
class ServerSession final : public SessionCore, public http::Drainable {
 public:
  /// `handler` must outlive the session. `scheme` is what the connection is, "http" or "https"; what requests say of it
  /// does not count.
  ServerSession(http::RequestHandler& handler, const http::SessionLimits& limits, Peer peer, std::string scheme);
  ~ServerSession() override;

  /// Goes away without losing a request: the peer is told (GOAWAY), what it had sent by then is still served, and
  /// wants_close() comes true when the last answer was sent. Whoever cannot wait as long destroys the session.
  void begin_shutdown() override;
  void announce_end() override { begin_shutdown(); }
  /// Streams that are not closed yet.
  std::size_t active() const override { return open_streams(); }
  bool ending() const override { return shutting_down_; }
  void limit_requests(std::size_t count) override { most_requests_ = count; }
  std::size_t requests() const override { return requests_; }
  bool ping() override { return send_ping(); }
  void rest() override { drop_spares(); }
  /// How far apart the client's PINGs must be, answers of calls forgiving those before; at the third one too early it
  /// is sent away. Zero: as it likes.
  void limit_pings(std::chrono::nanoseconds interval) { ping_interval_ = interval; }

  /// For ServerExchange.
  void send_head(ServerStream& stream, http::ResponseHead head, bool ends);

 private:
  std::unique_ptr<Stream> make_stream() override;
  void on_fields_begin(const nghttp2_frame& frame) override;
  void on_head_field(Stream& stream, std::string_view name, std::string_view value) override;
  void on_head_complete(Stream& stream) override;
  void on_excess_field(Stream& stream, std::string_view name, std::string_view value) override;
  void on_fields_too_large(Stream& stream) override;
  void submit(Stream& stream) override;
  void hand_over(Link& link) override;
  void on_cut(Stream& stream) override;
  void on_abandoned(Stream& stream) override;
  void on_goaway(const nghttp2_goaway& goaway) override;
  void on_ping_ack(const std::uint8_t* opaque_data) override;
  void on_ping() override;
  void on_goaway_sent() override;
  void on_message_sent() override;

  http::RequestHandler& handler_;
  const std::string scheme_;
  std::size_t requests_ = 0;
  std::size_t most_requests_ = 0;
  std::chrono::nanoseconds ping_interval_{0};
  // When the last PING came that was not too early.
  std::chrono::steady_clock::time_point last_ping_;
  int early_pings_ = 0;
  bool shutting_down_ = false;
  bool notice_sent_ = false;
};

std::unique_ptr<ServerSession> make_server_session(http::RequestHandler& handler, const http::SessionLimits& limits,
                                                   Peer peer, std::string scheme);

}  // namespace connectrpc::http2
