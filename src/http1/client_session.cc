// The client's end of an HTTP/1.1 connection.
#include "http1/client_session.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/character_set.h"
#include "http1/head_text.h"
#include "http1/outgoing.h"
#include "http1/parser.h"
#include "http1/target.h"

namespace connectrpc::http1 {
namespace {

bool has_no_body(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "DELETE" || method == "OPTIONS" || method == "TRACE";
}

// Why this cannot be written as a head, or "".
std::string_view head_fault(const http::RequestHead& head) {
  if (!base::is_token(head.method)) return "the method is not a token";
  const bool bad_target = std::any_of(head.target.begin(), head.target.end(),
                                      [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; });
  if (head.target.empty() || bad_target) return "the target is empty or has a space or control character";
  return host_fault(head.authority);
}

class ClientSessionImpl;

class ClientExchangeImpl final : public http::ClientExchange {
 public:
  explicit ClientExchangeImpl(ClientSessionImpl* session) : session_(session) {}
  ~ClientExchangeImpl() override;

  void send_body(std::string bytes) override;
  void finish() override { finish(Headers()); }
  void finish(Headers trailers) override;
  void abort(http::ResetReason reason) override;
  std::size_t unsent() const override;

 protected:
  void on_consumed(std::size_t size) override;

 private:
  friend class ClientSessionImpl;

  // Null once either side has ended the relation.
  ClientSessionImpl* session_;
};

class ClientSessionImpl final : public ClientSession {
 public:
  ClientSessionImpl(const http::SessionLimits& limits, Peer peer)
      : limits_(limits), peer_(std::move(peer)), parser_(make_response_parser(limits.header_list)) {}
  ~ClientSessionImpl() override { connection_lost("the connection was closed"); }

  void receive(std::string_view bytes) override;
  void receive_end() override;
  void connection_lost(std::string_view reason) override;
  void produce(io::Output& out, std::size_t limit) override;
  bool wants_read() const override;
  bool wants_close() const override { return closing_; }

  std::size_t capacity() const override { return current_ != nullptr || retired_ ? 0 : 1; }
  bool retired() const override { return retired_; }
  std::size_t active() const override { return current_ != nullptr ? 1 : 0; }
  std::unique_ptr<http::ClientExchange> start(http::RequestHead head, bool ends) override;

  // What the exchange does.
  Outgoing& request() { return request_; }
  void on_given() {
    if (!busy_) wake();
  }
  void on_consumed(std::size_t before, std::size_t now) {
    if (before > limits_.stream_window && now <= limits_.stream_window && !busy_) wake();
  }
  void on_dropped();

 private:
  void parse(std::string_view& input);
  void take_head();
  void take_body();
  void close_now() { retired_ = closing_ = true; }
  void end_answer();
  void fail(http::ResetReason reason, std::string text);
  void deliver();
  void write_head(std::string& out);
  std::string use() const;

  const http::SessionLimits limits_;
  const Peer peer_;
  std::unique_ptr<Parser> parser_;
  // The exchange under way.
  ClientExchangeImpl* current_ = nullptr;
  http::RequestHead head_;
  Outgoing request_;
  std::size_t answers_ = 0;  // whole ones so far

  bool head_request_ = false;  // its method is HEAD
  bool answer_begun_ = false;  // a byte of the answer has come
  bool interim_ = false;       // the head that came last is a 1xx
  bool news_ = false;          // current_ is to be told
  bool over_ = false;          // and will hear nothing more
  bool retired_ = false;       // no exchange after this one
  bool closing_ = false;
  bool busy_ = false;  // inside a call from the connection
};

ClientExchangeImpl::~ClientExchangeImpl() {
  if (session_ != nullptr) session_->on_dropped();
}

void ClientExchangeImpl::send_body(std::string bytes) {
  if (session_ == nullptr || outbound_ended_ || reset_) return;
  session_->request().append(std::move(bytes));
  session_->on_given();
}

void ClientExchangeImpl::finish(Headers trailers) {
  if (session_ == nullptr || outbound_ended_ || reset_) return;
  outbound_ended_ = true;
  session_->request().finish(std::move(trailers));
  session_->on_given();
}

void ClientExchangeImpl::abort(http::ResetReason reason) {
  if (session_ == nullptr || finished()) return;
  reset_ = http::Reset{reason, "ended by this side"};
  ClientSessionImpl& session = *std::exchange(session_, nullptr);
  session.on_dropped();
}

std::size_t ClientExchangeImpl::unsent() const { return session_ == nullptr ? 0 : session_->request().unsent(); }

void ClientExchangeImpl::on_consumed(std::size_t size) {
  if (session_ != nullptr) session_->on_consumed(unread() + size, unread());
}

std::unique_ptr<http::ClientExchange> ClientSessionImpl::start(http::RequestHead head, bool ends) {
  if (capacity() == 0) {
    auto exchange = std::make_unique<ClientExchangeImpl>(nullptr);
    exchange->reset_ = http::Reset{http::ResetReason::refused, "the connection takes no request now"};
    return exchange;
  }
  auto exchange = std::make_unique<ClientExchangeImpl>(this);
  exchange->peer_ = peer_;
  current_ = exchange.get();
  head_ = std::move(head);
  head_request_ = head_.method == "HEAD";
  request_ = Outgoing();
  answer_begun_ = interim_ = news_ = over_ = false;
  parser_->restart(head_request_);
  if (ends) exchange->finish();
  const std::string_view fault = head_fault(head_);
  if (!fault.empty()) fail(http::ResetReason::internal_error, std::string(fault));
  wake();
  return exchange;
}

void ClientSessionImpl::receive(std::string_view bytes) {
  if (closing_) return;
  busy_ = true;
  if (current_ == nullptr || over_) {
    // Nobody asked; perhaps a farewell (408).
    close_now();
  } else if (!request_.framed()) {
    close_now();
    fail(http::ResetReason::refused, "the server spoke before it was asked, and the connection was given up");
  } else {
    answer_begun_ = true;
    parse(bytes);
    if (!bytes.empty()) retired_ = true;
  }
  deliver();
  busy_ = false;
}

void ClientSessionImpl::parse(std::string_view& input) {
  while (!over_) {
    switch (parser_->next(input)) {
      case Parser::Event::need_more: return;
      case Parser::Event::head: take_head(); break;
      case Parser::Event::body: take_body(); break;
      case Parser::Event::complete:
        if (interim_) {
          interim_ = false;
          parser_->restart(head_request_);
        } else {
          end_answer();
        }
        break;
      case Parser::Event::failed:
        close_now();
        fail(parser_->fault().status == 431 ? http::ResetReason::too_large : http::ResetReason::protocol_error,
             "the server's answer to an HTTP/1.1 " + head_.method + " cannot be understood: " + parser_->fault().text);
        break;
    }
  }
}

void ClientSessionImpl::take_head() {
  MessageHead& head = parser_->head();
  if (head.status == 101) {
    close_now();
    return fail(http::ResetReason::protocol_error, "the server switched protocols, which nobody had asked for");
  }
  interim_ = head.status < 200;
  if (interim_) return;
  http::ResponseHead& response = current_->response_;
  response.status = head.status;
  response.headers = std::move(head.headers);
  response.version = head.version;
  if (!head_request_ && head.status != 204 && head.status != 304) current_->announced_length_ = head.content_length;
  current_->head_received_ = true;
  news_ = true;
}

void ClientSessionImpl::take_body() {
  const std::string_view bytes = parser_->body();
  // Room for what is announced, as far as it may come unconsumed, saves growing step by step.
  const std::optional<std::uint64_t> rest = parser_->rest();
  if (rest && current_->inbound_.empty())
    current_->inbound_.reserve(bytes.size() +
                               static_cast<std::size_t>(std::min<std::uint64_t>(*rest, limits_.stream_window)));
  current_->inbound_.append(bytes);
  news_ = true;
}

void ClientSessionImpl::end_answer() {
  ++answers_;
  current_->trailers_ = std::move(parser_->trailers());
  current_->inbound_ended_ = true;
  if (!request_.done()) {
    current_->outbound_ended_ = true;
    request_.drop();
    retired_ = true;
  }
  if (!parser_->head().keep_alive) retired_ = true;
  news_ = over_ = true;
}

void ClientSessionImpl::fail(http::ResetReason reason, std::string text) {
  current_->reset_ = http::Reset{reason, std::move(text)};
  request_.drop();
  news_ = over_ = true;
}

// Tells the exchange, last of all that a batch does: it may start the next one from there.
void ClientSessionImpl::deliver() {
  if (!std::exchange(news_, false) || current_ == nullptr) return;
  ClientExchangeImpl& exchange = *current_;
  if (std::exchange(over_, false)) {
    exchange.session_ = nullptr;
    current_ = nullptr;
    if (retired_) closing_ = true;
  }
  exchange.notify_inbound();
}

void ClientSessionImpl::receive_end() {
  if (closing_) return;
  busy_ = true;
  retired_ = true;
  if (current_ == nullptr || over_) {
    closing_ = true;
  } else if (!request_.framed()) {
    fail(http::ResetReason::refused, "the server closed the connection before the request was sent");
  } else if (!answer_begun_) {
    fail(http::ResetReason::connection_lost, "the server closed the connection without an answer" + use());
  } else if (parser_->end() == Parser::Event::complete) {
    end_answer();
  } else {
    fail(http::ResetReason::connection_lost,
         "the server closed the connection within its answer: " + parser_->fault().text);
  }
  deliver();
  busy_ = false;
}

void ClientSessionImpl::connection_lost(std::string_view reason) {
  busy_ = true;
  close_now();
  if (current_ != nullptr && !over_) {
    if (request_.framed()) {
      fail(http::ResetReason::connection_lost, std::string(reason) + (answer_begun_ ? "" : use()));
    } else {
      fail(http::ResetReason::refused, std::string(reason));
    }
  }
  deliver();
  busy_ = false;
}

// For people and for whoever decides on a second try: a connection that was in use before may have been closed by the
// server because it was idle, at the very moment the request was sent.
std::string ClientSessionImpl::use() const {
  return answers_ == 0 ? "" : " (answers on this connection before: " + std::to_string(answers_) + ")";
}

void ClientSessionImpl::produce(io::Output& out, std::size_t limit) {
  busy_ = true;
  deliver();
  while (current_ != nullptr && !over_) {
    if (!request_.framed()) write_head(out.tail());
    request_.write(out, limit);
    if (request_.broken()) {
      close_now();
      fail(http::ResetReason::internal_error, "the body is not as long as its content-length");
      deliver();
      break;
    }
    if (!request_.take_fall(limits_.low_water)) break;
    current_->notify_outbound();
    if (out.size() >= limit) break;
  }
  busy_ = false;
}

void ClientSessionImpl::write_head(std::string& out) {
  out += head_.method;
  out += ' ';
  out += head_.target;
  out += " HTTP/1.1\r\n";
  write_field(out, "host", head_.authority);
  write_fields(out, head_.headers);
  const std::optional<std::uint64_t> announced = content_length_of(head_.headers);
  if (request_.finished() && request_.trailers().empty()) {
    const std::uint64_t length = request_.total();
    if (length != 0 || !has_no_body(head_.method)) write_own_field(out, "content-length", std::to_string(length));
    request_.frame(Framing::length, length);
  } else if (announced && !request_.finished()) {
    write_own_field(out, "content-length", std::to_string(*announced));
    request_.frame(Framing::length, *announced);
  } else {
    write_own_field(out, "transfer-encoding", "chunked");
    if (!head_.headers.contains("trailer")) write_trailer_names(out, request_.trailers());
    request_.frame(Framing::chunked);
  }
  out += "\r\n";
}

bool ClientSessionImpl::wants_read() const {
  return !closing_ && (current_ == nullptr || current_->unread() <= limits_.stream_window);
}

void ClientSessionImpl::on_dropped() {
  current_ = nullptr;
  // Bytes that were produced cannot be taken back.
  if (request_.framed()) close_now();
  request_.drop();
  if (!busy_) wake();
}

}  // namespace

std::unique_ptr<ClientSession> make_client_session(const http::SessionLimits& limits, Peer peer) {
  return std::make_unique<ClientSessionImpl>(limits, std::move(peer));
}

}  // namespace connectrpc::http1
