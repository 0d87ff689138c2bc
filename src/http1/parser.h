// The receiving half of HTTP/1.1: bytes become heads, bodies and trailers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "connectrpc/headers.h"
#include "connectrpc/protocol.h"

namespace connectrpc::http1 {

/// What Expect asked for.
enum class Expectation : std::uint8_t { none, go_ahead };

/// A start line and its fields. `headers` is without the fields that are about the connection or the framing
/// (connection, keep-alive, proxy-connection, te, transfer-encoding, upgrade, http2-settings, content-length, host, and
/// what Connection names), which are told by the other members.
struct MessageHead {
  std::string method;
  /// Origin form, "/a?b", or "*".
  std::string target;
  /// Of the target if it was a URL, of Host otherwise; may be empty.
  std::string authority;
  int status = 0;
  HttpVersion version = HttpVersion::http1_1;
  Headers headers;
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  /// Whether the connection may carry another message after this one, as far as this one says.
  bool keep_alive = false;
  Expectation expectation = Expectation::none;
};

/// Why a message is refused.
struct Fault {
  /// What a server answers with.
  int status = 400;
  /// For people.
  std::string text;
};

/// Understands one message after the other. Strict: what two implementations might read in two ways is a fault, as is
/// all that RFC 9112 forbids. How the input is cut makes no difference to the events. Holds at most the unfinished
/// line or head, bounded by the limit.
class Parser {
 public:
  enum class Event : std::uint8_t {
    need_more,  ///< the whole input was taken
    head,       ///< head() has come
    body,       ///< body() has come
    complete,   ///< the message has ended; restart() before the next
    failed,     ///< fault() says why; nothing can follow
  };

  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  virtual ~Parser() = default;

  /// Takes bytes from the front of `input` up to the next event.
  virtual Event next(std::string_view& input) = 0;
  /// The input has ended: `complete` for a body that lasts until then, `failed` otherwise.
  virtual Event end() = 0;
  /// Goes on to the next message. `bodiless`: it is the answer to HEAD.
  virtual void restart(bool bodiless) = 0;

  /// Valid from `head` to restart(); may be moved from. After `failed` with a head over the limit it has the start
  /// line and, if it came, the content type.
  virtual MessageHead& head() = 0;
  /// Valid until the next call of next(); lies in its input.
  virtual std::string_view body() const = 0;
  /// Valid from `complete` to restart(); may be moved from.
  virtual Headers& trailers() = 0;
  virtual const Fault& fault() const = 0;
  /// Whether a byte of the present message has come.
  virtual bool begun() const = 0;
  /// How much of the body is yet to come, where content-length tells.
  virtual std::optional<std::uint64_t> rest() const = 0;

 protected:
  Parser() = default;
};

/// `header_list`: bytes of names and values and 32 for each field, the target included; for the trailers once more.
std::unique_ptr<Parser> make_request_parser(std::size_t header_list);
std::unique_ptr<Parser> make_response_parser(std::size_t header_list);

}  // namespace connectrpc::http1
