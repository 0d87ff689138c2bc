// The server's end of an HTTP/2 connection.
#include "http2/server_session.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>
#include <vector>

#include "base/block_cache.h"
#include "connectrpc/detail/headers_access.h"
#include "http2/linked_exchange.h"

namespace connectrpc::http2 {
namespace {

// Its answer proves that the peer has seen the first GOAWAY.
constexpr std::array<std::uint8_t, 8> shutdown_ping = {'g', 'o', 'i', 'n', 'g', ' ', 'u', 'p'};

constexpr int most_early_pings = 2;

std::vector<nghttp2_settings_entry> server_settings(const http::SessionLimits& limits) {
  return {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.concurrent_streams}};
}

}  // namespace

/// A server's stream; owns the exchange until the handler does.
class ServerStream final : public Stream {
 public:
  void clear() override {
    Stream::clear();
    head = http::ResponseHead();
    fresh.reset();
    authority_seen = false;
  }

  http::ResponseHead head;
  std::array<char, 3> status{};
  std::unique_ptr<ServerExchange> fresh;
  bool authority_seen = false;
};

class ServerExchange final : public LinkedExchange<http::ServerExchange>, public base::Block {
 public:
  using LinkedExchange::LinkedExchange;

  void send_head(http::ResponseHead head, bool ends) override {
    if (stream_ == nullptr || head_sent_) return;
    head_sent_ = true;
    outbound_ended_ = ends;
    static_cast<ServerSession&>(*session_).send_head(static_cast<ServerStream&>(*stream_), std::move(head), ends);
  }
  http::RequestHead& head() { return request_; }
};

ServerSession::ServerSession(http::RequestHandler& handler, const http::SessionLimits& limits, Peer peer,
                             std::string scheme)
    : SessionCore(Side::server, limits, std::move(peer), server_settings(limits)),
      handler_(handler),
      scheme_(std::move(scheme)) {}

ServerSession::~ServerSession() { end_all(); }

std::unique_ptr<Stream> ServerSession::make_stream() { return std::make_unique<ServerStream>(); }

void ServerSession::begin_shutdown() {
  if (std::exchange(shutting_down_, true) || dead()) return;
  // What is on its way to us must not be lost: first say that we go, and draw the line when the peer has heard it
  // (RFC 9113 section 6.8).
  nghttp2_submit_shutdown_notice(native());
  wake_if_idle();
}

// Not before: nghttp2 sends a PING ahead of what waits, and its answer would prove nothing.
void ServerSession::on_goaway_sent() {
  if (!shutting_down_ || std::exchange(notice_sent_, true)) return;
  nghttp2_submit_ping(native(), NGHTTP2_FLAG_NONE, shutdown_ping.data());
}

void ServerSession::on_ping_ack(const std::uint8_t* opaque_data) {
  if (!shutting_down_ || !std::equal(shutdown_ping.begin(), shutdown_ping.end(), opaque_data)) return;
  nghttp2_submit_goaway(native(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(native()),
                        NGHTTP2_NO_ERROR, nullptr, 0);
}

void ServerSession::on_goaway(const nghttp2_goaway&) {}

void ServerSession::on_ping() {
  if (ping_interval_.count() == 0) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ping_ >= ping_interval_) {
    last_ping_ = now;
    return;
  }
  // The text is what gRPC's clients look for.
  if (++early_pings_ == most_early_pings + 1) give_up(NGHTTP2_ENHANCE_YOUR_CALM, "too_many_pings");
}

// Clients that measure the connection ping with every burst of an answer.
void ServerSession::on_message_sent() {
  early_pings_ = 0;
  last_ping_ = {};
}

// ---- Requests in

void ServerSession::on_fields_begin(const nghttp2_frame& frame) {
  const std::int32_t id = frame.hd.stream_id;
  if (frame.headers.cat != NGHTTP2_HCAT_REQUEST) {
    if (Stream* stream = find(id)) stream->field_bytes = 0;
    return;
  }
  // A reset stream gives its place free at once while its handler still runs: without a bound of its own a peer could
  // start any number of handlers.
  if (running_exchanges() >= 2 * std::size_t{limits().concurrent_streams}) {
    nghttp2_submit_rst_stream(native(), NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
    return;
  }
  auto& stream = static_cast<ServerStream&>(open_stream());
  stream.id = id;
  stream.fresh = std::make_unique<ServerExchange>(*this, stream, peer());
  if (http::RequestHead& head = stream.fresh->head(); head.scheme != scheme_) head.scheme = scheme_;
  nghttp2_session_set_stream_user_data(native(), id, static_cast<Stream*>(&stream));
  remember(stream);
}

void ServerSession::on_head_field(Stream& base, std::string_view name, std::string_view value) {
  auto& stream = static_cast<ServerStream&>(base);
  if (!stream.fresh) return;
  http::RequestHead& head = stream.fresh->head();
  if (name.front() == ':') {
    if (name == ":path") {
      head.target = value;
    } else if (name == ":method") {
      if (head.method != value) head.method = value;  // POST is there already
    } else if (name == ":authority") {
      head.authority = value;
      stream.authority_seen = true;
    }
  } else if (name == "host") {
    if (!stream.authority_seen) head.authority = value;
  } else if (name != "content-length") {
    detail::HeadersAccess::append_lower(head.headers, name, value);
  }
}

void ServerSession::on_head_complete(Stream& base) {
  base.head_complete = true;
  // Not before this one counts as processed.
  if (++requests_ == most_requests_) begin_shutdown();
  if (base.link == nullptr) return;
  set_fresh(*base.link);
  touch_inbound(*base.link);
}

void ServerSession::on_excess_field(Stream& base, std::string_view name, std::string_view value) {
  // It decides about the form of the refusal, wherever it stands.
  constexpr std::string_view type_name = "content-type";
  auto& stream = static_cast<ServerStream&>(base);
  if (name == type_name && stream.fresh && !stream.fresh->head().headers.contains(type_name))
    detail::HeadersAccess::append(stream.fresh->head().headers, type_name, value);
}

void ServerSession::on_fields_too_large(Stream& base) {
  auto& stream = static_cast<ServerStream&>(base);
  std::string text = "the request's header fields need " + std::to_string(stream.field_bytes) +
                     " bytes, the limit is " + std::to_string(limits().header_list) + " (option header_list_limit)";
  if (!stream.fresh) {
    fail(stream, http::ResetReason::too_large, std::move(text), NGHTTP2_ENHANCE_YOUR_CALM);
    return;
  }
  http::Refusal refusal = handler_.refuse(stream.fresh->head(), std::move(text));
  cut(stream);
  stream.head_complete = true;
  stream.finished = true;
  stream.head = std::move(refusal.head);
  if (!refusal.body.empty()) stream.body.push(std::move(refusal.body));
  refuse_rest(stream);
  set_ready(stream);
}

void ServerSession::hand_over(Link& link) {
  handler_.on_request(std::move(static_cast<ServerStream&>(*stream_of(link)).fresh));
}

// ---- Answers out

void ServerSession::send_head(ServerStream& stream, http::ResponseHead head, bool ends) {
  stream.head = std::move(head);
  stream.finished = ends;
  set_ready(stream);
}

void ServerSession::submit(Stream& base) {
  auto& stream = static_cast<ServerStream&>(base);
  stream.submitted = true;
  // Whoever asks for a status that HTTP does not have has failed.
  const int status = stream.head.status >= 200 && stream.head.status <= 999 ? stream.head.status : 500;
  std::to_chars(stream.status.data(), stream.status.data() + stream.status.size(), status);
  fields().begin(peer_header_list());
  fields().add(":status", {stream.status.data(), stream.status.size()});
  fields().add_all(stream.head.headers);
  if (!fields_fit(stream)) return;
  const bool no_body = stream.finished && stream.body.size() == 0;
  if (no_body && !stream.trailers.empty()) {
    nghttp2_submit_headers(native(), NGHTTP2_FLAG_NONE, stream.id, nullptr, fields().data(), fields().size(), nullptr);
    submit_trailers(stream);
    return;
  }
  const nghttp2_data_provider body = source(stream);
  nghttp2_submit_response(native(), stream.id, fields().data(), fields().size(), no_body ? nullptr : &body);
}

void ServerSession::on_cut(Stream& stream) { static_cast<ServerStream&>(stream).fresh.reset(); }

void ServerSession::on_abandoned(Stream& stream) {
  if (!stream.finished) {
    reset_stream(stream, NGHTTP2_INTERNAL_ERROR);
  } else {
    refuse_rest(stream);
  }
}

std::unique_ptr<ServerSession> make_server_session(http::RequestHandler& handler, const http::SessionLimits& limits,
                                                   Peer peer, std::string scheme) {
  return std::make_unique<ServerSession>(handler, limits, std::move(peer), std::move(scheme));
}

}  // namespace connectrpc::http2
