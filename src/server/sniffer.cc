// Tells HTTP/2, HTTP/1.1 and a stray TLS hello apart by a connection's first bytes.
#include "server/sniffer.h"

#include <algorithm>
#include <utility>

namespace connectrpc::server {

Sniffer::Found Sniffer::look(std::string_view bytes) noexcept {
  // RFC 9113 section 3.4. No HTTP/1.1 request begins like this; three bytes would do for most, but not for "PRIORITY".
  constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  if (bytes.empty()) return Found::undecided;
  // The first byte of a TLS record that carries a handshake; no HTTP method begins with a control character.
  if (bytes[0] == '\x16') return Found::tls;
  const std::size_t common = std::min(bytes.size(), preface.size());
  if (bytes.substr(0, common) != preface.substr(0, common)) return Found::http1;
  return common == preface.size() ? Found::http2 : Found::undecided;
}

void Sniffer::receive(std::string_view bytes) {
  if (closing_) return;
  seen_.append(bytes);
  const Found found = look(seen_);
  if (found == Found::undecided) return;
  if (found == Found::tls) {
    // A TLS client shows this as "wrong version number"; a person with a packet dump reads it.
    answer_ =
        "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\nconnection: close\r\ncontent-length: 44\r\n\r\n"
        "This port speaks plain HTTP, not TLS/HTTPS.\n";
    closing_ = true;
  }
  // The callee may replace, and so end, this session when receive() returns.
  const Decided decided = std::move(decided_);
  const std::string seen = std::exchange(seen_, {});
  decided(found, seen);
}

}  // namespace connectrpc::server
