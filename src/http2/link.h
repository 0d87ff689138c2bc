// What ties an exchange to its session.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/exchange.h"

namespace connectrpc::http2 {

class SessionCore;
class Stream;

/// The session's view of an exchange, and the exchange's of its session and stream. Either side may go first.
class Link {
 public:
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // The session writes the exchange's inbound half by these.
  virtual void take_body(std::string_view bytes) = 0;
  virtual void take_trailer(std::string_view name, std::string_view value) = 0;
  virtual void take_end() = 0;
  virtual void take_reset(http::Reset reset) = 0;
  virtual void tell_inbound() = 0;
  virtual void tell_outbound() = 0;
  /// Where the fields of the peer's head go but those about which the session knows more.
  Headers& head_fields() noexcept { return *head_fields_; }
  /// What content-length announced, for error texts.
  virtual std::optional<std::uint64_t>& announced() = 0;
  /// Whether the exchange has ended already, so that no reset concerns it.
  virtual bool over() const = 0;

 protected:
  /// Enters the session's list.
  Link(SessionCore& session, Stream& stream, Headers& head_fields);
  /// Takes leave of the session; resets the stream if it is not through.
  virtual ~Link();

  /// Null once the session is gone.
  SessionCore* session_;
  /// Null once nothing can be sent or received any more.
  Stream* stream_;

 private:
  friend class SessionCore;

  static constexpr std::size_t untouched = static_cast<std::size_t>(-1);

  Headers* const head_fields_;
  /// Place in the session's list of links with news.
  std::size_t touched_at_ = untouched;
  bool inbound_news_ = false;
  bool outbound_news_ = false;
  /// Not yet handed to the request handler.
  bool fresh_ = false;
  Link* previous_ = nullptr;
  Link* next_ = nullptr;
};

}  // namespace connectrpc::http2
