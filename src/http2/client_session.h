// The client's end of an HTTP/2 connection.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "connectrpc/peer.h"
#include "http/exchange.h"
#include "http2/session_core.h"

namespace connectrpc::http2 {

class ClientStream;

/// Sends requests over one connection, as many at once as the server allows (RFC 9113). After GOAWAY, at the end of the
/// stream identifiers or when the connection ends it is retired: exchanges under way go on where they can.
class ClientSession final : public SessionCore, public http::ClientLink {
 public:
  /// `first_stream_id` must be odd; only tests want another than 1.
  ClientSession(const http::SessionLimits& limits, Peer peer, std::int32_t first_stream_id = 1);
  ~ClientSession() override;

  void receive(std::string_view bytes) override;
  void receive_end() override;

  std::size_t capacity() const override;
  bool retired() const override;
  std::size_t active() const override { return open_streams(); }
  /// Without capacity() the exchange comes back refused.
  std::unique_ptr<http::ClientExchange> start(http::RequestHead head, bool ends) override;

  /// Whether the server has sent this connection away because of its PINGs (gRFC A8).
  bool pinged_too_often() const noexcept { return pinged_too_often_; }

  /// Tells the server that no more requests will come; wants_close() comes true when the last exchange has ended.
  void begin_shutdown();

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
  void refuse_preface(bool at_end);

  /// What the server says before it is clear that it speaks HTTP/2; what else it speaks is worth an error text.
  std::string preface_;
  bool preface_known_ = false;
  bool goaway_received_ = false;
  bool pinged_too_often_ = false;
  bool shutting_down_ = false;
};

std::unique_ptr<ClientSession> make_client_session(const http::SessionLimits& limits, Peer peer);

}  // namespace connectrpc::http2
