// Who is at the other end of a call.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace connectrpc {

/// The certificate that the other end proved to own. A value type.
struct Certificate {
  /// Distinguished name in RFC 2253 form, "CN=alice,O=Acme".
  std::string subject;
  std::string issuer;
  /// Subject alternative names, by kind.
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
  std::vector<std::string> uris;
  std::vector<std::string> emails;
  std::chrono::system_clock::time_point not_before;
  std::chrono::system_clock::time_point not_after;
  /// SHA-256 over the DER, 64 lower-case hexadecimal digits.
  std::string sha256_fingerprint;
  /// The certificate itself.
  std::string der;
};

/// What TLS agreed on with the peer. A value type.
struct TlsInfo {
  std::string version;  ///< "TLSv1.3"
  std::string cipher;   ///< "TLS_AES_256_GCM_SHA384"
  std::string alpn;     ///< "h2", "http/1.1" or empty
  std::string sni;      ///< the name that the client asked for, or empty
  /// The peer's certificate, only if it was verified.
  std::optional<Certificate> certificate;
};

/// The process behind a unix socket, as the kernel knows it (SO_PEERCRED).
struct UnixCredentials {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::int32_t pid = 0;
};

/// The other end of a call's connection. A cheap value type: copies share what is behind them.
class Peer {
 public:
  enum class Kind : std::uint8_t { unknown, ipv4, ipv6, unix_socket, in_process };

  Peer() = default;
  static Peer ipv4(std::string address, std::uint16_t port);
  static Peer ipv6(std::string address, std::uint16_t port);
  static Peer unix_socket(std::string path, std::optional<UnixCredentials> credentials = std::nullopt);
  static Peer in_process();
  /// The same peer with what TLS told about it.
  Peer with_tls(TlsInfo tls) const;

  Kind kind() const noexcept;
  /// "1.2.3.4", "::1", a unix path, or "".
  const std::string& address() const noexcept;
  /// 0 where there are no ports.
  std::uint16_t port() const noexcept;
  /// Null where the connection is not TLS. Valid as long as this peer.
  const TlsInfo* tls() const noexcept;
  const std::optional<UnixCredentials>& unix_credentials() const noexcept;
  /// "1.2.3.4:5", "[::1]:5", "unix:/p", "in-process", "unknown".
  std::string to_string() const;

 private:
  struct State;
  explicit Peer(std::shared_ptr<const State> state);
  static const State& unknown_state() noexcept;
  const State& state() const noexcept;
  std::shared_ptr<const State> state_;
};

}  // namespace connectrpc
