// An HTTP request as middleware and plain routes see it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "connectrpc/headers.h"
#include "connectrpc/peer.h"
#include "connectrpc/protocol.h"
#include "connectrpc/task.h"

namespace connectrpc::server {
class MessageAccess;
}

namespace connectrpc::http {

/// One request, raw: every path, every field, the body as it is on the wire. Middleware may change it before it calls
/// next(). Lives until the answer is complete; belongs to one loop.
class Request {
 public:
  /// Gives the body's next bytes, never none, or nothing once it has ended; again nothing on each further call. Throws
  /// when the rest will not come.
  using Reader = std::function<Task<std::optional<std::string>>()>;

  /// A request that another HTTP library has received, to be handed to Router::serve. `target` is path and query as on
  /// the wire. Without `body` it has none.
  Request(std::string method, std::string target, Reader body = nullptr);
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  const std::string& method() const noexcept { return method_; }
  /// Path and query as on the wire: "/a/b?x=y".
  const std::string& target() const noexcept { return target_; }
  /// The target without its query, not decoded.
  std::string_view path() const noexcept { return std::string_view(target_).substr(0, target_.find('?')); }
  /// What follows the first '?', or "".
  std::string_view query() const noexcept;
  /// In the handler of a path that ends in '/': what follows it, "app.js" of "/static/app.js". Else "".
  std::string_view rest() const noexcept { return path().substr(path().size() - rest_size_); }
  /// "http" or "https".
  const std::string& scheme() const noexcept { return scheme_; }
  /// Host and port that the client asked for.
  const std::string& authority() const noexcept { return authority_; }
  HttpVersion version() const noexcept { return version_; }
  const Peer& peer() const noexcept { return peer_; }
  /// Every field but `host` (authority() has it), `content-length` (content_length() has it) and what is between two
  /// hops; names in lower case.
  const Headers& headers() const noexcept { return headers_; }
  /// Bytes of the body, if they were announced.
  std::optional<std::uint64_t> content_length() const noexcept { return content_length_; }
  /// What followed the body; complete once read() has given nothing.
  const Headers& trailers() const noexcept { return trailers_; }

  void set_method(std::string method) { method_ = std::move(method); }
  /// Path and query; routes are looked up by it when the server's own middleware has run.
  void set_target(std::string target) { target_ = std::move(target); }
  void set_scheme(std::string scheme) { scheme_ = std::move(scheme); }
  void set_authority(std::string authority) { authority_ = std::move(authority); }
  void set_version(HttpVersion version) noexcept { version_ = version; }
  void set_peer(Peer peer) { peer_ = std::move(peer); }
  /// Any field, also those that protocols use. std::invalid_argument for a name or value that HTTP does not allow.
  /// `content-length` sets content_length().
  void set_header(std::string_view name, std::string_view value);
  void add_header(std::string_view name, std::string_view value);
  /// How many there were.
  std::size_t erase_header(std::string_view name);
  /// Puts another body in the place of the old one, which is returned: how middleware decodes it on its way in.
  Reader exchange_body(Reader body);

  /// The body's next bytes as they come, or nothing at its end. The client may send no more than a window ahead of what
  /// is read. Throws Error: `canceled` if the client has gone. One read at a time: std::logic_error.
  Task<std::optional<std::string>> read();
  /// The rest of the body. Throws Error: `resource_exhausted` if it has more than `limit` bytes.
  Task<std::string> read_all(std::size_t limit = 4 * 1024 * 1024);

 private:
  friend class server::MessageAccess;
  std::string method_;
  std::string target_;
  std::string scheme_ = "http";
  std::string authority_;
  Headers headers_;
  Headers trailers_;
  Peer peer_;
  Reader reader_;
  std::optional<std::uint64_t> content_length_;
  std::size_t rest_size_ = 0;
  HttpVersion version_ = HttpVersion::http1_1;
  bool reading_ = false;
};

}  // namespace connectrpc::http
