// What both ends of an HTTP/2 connection have in common.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectrpc/peer.h"
#include "http/exchange.h"
#include "http2/end_watch.h"
#include "http2/field_list.h"
#include "http2/link.h"
#include "http2/session_memory.h"
#include "http2/stream.h"
#include "io/session.h"

namespace connectrpc::http2 {

/// Drives nghttp2: bytes in, exchanges told at the end of the batch; what exchanges send is gathered and handed to
/// nghttp2 only in produce(), so that head, body and trailers of an answer leave together.
class SessionCore : public io::Session {
 public:
  void receive(std::string_view bytes) override;
  void receive_end() override;
  void connection_lost(std::string_view reason) override;
  void produce(io::Output& out, std::size_t limit) override;
  bool wants_read() const override;
  bool wants_close() const override;

  /// Asks the peer for a sign of life: a PING, whose answer counts as any other byte.
  bool send_ping();

  // What exchanges call.

  void send_body(Stream& stream, std::string bytes);
  void append_body(Stream& stream, std::string_view bytes);
  void finish(Stream& stream, Headers trailers);
  void abort(Stream& stream, http::ResetReason reason);
  void consumed(Stream& stream, std::size_t size);
  void enter(Link& link);
  void leave(Link& link);

 protected:
  enum class Side : bool { client, server };

  /// `settings` are sent with the preface.
  SessionCore(Side side, const http::SessionLimits& limits, Peer peer, std::vector<nghttp2_settings_entry> settings);
  /// Derived classes call end_all() first: exchanges then still find their session whole.
  ~SessionCore() override;

  // What server and client do differently.

  virtual std::unique_ptr<Stream> make_stream() = 0;
  /// A HEADERS frame begins.
  virtual void on_fields_begin(const nghttp2_frame& frame) = 0;
  virtual void on_head_field(Stream& stream, std::string_view name, std::string_view value) = 0;
  /// A head is complete and within the limit.
  virtual void on_head_complete(Stream& stream) = 0;
  /// A field that is not kept, since the limit is exceeded with it or was before.
  virtual void on_excess_field(Stream& stream, std::string_view name, std::string_view value) = 0;
  /// The fields of a frame exceed the limit.
  virtual void on_fields_too_large(Stream& stream) = 0;
  /// Gives the head, and what there is of the rest, to nghttp2.
  virtual void submit(Stream& stream) = 0;
  /// A fresh exchange is ready for its handler.
  virtual void hand_over(Link& link) = 0;
  /// The stream is cut from its exchange: one that has no other owner dies.
  virtual void on_cut(Stream& stream) = 0;
  /// The exchange is destroyed before its stream is through.
  virtual void on_abandoned(Stream& stream) = 0;
  virtual void on_goaway(const nghttp2_goaway& goaway) = 0;
  virtual void on_ping_ack(const std::uint8_t* opaque_data) = 0;
  /// The peer has sent a PING, which is answered without further ado.
  virtual void on_ping() {}
  /// A GOAWAY without an error was sent.
  virtual void on_goaway_sent() {}
  /// A HEADERS or DATA frame was sent.
  virtual void on_message_sent() {}
  /// GOAWAY with an error and a text of ASCII; the connection ends when it is sent.
  void give_up(std::uint32_t error_code, std::string_view text);

  // What they have to do it with.

  nghttp2_session* native() const noexcept { return native_.get(); }
  const http::SessionLimits& limits() const noexcept { return limits_; }
  const Peer& peer() const noexcept { return peer_; }
  FieldList& fields() noexcept { return fields_; }
  std::size_t open_streams() const noexcept { return open_count_; }
  /// Gives back what is kept for later streams, if none is open.
  void drop_spares();
  std::size_t running_exchanges() const noexcept { return link_count_; }
  std::uint32_t peer_header_list() const noexcept;
  bool is_server() const noexcept { return side_ == Side::server; }
  /// "the client" or "the server": the other end in texts.
  std::string_view other_end() const noexcept { return is_server() ? "the client" : "the server"; }

  /// A stream that is open from now on, pooled.
  Stream& open_stream();
  /// Null if there is none, or none that anyone cares for.
  Stream* find(std::int32_t id) noexcept { return recent_ != nullptr && recent_->id == id ? recent_ : find_other(id); }
  Link* first_link() const noexcept { return links_; }
  Link* next_link(const Link& link) const noexcept { return link.next_; }
  Stream* stream_of(const Link& link) const noexcept { return link.stream_; }
  /// find() will be asked for it.
  void remember(Stream& stream) noexcept { recent_ = &stream; }
  void cut(Stream& stream);
  /// Why a request was not processed, once GOAWAY has come.
  std::string refused_text() const;
  void set_fresh(Link& link) noexcept { link.fresh_ = true; }

  /// There is something to send on it.
  void set_ready(Stream& stream);
  /// Where nghttp2 takes the body and the trailers from.
  nghttp2_data_provider source(Stream& stream) noexcept;
  /// False if fields() holds one that the peer cannot take: the stream has failed.
  bool fields_fit(Stream& stream);
  bool submit_trailers(Stream& stream);
  /// Its observer is told at the end of the batch.
  void touch_inbound(Link& link);
  /// Ends a stream that went wrong: RST_STREAM for the peer, a reset for the exchange.
  void fail(Stream& stream, http::ResetReason reason, std::string text, std::uint32_t error_code);
  /// RST_STREAM; the exchange is cut off without a word.
  void reset_stream(Stream& stream, std::uint32_t error_code);
  /// Gives a reset to the exchange and cuts it off; nothing is sent.
  void give_reset(Stream& stream, http::ResetReason reason, std::string text);
  /// The peer's message is refused as soon as ours was sent.
  void refuse_rest(Stream& stream);
  /// Forgets a stream that nghttp2 does not know any more or never knew.
  void close(Stream& stream);
  /// All exchanges that are not over get this reset.
  void reset_all(http::ResetReason reason, std::string_view text);
  /// Nothing goes in or out from here on.
  void die(http::ResetReason reason, std::string_view text);
  bool dead() const noexcept { return dead_; }
  bool read_ended() const noexcept { return read_ended_; }
  /// nghttp2 has something new to send.
  void wake_if_idle();
  /// For destructors of derived classes: all exchanges are left behind, all streams end.
  void end_all();
  /// Tells observers; at the end of a batch.
  void deliver();

  /// Marks that a call into the session runs: its end takes care of what a wake-up would.
  class Busy {
   public:
    explicit Busy(SessionCore& session) : session_(session), before_(session.busy_) { session_.busy_ = true; }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;
    ~Busy() { session_.busy_ = before_; }

   private:
    SessionCore& session_;
    bool before_;
  };

 private:
  struct Callbacks;
  struct Delete {
    void operator()(nghttp2_session* session) const noexcept { nghttp2_session_del(session); }
  };

  Stream* find_other(std::int32_t id) noexcept;
  void flush_ready();
  void drain(io::Output& out, std::size_t limit);
  void touch(Link& link);
  void mute(Stream& stream);
  void recycle(Stream& stream);
  void fail_connection(int library_error);
  MessageRules::Of incoming() const noexcept {
    return is_server() ? MessageRules::Of::requests : MessageRules::Of::responses;
  }
  Fault on_field(Stream& stream, std::string_view name, std::string_view value);
  void on_message_frame(Stream& stream, const nghttp2_frame_hd& frame);
  void on_fields_complete(Stream& stream);
  Fault fault_of(Stream& stream, const nghttp2_frame_hd& frame) const;
  /// The peer's message is malformed.
  void break_off(Stream& stream, Fault fault, std::string_view name = {});
  void on_stream_closed(Stream& stream, std::uint32_t error_code);
  void body_grew(Stream& stream);
  void sent_some(Stream& stream);
  std::string reset_text(const Stream& stream, std::uint32_t error_code) const;

  const Side side_;
  bool busy_ = false;
  bool dead_ = false;
  bool failed_ = false;
  bool read_ended_ = false;
  bool broken_off_ = false;  // a GOAWAY with an error was sent
  bool goaway_ = false;      // one was sent or received: the end may be near
  const http::SessionLimits limits_;
  const Peer peer_;
  SessionMemory memory_;
  std::unique_ptr<nghttp2_session, Delete> native_;
  FieldList fields_;
  EndWatch end_watch_;

  Stream* recent_ = nullptr;  // what find() gave last
  Stream* open_ = nullptr;
  std::size_t open_count_ = 0;
  std::vector<std::unique_ptr<Stream>> spare_;
  std::vector<Stream*> ready_;
  Link* links_ = nullptr;
  std::size_t link_count_ = 0;
  std::vector<Link*> touched_;
  std::size_t refusing_ = 0;  // streams with reset_when_sent

  // Only inside produce().
  io::Output* out_ = nullptr;
  std::size_t out_limit_ = 0;

  std::string complaint_;  // nghttp2's last words about the peer
  http::ResetReason end_reason_ = http::ResetReason::connection_lost;
  std::string end_text_;  // why the connection ends, once known
};

}  // namespace connectrpc::http2
