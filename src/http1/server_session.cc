// The server's end of an HTTP/1.1 connection.
#include "http1/server_session.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "base/byte_queue.h"
#include "http1/head_text.h"
#include "http1/outgoing.h"
#include "http1/parser.h"

namespace connectrpc::http1 {
namespace {

// The rest of a refused request that is read to keep the connection: cheaper than a new one, TLS included.
constexpr std::uint64_t max_discarded = 64 * 1024;
// Requests that came before their turn; reading stops at this much, so at most one read more is held.
constexpr std::size_t max_held = 16 * 1024;

class ServerSessionImpl;

class ServerExchangeImpl final : public http::ServerExchange {
 public:
  explicit ServerExchangeImpl(ServerSessionImpl& session) : session_(&session) {}
  ~ServerExchangeImpl() override;

  void send_head(http::ResponseHead head, bool ends) override;
  void send_body(std::string bytes) override;
  void finish() override { finish(Headers()); }
  void finish(Headers trailers) override;
  void abort(http::ResetReason reason) override;
  std::size_t unsent() const override;

 protected:
  void on_consumed(std::size_t size) override;

 private:
  friend class ServerSessionImpl;

  // Null once either side has ended the relation.
  ServerSessionImpl* session_;
};

class ServerSessionImpl final : public ServerSession {
 public:
  ServerSessionImpl(http::RequestHandler& handler, const http::SessionLimits& limits, Peer peer, std::string scheme)
      : handler_(handler),
        limits_(limits),
        peer_(std::move(peer)),
        scheme_(std::move(scheme)),
        parser_(make_request_parser(limits.header_list)) {}
  ~ServerSessionImpl() override { connection_lost("the connection was closed"); }

  void receive(std::string_view bytes) override;
  void receive_end() override;
  void connection_lost(std::string_view reason) override {
    close_now();
    interim_.clear();
    lose(http::ResetReason::connection_lost, std::string(reason));
  }
  void produce(io::Output& out, std::size_t limit) override;
  bool wants_read() const override;
  bool wants_close() const override { return closing_ && interim_.empty(); }
  void announce_end() override;
  bool ending() const override { return draining_; }
  void limit_requests(std::size_t count) override { most_requests_ = count; }
  bool head_begun() const override { return reading_ == Reading::head && parser_->begun(); }
  std::size_t requests() const override { return requests_; }
  void drain() override;
  std::size_t active() const override { return answering_ ? 1 : 0; }

  // What the exchange does.
  void give_head(http::ResponseHead head);
  Outgoing& answer() { return answer_; }
  void on_given() {
    if (!busy_) wake();
  }
  void on_consumed(std::size_t before, std::size_t now) {
    if (before > limits_.stream_window && now <= limits_.stream_window && !busy_) wake();
  }
  void on_dropped();

 private:
  enum class Reading : std::uint8_t {
    head,     // the next request is waited for
    body,     // its body is being received
    done,     // it is here; what follows is held back
    stopped,  // nothing more will be read
  };

  void run(std::string_view& input);
  void run_held();
  void parse(std::string_view& input);
  void begin_request();
  void take_body();
  void end_request();
  void refuse(const Fault& fault);
  http::Refusal refusal_of(const Fault& fault, bool in_head);
  void deliver();
  void settle_end();
  void write_answer(io::Output& out, std::size_t limit);
  void write_head(std::string& out);
  bool answered() const { return answering_ && answer_.done() && reading_ != Reading::body; }
  void next_request();
  void abandon_request();
  void close_now();
  void lose(http::ResetReason reason, std::string text);
  void unlink() {
    if (current_ != nullptr) current_->session_ = nullptr;
    current_ = nullptr;
  }

  http::RequestHandler& handler_;
  const http::SessionLimits limits_;
  const Peer peer_;
  const std::string scheme_;
  std::unique_ptr<Parser> parser_;
  // Bytes behind the request that is being answered.
  base::ByteQueue held_;
  // 100 Continue, or the session's own last word.
  std::string interim_;

  // The exchange under way, unless its handler has dropped it.
  ServerExchangeImpl* current_ = nullptr;
  // The same, until the handler gets it.
  std::unique_ptr<ServerExchangeImpl> undelivered_;
  http::ResponseHead head_;
  Outgoing answer_;

  Reading reading_ = Reading::head;
  std::size_t requests_ = 0;
  std::size_t most_requests_ = 0;
  bool answering_ = false;     // a request has come whose answer has not left
  bool head_given_ = false;    // head_ is there
  bool head_request_ = false;  // it was HEAD
  bool http1_0_ = false;
  bool expects_ = false;      // waits for 100 Continue
  bool news_ = false;         // current_ is to be told
  bool close_after_ = false;  // no request after this one
  bool end_received_ = false;
  bool draining_ = false;
  bool closing_ = false;
  bool busy_ = false;  // inside a call from the connection
};

ServerExchangeImpl::~ServerExchangeImpl() {
  if (session_ != nullptr) session_->on_dropped();
}

void ServerExchangeImpl::send_head(http::ResponseHead head, bool ends) {
  if (session_ == nullptr || head_sent_ || outbound_ended_) return;
  head_sent_ = true;
  session_->give_head(std::move(head));
  if (ends) finish();
  session_->on_given();
}

void ServerExchangeImpl::send_body(std::string bytes) {
  if (session_ == nullptr || outbound_ended_) return;
  session_->answer().append(std::move(bytes));
  session_->on_given();
}

void ServerExchangeImpl::finish(Headers trailers) {
  if (session_ == nullptr || outbound_ended_) return;
  // An answer without a head is none.
  if (!head_sent_) return abort(http::ResetReason::internal_error);
  outbound_ended_ = true;
  session_->answer().finish(std::move(trailers));
  session_->on_given();
}

void ServerExchangeImpl::abort(http::ResetReason reason) {
  if (session_ == nullptr || finished()) return;
  reset_ = http::Reset{reason, "ended by this side"};
  ServerSessionImpl& session = *std::exchange(session_, nullptr);
  session.on_dropped();
}

std::size_t ServerExchangeImpl::unsent() const { return session_ == nullptr ? 0 : session_->answer().unsent(); }

void ServerExchangeImpl::on_consumed(std::size_t size) {
  if (session_ != nullptr) session_->on_consumed(unread() + size, unread());
}

void ServerSessionImpl::receive(std::string_view bytes) {
  if (reading_ == Reading::stopped) return;
  busy_ = true;
  if (held_.empty()) {
    run(bytes);
    if (reading_ != Reading::stopped) held_.append(bytes);
  } else {
    held_.append(bytes);
    run_held();
  }
  busy_ = false;
}

void ServerSessionImpl::run_held() {
  std::string_view rest = held_.view();
  const std::size_t before = rest.size();
  run(rest);
  held_.consume(before - rest.size());
}

// As many requests as are there and get their answers written at once; in practice one.
void ServerSessionImpl::run(std::string_view& input) {
  while (true) {
    parse(input);
    deliver();
    if (!answered()) return;
    next_request();
    if (input.empty()) return;
  }
}

void ServerSessionImpl::parse(std::string_view& input) {
  while (reading_ == Reading::head || reading_ == Reading::body) {
    switch (parser_->next(input)) {
      case Parser::Event::need_more: return;
      case Parser::Event::head: begin_request(); break;
      case Parser::Event::body: take_body(); break;
      case Parser::Event::complete: end_request(); break;
      case Parser::Event::failed: return refuse(parser_->fault());
    }
  }
}

void ServerSessionImpl::begin_request() {
  MessageHead& head = parser_->head();
  auto exchange = std::make_unique<ServerExchangeImpl>(*this);
  head_request_ = head.method == "HEAD";
  http1_0_ = head.version == HttpVersion::http1_0;
  if (++requests_ == most_requests_) draining_ = true;
  close_after_ = draining_ || !head.keep_alive;
  expects_ = head.expectation == Expectation::go_ahead;
  exchange->peer_ = peer_;
  exchange->announced_length_ = head.content_length;
  http::RequestHead& request = exchange->request_;
  request.method = std::move(head.method);
  request.target = std::move(head.target);
  request.scheme = scheme_;
  request.authority = std::move(head.authority);
  request.headers = std::move(head.headers);
  request.version = head.version;

  reading_ = Reading::body;
  answering_ = true;
  if (head_request_) answer_.mute();
  current_ = exchange.get();
  undelivered_ = std::move(exchange);
}

void ServerSessionImpl::take_body() {
  expects_ = false;
  if (current_ == nullptr) return;
  const std::string_view bytes = parser_->body();
  // Room for what is announced, as far as it may come unconsumed, saves growing step by step.
  const std::optional<std::uint64_t> rest = parser_->rest();
  if (rest && current_->inbound_.empty())
    current_->inbound_.reserve(bytes.size() +
                               static_cast<std::size_t>(std::min<std::uint64_t>(*rest, limits_.stream_window)));
  current_->inbound_.append(bytes);
  news_ = true;
}

void ServerSessionImpl::end_request() {
  reading_ = Reading::done;
  expects_ = false;
  if (current_ == nullptr) return;
  current_->trailers_ = std::move(parser_->trailers());
  current_->inbound_ended_ = true;
  news_ = true;
}

void ServerSessionImpl::refuse(const Fault& fault) {
  const bool in_head = reading_ == Reading::head;
  reading_ = Reading::stopped;
  const bool whole_answer = answer_.finished();
  if (undelivered_ != nullptr) {
    unlink();
    undelivered_.reset();
  } else if (current_ != nullptr) {
    current_->reset_ = http::Reset{http::ResetReason::protocol_error, "the request is malformed: " + fault.text};
    news_ = true;
  }
  if (answering_ && whole_answer) {
    close_after_ = true;
    return;
  }
  if (!answer_.framed()) write_refusal(interim_, refusal_of(fault, in_head));
  close_now();
}

http::Refusal ServerSessionImpl::refusal_of(const Fault& fault, bool in_head) {
  if (!in_head || fault.status != 431) return http::plain_refusal(fault.status, fault.text);
  MessageHead& head = parser_->head();
  http::RequestHead request;
  request.method = std::move(head.method);
  request.target = std::move(head.target);
  request.scheme = scheme_;
  request.version = head.version;
  request.headers = std::move(head.headers);
  return handler_.refuse(request, fault.text);
}

// Tells the handler, last of all that a batch of input does: it may call back in any way.
void ServerSessionImpl::deliver() {
  if (undelivered_ != nullptr) {
    news_ = false;
    handler_.on_request(std::move(undelivered_));
    if (expects_ && current_ != nullptr && !answer_.finished() && reading_ == Reading::body) {
      expects_ = false;
      interim_ += "HTTP/1.1 100 Continue\r\n\r\n";
    }
  } else if (std::exchange(news_, false) && current_ != nullptr) {
    ServerExchangeImpl& exchange = *current_;
    if (exchange.reset_) unlink();
    exchange.notify_inbound();
  }
}

void ServerSessionImpl::receive_end() {
  busy_ = true;
  end_received_ = true;
  settle_end();
  if (answered()) next_request();
  busy_ = false;
}

void ServerSessionImpl::settle_end() {
  switch (reading_) {
    case Reading::head:
      if (!held_.empty()) return;
      reading_ = Reading::stopped;
      closing_ = true;
      return;
    case Reading::body:
      return lose(http::ResetReason::connection_lost, "the client closed the connection in the middle of the request");
    case Reading::done:
      if (!answer_.finished())
        return lose(http::ResetReason::canceled, "the client closed the connection before it had its answer");
      if (held_.empty()) close_after_ = true;
      return;
    case Reading::stopped: return;
  }
}

void ServerSessionImpl::produce(io::Output& out, std::size_t limit) {
  busy_ = true;
  while (true) {
    out.tail() += interim_;
    interim_.clear();
    write_answer(out, limit);
    if (answer_.take_fall(limits_.low_water) && current_ != nullptr) {
      current_->notify_outbound();
      if (out.size() < limit) continue;
    }
    if (answered()) next_request();
    if (reading_ == Reading::head && !held_.empty() && out.size() < limit) {
      run_held();
      if (end_received_) settle_end();
      continue;
    }
    if (end_received_) settle_end();
    break;
  }
  busy_ = false;
}

void ServerSessionImpl::write_answer(io::Output& out, std::size_t limit) {
  if (!answering_ || !head_given_) return;
  if (!answer_.framed()) write_head(out.tail());
  answer_.write(out, limit);
  if (answer_.broken()) lose(http::ResetReason::internal_error, "the body is not as long as its content-length");
}

void ServerSessionImpl::write_head(std::string& out) {
  const int status = head_.status;
  // The body that a client without 100 Continue holds back may come or not; nothing after it can be understood.
  if (expects_) close_after_ = true;

  std::optional<std::uint64_t> length;
  Framing framing = Framing::none;
  const std::optional<std::uint64_t> announced = content_length_of(head_.headers);
  if (head_request_) {
    length = announced;
    if (!length && answer_.finished()) length = answer_.total();
  } else if (status == 304) {
    length = announced;
  } else if (status != 204) {
    if (answer_.finished() && (answer_.trailers().empty() || http1_0_)) {
      framing = Framing::length;
      length = answer_.total();
    } else if (announced && !answer_.finished()) {
      framing = Framing::length;
      length = announced;
    } else if (http1_0_) {
      framing = Framing::to_end;
      close_after_ = true;
    } else {
      framing = Framing::chunked;
    }
  }

  write_status_line(out, status);
  write_fields(out, head_.headers);
  if (length) write_own_field(out, "content-length", std::to_string(*length));
  if (framing == Framing::chunked) {
    write_own_field(out, "transfer-encoding", "chunked");
    if (!head_.headers.contains("trailer")) write_trailer_names(out, answer_.trailers());
  }
  if (close_after_) {
    write_own_field(out, "connection", "close");
  } else if (http1_0_) {
    write_own_field(out, "connection", "keep-alive");
  }
  out += "\r\n";
  answer_.frame(framing, length.value_or(0));
}

void ServerSessionImpl::give_head(http::ResponseHead head) {
  // An interim status is no answer.
  if (head.status < 200 || head.status > 999) head.status = 500;
  if (asks_to_close(head.headers)) close_after_ = true;
  head_ = std::move(head);
  head_given_ = true;
}

// The answer has been written, and the request read or given up.
void ServerSessionImpl::next_request() {
  unlink();
  answering_ = false;
  head_given_ = false;
  news_ = false;
  answer_ = Outgoing();
  head_ = http::ResponseHead();
  if (close_after_ || reading_ == Reading::stopped) return close_now();
  reading_ = Reading::head;
  parser_->restart(false);
}

// The handler has no more interest in the exchange.
void ServerSessionImpl::on_dropped() {
  current_ = nullptr;
  if (answer_.finished()) {
    abandon_request();
    if (!busy_ && answered()) next_request();
  } else {
    close_now();
  }
  if (!busy_) wake();
}

void ServerSessionImpl::abandon_request() {
  if (reading_ != Reading::body) return;
  const std::optional<std::uint64_t> rest = parser_->rest();
  if (!expects_ && rest && *rest <= max_discarded) return;
  reading_ = Reading::stopped;
  close_after_ = true;
}

// What has not been written stays so.
void ServerSessionImpl::close_now() {
  reading_ = Reading::stopped;
  answering_ = false;
  answer_.drop();
  closing_ = true;
}

// An answer that is whole is still written.
void ServerSessionImpl::lose(http::ResetReason reason, std::string text) {
  reading_ = Reading::stopped;
  if (!answer_.finished() || answer_.broken()) close_now();
  ServerExchangeImpl* const exchange = current_;
  if (exchange == nullptr) return;
  unlink();
  exchange->reset_ = http::Reset{reason, std::move(text)};
  exchange->notify_inbound();
}

bool ServerSessionImpl::wants_read() const {
  switch (reading_) {
    case Reading::head:
    case Reading::done: return held_.size() < max_held;
    case Reading::body: return current_ == nullptr || current_->unread() <= limits_.stream_window;
    case Reading::stopped: break;
  }
  return false;
}

void ServerSessionImpl::announce_end() {
  draining_ = true;
  if (answering_) close_after_ = true;
}

void ServerSessionImpl::drain() {
  announce_end();
  if (!answering_ && !parser_->begun() && held_.empty()) close_now();
  wake();
}

}  // namespace

std::unique_ptr<ServerSession> make_server_session(http::RequestHandler& handler, const http::SessionLimits& limits,
                                                   Peer peer, std::string scheme) {
  return std::make_unique<ServerSessionImpl>(handler, limits, std::move(peer), std::move(scheme));
}

}  // namespace connectrpc::http1
