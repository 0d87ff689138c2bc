// What both ends of an HTTP/2 connection have in common.
#include "http2/session_core.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <utility>

#include "base/ascii.h"
#include "connectrpc/detail/headers_access.h"
#include "http2/reset_codes.h"
#include "http2/text.h"

namespace connectrpc::http2 {
namespace {

// Streams kept for later ones; more would only pay for bursts that come back at once.
constexpr std::size_t most_spare = 32;
// HTTP/2 ends where windows would (RFC 9113 section 6.9.1).
constexpr std::uint32_t largest_window = 0x7fffffff;
// A peer that wants larger heads than this is answered with an error of its own stream, not with a dead connection.
constexpr std::size_t largest_head = 1024 * 1024;
constexpr std::size_t frame_payload = 16 * 1024;

// Exceptions (there is only std::bad_alloc) must not fly through C.
template <class Work>
int guarded(Work&& work) noexcept {
  try {
    return work();
  } catch (...) {
    return NGHTTP2_ERR_CALLBACK_FAILURE;
  }
}

// Debian's 1.52 has these two from later releases; a plain 1.52 has not. Found by argument-dependent lookup where they
// are declared.
template <class Option>
auto limit_resets(Option* option, int) -> decltype(nghttp2_option_set_stream_reset_rate_limit(option, 0, 0)) {
  // Cancelling is normal in RPC: the default of 33 a second would cut healthy clients off. What rapid resets cost is
  // bounded by the cap on running exchanges.
  nghttp2_option_set_stream_reset_rate_limit(option, 10'000, 1'000);
}
template <class Option>
void limit_resets(Option*, long) {}

template <class Option>
auto limit_continuations(Option* option, std::size_t count, int)
    -> decltype(nghttp2_option_set_max_continuations(option, count)) {
  nghttp2_option_set_max_continuations(option, count);
}
template <class Option>
void limit_continuations(Option*, std::size_t, long) {}

// Few values have blanks at their ends.
std::string_view trimmed(std::string_view value) noexcept {
  const auto may_be_blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  return !value.empty() && (may_be_blank(value.front()) || may_be_blank(value.back())) ? base::trim(value) : value;
}

// Whether the session's side may have more to do than to keep a field: pseudo-headers, host, content-length.
bool may_be_special(std::string_view name) noexcept {
  return name.empty() || name.front() == ':' || name.front() == 'c' || name.front() == 'h';
}

struct OptionDelete {
  void operator()(nghttp2_option* option) const noexcept { nghttp2_option_del(option); }
};
struct CallbacksDelete {
  void operator()(nghttp2_session_callbacks* callbacks) const noexcept { nghttp2_session_callbacks_del(callbacks); }
};

std::unique_ptr<nghttp2_option, OptionDelete> make_options(const http::SessionLimits& limits) {
  nghttp2_option* raw = nullptr;
  if (nghttp2_option_new(&raw) != 0) throw std::bad_alloc();
  std::unique_ptr<nghttp2_option, OptionDelete> option(raw);
  nghttp2_option_set_no_auto_window_update(raw, 1);
  nghttp2_option_set_no_closed_streams(raw, 1);
  nghttp2_option_set_no_http_messaging(raw, 1);  // MessageRules does
  nghttp2_option_set_max_send_header_block_length(raw, largest_head);
  limit_resets(raw, 0);
  // nghttp2's own 8 would end the connection of a peer whose stream needs no more than a refusal.
  limit_continuations(raw, std::max(largest_head, limits.header_list) / frame_payload + 4, 0);
  return option;
}

}  // namespace

// nghttp2's callbacks; `user` is the session.
struct SessionCore::Callbacks {
  static SessionCore& core(void* user) noexcept { return *static_cast<SessionCore*>(user); }

  static std::unique_ptr<nghttp2_session_callbacks, CallbacksDelete> make() {
    nghttp2_session_callbacks* raw = nullptr;
    if (nghttp2_session_callbacks_new(&raw) != 0) throw std::bad_alloc();
    std::unique_ptr<nghttp2_session_callbacks, CallbacksDelete> callbacks(raw);
    nghttp2_session_callbacks_set_on_begin_headers_callback(raw, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(raw, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(raw, on_frame_recv);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(raw, on_invalid_frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(raw, on_data_chunk_recv);
    nghttp2_session_callbacks_set_on_stream_close_callback(raw, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(raw, on_frame_send);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(raw, on_frame_not_send);
    nghttp2_session_callbacks_set_send_data_callback(raw, send_data);
    nghttp2_session_callbacks_set_error_callback2(raw, on_error);
    return callbacks;
  }

  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    return guarded([&] {
      core(user).on_fields_begin(*frame);
      return 0;
    });
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                       const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
    return guarded([&] {
      SessionCore& self = core(user);
      Stream* const stream = self.find(frame->hd.stream_id);
      if (stream == nullptr) return 0;
      const Fault fault = self.on_field(*stream, as_text(name, name_size), as_text(value, value_size));
      if (fault == Fault::none) return 0;
      self.break_off(*stream, fault, as_text(name, name_size));
      return static_cast<int>(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE);  // the rest of the fields is not of interest
    });
  }

  static int on_frame_recv(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    return guarded([&] {
      SessionCore& self = core(user);
      switch (frame->hd.type) {
        case NGHTTP2_HEADERS:
        case NGHTTP2_DATA:
          if (Stream* stream = self.find(frame->hd.stream_id)) self.on_message_frame(*stream, frame->hd);
          break;
        case NGHTTP2_RST_STREAM:
          if (Stream* stream = self.find(frame->hd.stream_id)) stream->reset_by_peer = true;
          break;
        case NGHTTP2_GOAWAY:
          self.goaway_ = true;
          // Of several the first says most.
          if (frame->goaway.error_code != NGHTTP2_NO_ERROR && self.end_text_.empty()) {
            self.end_text_ = std::string(self.other_end()) +
                             " gave the connection up: " + error_name(frame->goaway.error_code) +
                             excerpt(as_text(frame->goaway.opaque_data, frame->goaway.opaque_data_len));
          }
          self.on_goaway(frame->goaway);
          break;
        case NGHTTP2_PING:
          if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) {
            self.on_ping_ack(frame->ping.opaque_data);
          } else {
            self.on_ping();
          }
          break;
        default: break;
      }
      return 0;
    });
  }

  static int on_invalid_frame_recv(nghttp2_session*, const nghttp2_frame* frame, int library_error, void* user) {
    return guarded([&] {
      SessionCore& self = core(user);
      std::string complaint = std::exchange(self.complaint_, {});
      if (complaint.empty()) complaint = nghttp2_strerror(library_error);
      if (Stream* stream = self.find(frame->hd.stream_id)) {
        // nghttp2 has queued RST_STREAM already.
        self.give_reset(*stream, http::ResetReason::protocol_error,
                        std::string(self.other_end()) + " broke HTTP/2: " + complaint);
      }
      return 0;
    });
  }

  static int on_data_chunk_recv(nghttp2_session* session, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                                std::size_t size, void* user) {
    return guarded([&] {
      SessionCore& self = core(user);
      if (Stream* stream = self.find(id)) {
        stream->body_bytes += size;
        const Fault fault = stream->head_complete ? stream->rules.body(stream->body_bytes) : Fault::no_head;
        if (fault != Fault::none) {
          self.break_off(*stream, fault);
        } else if (stream->link != nullptr) {
          stream->link->take_body(as_text(bytes, size));
          self.touch_inbound(*stream->link);
        }
      }
      // At once, whoever reads it when: a stream that is not read must not hold up the others.
      return nghttp2_session_consume_connection(session, size);
    });
  }

  static int on_stream_close(nghttp2_session*, std::int32_t id, std::uint32_t error_code, void* user) {
    return guarded([&] {
      SessionCore& self = core(user);
      if (Stream* stream = self.find(id)) self.on_stream_closed(*stream, error_code);
      return 0;
    });
  }

  static int on_frame_send(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    return guarded([&] {
      SessionCore& self = core(user);
      if (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) self.on_message_sent();
      if (frame->hd.type == NGHTTP2_GOAWAY) {
        self.goaway_ = true;
        if (frame->goaway.error_code != NGHTTP2_NO_ERROR) {
          self.broken_off_ = true;
          self.end_reason_ = to_reason(frame->goaway.error_code);
          if (self.end_text_.empty()) {
            self.end_text_ = std::string(self.other_end()) + " broke HTTP/2: " + error_name(frame->goaway.error_code) +
                             excerpt(as_text(frame->goaway.opaque_data, frame->goaway.opaque_data_len));
          }
        } else {
          self.on_goaway_sent();
        }
      } else if (self.refusing_ != 0 && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 &&
                 (frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS)) {
        Stream* stream = self.find(frame->hd.stream_id);
        if (stream != nullptr && stream->reset_when_sent && !stream->remote_ended)
          return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_NO_ERROR);
      }
      return 0;
    });
  }

  static int on_frame_not_send(nghttp2_session*, const nghttp2_frame* frame, int library_error, void* user) {
    return guarded([&] {
      SessionCore& self = core(user);
      // Everything else is a stream or a connection that ended meanwhile, which is told elsewhere.
      if (frame->hd.type == NGHTTP2_HEADERS && library_error == NGHTTP2_ERR_FRAME_SIZE_ERROR) {
        if (Stream* stream = self.find(frame->hd.stream_id)) {
          self.fail(*stream, http::ResetReason::internal_error,
                    "the fields to be sent need more than " + std::to_string(largest_head) + " bytes",
                    NGHTTP2_INTERNAL_ERROR);
        }
      }
      return 0;
    });
  }

  static ssize_t read_body(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t room, std::uint32_t* flags,
                           nghttp2_data_source* source, void* user) {
    Stream& stream = *static_cast<Stream*>(source->ptr);
    const std::size_t waiting = stream.body.size();
    if (stream.muted || (waiting == 0 && !stream.finished)) {
      stream.deferred = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    const std::size_t size = std::min(room, waiting);
    if (size == waiting && stream.finished) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (!stream.trailers.empty()) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        const int result =
            guarded([&] { return core(user).submit_trailers(stream) ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; });
        if (result != 0) return result;
      }
    }
    return static_cast<ssize_t>(size);
  }

  static int send_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* frame_head, std::size_t size,
                       nghttp2_data_source* source, void* user) {
    constexpr std::size_t frame_head_size = 9;
    return guarded([&]() -> int {
      SessionCore& self = core(user);
      Stream& stream = *static_cast<Stream*>(source->ptr);
      io::Output& out = *self.out_;
      out.tail() += as_text(frame_head, frame_head_size);
      stream.body.move_to(out, size);
      self.sent_some(stream);
      return out.size() >= self.out_limit_ ? NGHTTP2_ERR_PAUSE : 0;
    });
  }

  static int on_error(nghttp2_session*, int, const char* message, std::size_t size, void* user) {
    return guarded([&] {
      constexpr std::size_t most = 160;
      core(user).complaint_ = printable(std::string_view(message, std::min(size, most)));
      return 0;
    });
  }
};

// ---- Beginning and end

SessionCore::SessionCore(Side side, const http::SessionLimits& limits, Peer peer,
                         std::vector<nghttp2_settings_entry> settings)
    : side_(side), limits_(limits), peer_(std::move(peer)) {
  const auto callbacks = Callbacks::make();
  const auto options = make_options(limits_);
  nghttp2_session* raw = nullptr;
  nghttp2_mem memory = memory_.hooks();
  const int result = is_server() ? nghttp2_session_server_new3(&raw, callbacks.get(), this, options.get(), &memory)
                                 : nghttp2_session_client_new3(&raw, callbacks.get(), this, options.get(), &memory);
  if (result != 0) throw std::bad_alloc();
  native_.reset(raw);
  memory_.close_span();
  const auto narrow = [](std::size_t size) {
    return static_cast<std::uint32_t>(std::min<std::size_t>(size, 0xffffffff));
  };
  settings.push_back({NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, std::min(limits_.stream_window, largest_window)});
  settings.push_back({NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, narrow(limits_.header_list)});
  nghttp2_submit_settings(raw, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(raw, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<std::int32_t>(std::min(limits_.connection_window, largest_window)));
}

SessionCore::~SessionCore() {
  while (open_ != nullptr) delete std::exchange(open_, open_->next);
}

void SessionCore::end_all() {
  dead_ = true;
  for (Stream* stream = open_; stream != nullptr; stream = stream->next) cut(*stream);
  // What is told may destroy other exchanges, which then leave the list by themselves.
  while (links_ != nullptr) {
    Link& link = *links_;
    leave(link);
    link.session_ = nullptr;
    if (!link.over()) {
      link.take_reset({http::ResetReason::connection_lost, "the connection was given up"});
      link.tell_inbound();
    }
  }
}

void SessionCore::connection_lost(std::string_view reason) {
  const Busy busy(*this);
  std::string text(reason);
  if (!end_text_.empty()) text += "; " + end_text_;
  die(http::ResetReason::connection_lost, text);
  deliver();
}

void SessionCore::die(http::ResetReason reason, std::string_view text) {
  if (dead_) return;
  dead_ = true;
  reset_all(reason, text);
}

void SessionCore::reset_all(http::ResetReason reason, std::string_view text) {
  for (Link* link = links_; link != nullptr;) {
    Link* const next = link->next_;  // a fresh one dies right here
    if (Stream* const stream = link->stream_; stream != nullptr && !link->over()) {
      if (stream->id != 0) {
        give_reset(*stream, reason, std::string(text));
      } else {
        // A request that never left was not processed, so much is certain.
        const bool lost = reason == http::ResetReason::connection_lost;
        give_reset(*stream, lost ? http::ResetReason::refused : reason, std::string(text));
        close(*stream);
      }
    }
    link = next;
  }
}

bool SessionCore::send_ping() {
  constexpr std::array<std::uint8_t, 8> alive = {'a', 'l', 'i', 'v', 'e', '?', ' ', ' '};
  if (dead_ || nghttp2_submit_ping(native(), NGHTTP2_FLAG_NONE, alive.data()) != 0) return false;
  wake_if_idle();
  return true;
}

void SessionCore::give_up(std::uint32_t error_code, std::string_view text) {
  nghttp2_submit_goaway(native(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(native()), error_code,
                        reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  nghttp2_session_terminate_session(native(), error_code);
  wake_if_idle();
}

// ---- Bytes in

void SessionCore::receive(std::string_view bytes) {
  if (dead_ || failed_ || read_ended_) return;
  const Busy busy(*this);
  const ssize_t result =
      nghttp2_session_mem_recv(native(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (result < 0) {
    fail_connection(static_cast<int>(result));
  } else if (is_server()) {
    if (const std::uint32_t error = end_watch_.look(bytes); error != NGHTTP2_NO_ERROR)
      nghttp2_session_terminate_session(native(), error);
  }
  deliver();
}

void SessionCore::receive_end() {
  if (dead_ || read_ended_) return;
  const Busy busy(*this);
  read_ended_ = true;
  std::string text = std::string(other_end()) + " closed the connection";
  if (!end_text_.empty()) text += "; " + end_text_;
  reset_all(http::ResetReason::connection_lost, text);
  deliver();
}

void SessionCore::fail_connection(int library_error) {
  failed_ = true;
  goaway_ = true;
  constexpr int too_many_continuations = -905;  // has a name in Debian's 1.52 and from 1.61 on
  const bool flooded = library_error == NGHTTP2_ERR_FLOODED || library_error == too_many_continuations;
  const bool blame = flooded || library_error == NGHTTP2_ERR_BAD_CLIENT_MAGIC;
  end_reason_ = blame ? http::ResetReason::protocol_error : http::ResetReason::internal_error;
  end_text_ = blame ? std::string(other_end()) + " broke HTTP/2: " : std::string("HTTP/2 failed: ");
  end_text_ += nghttp2_strerror(library_error);
  nghttp2_session_terminate_session(native(), to_error_code(flooded ? http::ResetReason::too_busy : end_reason_));
  reset_all(end_reason_, end_text_);
}

bool SessionCore::wants_read() const {
  return !dead_ && !failed_ && !read_ended_ && nghttp2_session_want_read(native()) != 0;
}

bool SessionCore::wants_close() const {
  if (dead_) return true;
  const bool reading_over = read_ended_ || nghttp2_session_want_read(native()) == 0;
  return reading_over && nghttp2_session_want_write(native()) == 0 && ready_.empty();
}

Stream* SessionCore::find_other(std::int32_t id) noexcept {
  auto* const stream = static_cast<Stream*>(nghttp2_session_get_stream_user_data(native(), id));
  if (stream != nullptr) recent_ = stream;
  return stream;
}

inline Fault SessionCore::on_field(Stream& stream, std::string_view name, std::string_view value) {
  const Fault fault =
      stream.head_complete ? stream.rules.trailer(name, value) : stream.rules.head_field(incoming(), name, value);
  if (fault != Fault::none) return fault;
  constexpr std::size_t field_overhead = 32;  // RFC 9113 section 6.5.2
  stream.field_bytes += name.size() + value.size() + field_overhead;
  // nghttp2 counts only what a frame holds, and one byte may stand for a field of 4 KiB.
  if (stream.field_bytes > limits_.header_list) {
    on_excess_field(stream, name, value);
    return Fault::none;
  }
  // grpc++ sends values with spaces at the ends.
  value = trimmed(value);
  if (stream.link == nullptr) return Fault::none;
  if (stream.head_complete) {
    stream.link->take_trailer(name, value);
  } else if (may_be_special(name)) {
    on_head_field(stream, name, value);
  } else {
    detail::HeadersAccess::append_lower(stream.link->head_fields(), name, value);
  }
  return Fault::none;
}

Fault SessionCore::fault_of(Stream& stream, const nghttp2_frame_hd& frame) const {
  const bool ends = (frame.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (stream.head_complete) {
    if (frame.type == NGHTTP2_HEADERS && !ends) return Fault::trailers_go_on;
  } else {
    if (frame.type != NGHTTP2_HEADERS) return Fault::no_head;
    const Fault fault = stream.rules.head_complete(incoming());
    if (fault != Fault::none) return fault;
    if (ends && MessageRules::is_informational(stream.rules.status())) return Fault::no_head;
  }
  return ends ? stream.rules.end(stream.body_bytes) : Fault::none;
}

void SessionCore::on_message_frame(Stream& stream, const nghttp2_frame_hd& frame) {
  if (const Fault fault = fault_of(stream, frame); fault != Fault::none) return break_off(stream, fault);
  if (frame.type == NGHTTP2_HEADERS) on_fields_complete(stream);
  if ((frame.flags & NGHTTP2_FLAG_END_STREAM) == 0) return;
  stream.remote_ended = true;
  if (stream.link == nullptr) return;
  stream.link->take_end();
  touch_inbound(*stream.link);
}

void SessionCore::break_off(Stream& stream, Fault fault, std::string_view name) {
  fail(stream, http::ResetReason::protocol_error,
       std::string(other_end()) + " broke HTTP/2: " + stream.rules.describe(fault, name), NGHTTP2_PROTOCOL_ERROR);
}

void SessionCore::on_fields_complete(Stream& stream) {
  if (stream.field_bytes > limits_.header_list) {
    on_fields_too_large(stream);
  } else if (!stream.head_complete) {
    if (stream.link != nullptr && stream.rules.length()) stream.link->announced() = stream.rules.length();
    on_head_complete(stream);
  }
}

void SessionCore::on_stream_closed(Stream& stream, std::uint32_t error_code) {
  if (stream.link != nullptr) {
    if (!stream.link->over()) {
      if (broken_off_ && !stream.reset_by_peer) {
        give_reset(stream, end_reason_, end_text_);
      } else {
        give_reset(stream, to_reason(error_code), reset_text(stream, error_code));
      }
    } else if (stream.above_low_water) {
      // Nobody waits for a peer that has gone.
      stream.link->outbound_news_ = true;
      touch(*stream.link);
    }
  }
  close(stream);
}

std::string SessionCore::reset_text(const Stream& stream, std::uint32_t error_code) const {
  const std::string who(other_end());
  if (stream.reset_by_peer) return who + " reset the stream: " + error_name(error_code);
  if (error_code == NGHTTP2_REFUSED_STREAM && goaway_) return refused_text();
  return who + " broke HTTP/2: " + error_name(error_code);
}

std::string SessionCore::refused_text() const {
  const std::string text = std::string(other_end()) + " is going away and did not process the request";
  return end_text_.empty() ? text : text + "; " + end_text_;
}

// ---- Bytes out

void SessionCore::produce(io::Output& out, std::size_t limit) {
  if (dead_) return;
  const Busy busy(*this);
  bool more = true;
  while (more && !dead_) {
    flush_ready();
    drain(out, limit);
    if (goaway_ && !dead_ && wants_close()) die(end_reason_, end_text_);
    deliver();
    // Observers that were told of room may have sent more.
    more = !ready_.empty() && out.size() < limit;
  }
}

void SessionCore::flush_ready() {
  for (std::size_t i = 0; i < ready_.size(); ++i) {
    Stream& stream = *ready_[i];
    stream.ready = false;
    if (stream.closed) {
      recycle(stream);
    } else if (stream.muted) {
      // What it had to say is no longer of interest.
    } else if (!stream.submitted) {
      submit(stream);
    } else if (stream.deferred) {
      stream.deferred = false;
      nghttp2_session_resume_data(native(), stream.id);
    }
  }
  ready_.clear();
}

void SessionCore::drain(io::Output& out, std::size_t limit) {
  out_ = &out;
  out_limit_ = limit;
  ssize_t size = 0;
  while (out.size() < limit) {
    const std::uint8_t* bytes = nullptr;
    size = nghttp2_session_mem_send(native(), &bytes);
    if (size <= 0) break;
    out.tail() += as_text(bytes, static_cast<std::size_t>(size));
  }
  out_ = nullptr;
  if (size < 0) {
    die(http::ResetReason::internal_error, std::string("HTTP/2 failed: ") + nghttp2_strerror(static_cast<int>(size)));
  }
}

std::uint32_t SessionCore::peer_header_list() const noexcept {
  return nghttp2_session_get_remote_settings(native(), NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE);
}

nghttp2_data_provider SessionCore::source(Stream& stream) noexcept {
  nghttp2_data_provider provider;
  provider.source.ptr = &stream;
  provider.read_callback = Callbacks::read_body;
  return provider;
}

bool SessionCore::fields_fit(Stream& stream) {
  const HeaderView field = fields_.oversized();
  if (field.name.empty()) return true;
  fail(stream, http::ResetReason::too_large,
       "the field " + quoted(field.name) + " has " + std::to_string(field.value.size()) + " bytes, but " +
           std::string(other_end()) + " takes at most " + std::to_string(peer_header_list()) +
           " for all fields (SETTINGS_MAX_HEADER_LIST_SIZE)",
       NGHTTP2_ENHANCE_YOUR_CALM);
  return false;
}

bool SessionCore::submit_trailers(Stream& stream) {
  fields_.begin(peer_header_list());
  fields_.add_all(stream.trailers);
  return fields_fit(stream) && nghttp2_submit_trailer(native(), stream.id, fields_.data(), fields_.size()) == 0;
}

void SessionCore::sent_some(Stream& stream) {
  if (!stream.above_low_water || stream.body.size() > limits_.low_water) return;
  stream.above_low_water = false;
  if (stream.link != nullptr) {
    stream.link->outbound_news_ = true;
    touch(*stream.link);
  }
}

void SessionCore::set_ready(Stream& stream) {
  if (!stream.ready) {
    stream.ready = true;
    ready_.push_back(&stream);
  }
  if (!busy_) wake();
}

void SessionCore::wake_if_idle() {
  if (!busy_ && nghttp2_session_want_write(native()) != 0) wake();
}

// ---- What exchanges call

void SessionCore::send_body(Stream& stream, std::string bytes) {
  stream.body.push(std::move(bytes));
  body_grew(stream);
}

void SessionCore::append_body(Stream& stream, std::string_view bytes) {
  stream.body.append(bytes);
  body_grew(stream);
}

void SessionCore::body_grew(Stream& stream) {
  if (stream.body.size() > limits_.low_water) stream.above_low_water = true;
  set_ready(stream);
}

void SessionCore::finish(Stream& stream, Headers trailers) {
  stream.finished = true;
  stream.trailers = std::move(trailers);
  set_ready(stream);
}

void SessionCore::abort(Stream& stream, http::ResetReason reason) {
  if (is_server() && reason == http::ResetReason::no_error && stream.finished) {
    cut(stream);
    refuse_rest(stream);
  } else {
    // NO_ERROR says that an answer is complete, which no client can say.
    if (!is_server() && reason == http::ResetReason::no_error) reason = http::ResetReason::canceled;
    reset_stream(stream, to_error_code(reason));
  }
}

void SessionCore::consumed(Stream& stream, std::size_t size) {
  if (stream.remote_ended) return;
  // The peer hears of half a window at a time, so nghttp2 need not hear of each message.
  stream.consumed += size;
  if (stream.consumed < std::min(limits_.stream_window, largest_window) / 2) return;
  if (nghttp2_session_consume_stream(native(), stream.id, std::exchange(stream.consumed, 0)) == 0) wake_if_idle();
}

void SessionCore::enter(Link& link) {
  link.next_ = links_;
  if (links_ != nullptr) links_->previous_ = &link;
  links_ = &link;
  ++link_count_;
}

void SessionCore::leave(Link& link) {
  (link.previous_ != nullptr ? link.previous_->next_ : links_) = link.next_;
  if (link.next_ != nullptr) link.next_->previous_ = link.previous_;
  link.previous_ = link.next_ = nullptr;
  --link_count_;
  if (link.touched_at_ != Link::untouched) touched_[link.touched_at_] = nullptr;
  if (Stream* const stream = std::exchange(link.stream_, nullptr)) {
    stream->link = nullptr;
    on_abandoned(*stream);
  }
}

Link::Link(SessionCore& session, Stream& stream, Headers& head_fields)
    : session_(&session), stream_(&stream), head_fields_(&head_fields) {
  stream.link = this;
  session.enter(*this);
}

Link::~Link() {
  if (session_ != nullptr) session_->leave(*this);
}

// ---- Streams

Stream& SessionCore::open_stream() {
  std::unique_ptr<Stream> stream;
  if (spare_.empty()) {
    stream = make_stream();
  } else {
    stream = std::move(spare_.back());
    spare_.pop_back();
  }
  stream->next = open_;
  if (open_ != nullptr) open_->previous = stream.get();
  open_ = stream.release();
  ++open_count_;
  return *open_;
}

void SessionCore::close(Stream& stream) {
  if (stream.closed) return;
  stream.closed = true;
  --open_count_;
  if (recent_ == &stream) recent_ = nullptr;
  if (stream.reset_when_sent) --refusing_;
  cut(stream);
  if (!stream.ready) recycle(stream);
}

void SessionCore::recycle(Stream& stream) {
  (stream.previous != nullptr ? stream.previous->next : open_) = stream.next;
  if (stream.next != nullptr) stream.next->previous = stream.previous;
  std::unique_ptr<Stream> owned(&stream);
  if (spare_.size() < most_spare) {
    owned->clear();
    spare_.push_back(std::move(owned));
  }
}

void SessionCore::drop_spares() {
  // Every stream leaves itself.
  if (spare_.empty() || open_count_ != 0 || busy_) return;
  spare_.clear();
  spare_.shrink_to_fit();
  ready_.shrink_to_fit();
  touched_.shrink_to_fit();
  fields_ = FieldList();
  memory_.drop_zeros();
}

void SessionCore::cut(Stream& stream) {
  if (Link* const link = std::exchange(stream.link, nullptr)) {
    link->stream_ = nullptr;
    on_cut(stream);
  }
}

void SessionCore::give_reset(Stream& stream, http::ResetReason reason, std::string text) {
  if (stream.link != nullptr && !stream.link->over()) {
    stream.link->take_reset({reason, std::move(text)});
    touch_inbound(*stream.link);
  }
  cut(stream);
  mute(stream);
}

void SessionCore::mute(Stream& stream) {
  stream.muted = true;
  stream.above_low_water = false;
  stream.body.clear();
}

void SessionCore::reset_stream(Stream& stream, std::uint32_t error_code) {
  cut(stream);
  mute(stream);
  if (stream.id == 0) {
    close(stream);  // a request that never left
  } else {
    nghttp2_submit_rst_stream(native(), NGHTTP2_FLAG_NONE, stream.id, error_code);
    if (!busy_) wake();
  }
}

void SessionCore::fail(Stream& stream, http::ResetReason reason, std::string text, std::uint32_t error_code) {
  give_reset(stream, reason, std::move(text));
  reset_stream(stream, error_code);
}

void SessionCore::refuse_rest(Stream& stream) {
  if (stream.remote_ended || stream.reset_when_sent) return;
  if (nghttp2_session_get_stream_local_close(native(), stream.id) == 1) {
    nghttp2_submit_rst_stream(native(), NGHTTP2_FLAG_NONE, stream.id, NGHTTP2_NO_ERROR);
    if (!busy_) wake();
  } else {
    stream.reset_when_sent = true;
    ++refusing_;
  }
}

// ---- Observers

void SessionCore::touch(Link& link) {
  if (link.touched_at_ == Link::untouched) {
    link.touched_at_ = touched_.size();
    touched_.push_back(&link);
  }
  if (!busy_) wake();
}

void SessionCore::touch_inbound(Link& link) {
  link.inbound_news_ = true;
  touch(link);
}

void SessionCore::deliver() {
  // The list may grow meanwhile, and an exchange that is destroyed leaves a gap in it.
  for (std::size_t i = 0; i < touched_.size(); ++i) {
    while (Link* const link = touched_[i]) {
      if (std::exchange(link->inbound_news_, false)) {
        if (std::exchange(link->fresh_, false)) {
          hand_over(*link);
        } else {
          link->tell_inbound();
        }
      } else if (std::exchange(link->outbound_news_, false)) {
        link->tell_outbound();
      } else {
        link->touched_at_ = Link::untouched;
        break;
      }
    }
  }
  touched_.clear();
}

}  // namespace connectrpc::http2
