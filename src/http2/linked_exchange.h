// An exchange on an HTTP/2 stream, as far as server and client are alike.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <utility>

#include "connectrpc/detail/headers_access.h"
#include "http/exchange.h"
#include "http2/link.h"
#include "http2/session_core.h"
#include "http2/stream.h"

namespace connectrpc::http2 {

/// `Base` is http::ServerExchange or http::ClientExchange.
template <class Base>
class LinkedExchange : public Base, public Link {
 public:
  LinkedExchange(SessionCore& session, Stream& stream, const Peer& peer)
      : Link(session, stream, head_fields_of(*this)) {
    this->peer_ = peer;
  }

  void send_body(std::string bytes) override {
    if (may_send() && !bytes.empty()) session_->send_body(*stream_, std::move(bytes));
  }
  void append_body(std::string_view bytes) override {
    if (may_send() && !bytes.empty()) session_->append_body(*stream_, bytes);
  }
  void finish() override { finish(Headers()); }
  void finish(Headers trailers) override {
    if (!may_send()) return;
    this->outbound_ended_ = true;
    session_->finish(*stream_, std::move(trailers));
  }
  void abort(http::ResetReason reason) override {
    if (stream_ == nullptr) return;
    session_->abort(*stream_, reason);
    this->reset_ = http::Reset{reason, "given up on this side"};
  }
  std::size_t unsent() const override { return stream_ == nullptr ? 0 : stream_->body.size(); }

  void take_body(std::string_view bytes) override { this->inbound_.append(bytes); }
  void take_trailer(std::string_view name, std::string_view value) override {
    detail::HeadersAccess::append_lower(this->trailers_, name, value);
  }
  void take_end() override { this->inbound_ended_ = true; }
  void take_reset(http::Reset reset) override { this->reset_ = std::move(reset); }
  void tell_inbound() override { this->notify_inbound(); }
  void tell_outbound() override { this->notify_outbound(); }
  std::optional<std::uint64_t>& announced() override { return this->announced_length_; }
  bool over() const override { return this->finished(); }

 protected:
  void on_consumed(std::size_t size) override {
    if (stream_ != nullptr) session_->consumed(*stream_, size);
  }

 private:
  static Headers& head_fields_of(LinkedExchange& exchange) {
    if constexpr (std::derived_from<Base, http::ServerExchange>) {
      return exchange.request_.headers;
    } else {
      return exchange.response_.headers;
    }
  }
  bool may_send() const {
    if constexpr (std::derived_from<Base, http::ServerExchange>) {
      if (!this->head_sent_) return false;
    }
    return stream_ != nullptr && !this->outbound_ended_;
  }
};

}  // namespace connectrpc::http2
