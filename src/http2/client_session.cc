// The client's end of an HTTP/2 connection.
#include "http2/client_session.h"

#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/block_cache.h"
#include "connectrpc/detail/headers_access.h"
#include "http2/linked_exchange.h"
#include "http2/text.h"

namespace connectrpc::http2 {
namespace {

// A status line may have any length; this much of it says enough.
constexpr std::size_t most_preface = 200;
constexpr std::string_view http1_start = "HTTP/";
constexpr char tls_alert = 0x15;
// Record header of five bytes, level, description.
constexpr std::size_t tls_alert_size = 7;

std::vector<nghttp2_settings_entry> client_settings() {
  return {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}, {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 0}};
}

}  // namespace

class ClientStream final : public Stream {
 public:
  void clear() override {
    Stream::clear();
    head = http::RequestHead();
  }

  http::RequestHead head;
};

namespace {

class ClientExchange final : public LinkedExchange<http::ClientExchange>, public base::Block {
 public:
  using LinkedExchange::LinkedExchange;

  http::ResponseHead& head() { return response_; }
  void set_head_received() { head_received_ = true; }
  void set_outbound_ended() { outbound_ended_ = true; }
};

ClientExchange* exchange_of(const Stream& stream) { return static_cast<ClientExchange*>(stream.link); }

}  // namespace

ClientSession::ClientSession(const http::SessionLimits& limits, Peer peer, std::int32_t first_stream_id)
    : SessionCore(Side::client, limits, std::move(peer), client_settings()) {
  if (first_stream_id != 1) nghttp2_session_set_next_stream_id(native(), first_stream_id);
}

ClientSession::~ClientSession() { end_all(); }

std::unique_ptr<Stream> ClientSession::make_stream() { return std::make_unique<ClientStream>(); }

// ---- The link

bool ClientSession::retired() const {
  return goaway_received_ || shutting_down_ || dead() || read_ended() ||
         nghttp2_session_check_request_allowed(native()) == 0;
}

std::size_t ClientSession::capacity() const {
  if (retired()) return 0;
  // nghttp2 says 100 until the server's SETTINGS have come.
  const std::size_t most = nghttp2_session_get_remote_settings(native(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  return most > open_streams() ? most - open_streams() : 0;
}

std::unique_ptr<http::ClientExchange> ClientSession::start(http::RequestHead head, bool ends) {
  const bool possible = capacity() != 0;
  auto& stream = static_cast<ClientStream&>(open_stream());
  auto exchange = std::make_unique<ClientExchange>(*this, stream, peer());
  if (ends) exchange->set_outbound_ended();
  if (!possible) {
    exchange->take_reset({http::ResetReason::refused, "the connection takes no more requests"});
    close(stream);
    return exchange;
  }
  stream.head = std::move(head);
  stream.finished = ends;
  set_ready(stream);
  return exchange;
}

void ClientSession::begin_shutdown() {
  if (std::exchange(shutting_down_, true) || dead()) return;
  nghttp2_submit_goaway(native(), NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, nullptr, 0);
  wake_if_idle();
}

void ClientSession::on_goaway(const nghttp2_goaway& goaway) {
  goaway_received_ = true;
  if (goaway.error_code == NGHTTP2_ENHANCE_YOUR_CALM &&
      as_text(goaway.opaque_data, goaway.opaque_data_len) == "too_many_pings") {
    pinged_too_often_ = true;
  }
  // nghttp2 knows of those that were sent; others wait for the server to allow more streams at once.
  for (const Link* link = first_link(); link != nullptr; link = next_link(*link)) {
    Stream* const stream = stream_of(*link);
    if (stream != nullptr && stream->id > goaway.last_stream_id)
      give_reset(*stream, http::ResetReason::refused, refused_text());
  }
}

void ClientSession::on_ping_ack(const std::uint8_t*) {}

// ---- Before the server's SETTINGS

void ClientSession::receive(std::string_view bytes) {
  if (preface_known_) {
    SessionCore::receive(bytes);
    return;
  }
  preface_ += bytes;
  // A SETTINGS frame begins with its length, which is less than 64 KiB.
  const bool http1 = preface_.starts_with(http1_start.substr(0, preface_.size()));
  if (http1 || preface_.front() == tls_alert) {
    refuse_preface(false);
    return;
  }
  preface_known_ = true;
  SessionCore::receive(std::exchange(preface_, {}));
}

void ClientSession::receive_end() {
  if (!preface_.empty()) refuse_preface(true);
  SessionCore::receive_end();
}

void ClientSession::refuse_preface(bool at_end) {
  std::string text;
  if (preface_.front() == tls_alert) {
    if (preface_.size() < tls_alert_size && !at_end) return;
    text = "the server answered TLS to HTTP/2 in clear text";
    if (preface_.size() >= tls_alert_size)
      text += ": alert " + std::to_string(static_cast<unsigned char>(preface_[tls_alert_size - 1]));
  } else {
    const std::size_t end = preface_.find('\n');
    if (end == std::string::npos && preface_.size() < most_preface && !at_end) return;
    const std::string_view line = base::trim(std::string_view(preface_).substr(0, std::min(end, most_preface)));
    text = "the server answered HTTP/1.1 to an HTTP/2 preface: " + quoted(line.substr(0, line.find('\r')));
  }
  const Busy busy(*this);
  preface_known_ = true;
  preface_.clear();
  die(http::ResetReason::protocol_error, text);
  deliver();
}

// ---- Requests out

void ClientSession::submit(Stream& base) {
  auto& stream = static_cast<ClientStream&>(base);
  if (goaway_received_) {
    give_reset(stream, http::ResetReason::refused, refused_text());
    close(stream);
    return;
  }
  const http::RequestHead& head = stream.head;
  fields().begin(peer_header_list());
  fields().add(":method", head.method);
  fields().add(":scheme", head.scheme);
  if (!head.target.empty()) fields().add(":path", head.target);
  if (!head.authority.empty()) fields().add(":authority", head.authority);
  fields().add_all(head.headers);
  if (!fields_fit(stream)) return;
  stream.rules.answers(head.method);
  const bool head_only = stream.finished && stream.body.size() == 0 && stream.trailers.empty();
  const nghttp2_data_provider body = source(stream);
  stream.submitted = true;
  const std::int32_t id = nghttp2_submit_request(native(), nullptr, fields().data(), fields().size(),
                                                 head_only ? nullptr : &body, static_cast<Stream*>(&stream));
  if (id < 0) {
    give_reset(stream, http::ResetReason::refused, std::string("no request can start: ") + nghttp2_strerror(id));
    close(stream);
    return;
  }
  stream.id = id;
}

void ClientSession::on_abandoned(Stream& stream) {
  const bool through = stream.remote_ended && stream.finished && stream.body.size() == 0;
  if (!through) reset_stream(stream, NGHTTP2_CANCEL);
}

void ClientSession::on_cut(Stream&) {}

// ---- Answers in

void ClientSession::on_fields_begin(const nghttp2_frame& frame) {
  if (Stream* stream = find(frame.hd.stream_id)) stream->field_bytes = 0;
}

void ClientSession::on_head_field(Stream& stream, std::string_view name, std::string_view value) {
  ClientExchange* const exchange = exchange_of(stream);
  if (exchange == nullptr) return;
  if (name != ":status" && name != "content-length") {
    detail::HeadersAccess::append_lower(exchange->head().headers, name, value);
  }
}

void ClientSession::on_head_complete(Stream& stream) {
  ClientExchange* const exchange = exchange_of(stream);
  const int status = stream.rules.status();
  if (MessageRules::is_informational(status)) {
    stream.rules.begin_again();
    if (exchange != nullptr) exchange->head().headers.clear();
    return;
  }
  stream.head_complete = true;
  if (exchange == nullptr) return;
  exchange->head().status = status;
  exchange->set_head_received();
  touch_inbound(*exchange);
}

void ClientSession::on_excess_field(Stream&, std::string_view, std::string_view) {}

void ClientSession::on_fields_too_large(Stream& stream) {
  fail(stream, http::ResetReason::too_large,
       "the answer's header fields need " + std::to_string(stream.field_bytes) + " bytes, the limit is " +
           std::to_string(limits().header_list) + " (option header_list_limit)",
       NGHTTP2_CANCEL);
}

void ClientSession::hand_over(Link&) {}

std::unique_ptr<ClientSession> make_client_session(const http::SessionLimits& limits, Peer peer) {
  return std::make_unique<ClientSession>(limits, std::move(peer));
}

}  // namespace connectrpc::http2
