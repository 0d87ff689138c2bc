// TLS settings of servers and clients.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace connectrpc {

namespace detail {
class TlsAccess;
}

/// How a server speaks TLS: 1.2 or newer, ciphers with forward secrecy only. A cheap value type: copies share what is
/// loaded until one of them is changed. Whatever loads throws std::invalid_argument that names the file and what is
/// wrong with it ("cannot read certificate \"x.pem\": …"). Reading from several threads is safe.
class TlsConfig {
 public:
  /// The certificate, followed by those between it and the root, and its private key, both PEM. The key may not have a
  /// pass phrase.
  static TlsConfig from_files(const std::string& certificate_file, const std::string& key_file);
  /// The same from memory.
  static TlsConfig from_pem(std::string_view certificate_pem, std::string_view key_pem);

  /// Another certificate, for clients that ask for `server_name` ("example.com", "*.example.com"; any case). Clients
  /// that ask for no name or another one get the first.
  TlsConfig& add_certificate(std::string_view server_name, const std::string& certificate_file,
                             const std::string& key_file);
  TlsConfig& add_certificate_pem(std::string_view server_name, std::string_view certificate_pem,
                                 std::string_view key_pem);

  /// Asks clients for a certificate and accepts those that these authorities signed (one or more certificates, PEM). A
  /// certificate that does not verify ends the handshake. A client without one is let in unless one is required.
  TlsConfig& client_ca_file(const std::string& file);
  TlsConfig& client_ca_pem(std::string_view pem);
  /// Whether clients must have a certificate; needs client_ca_file() or client_ca_pem(), before or after. Off by
  /// default.
  TlsConfig& require_client_certificate(bool required = true);

  /// The same settings with everything that came from files read again; what was given as PEM stays. Throws as loading
  /// does.
  TlsConfig reloaded() const;
  /// Whether a file has changed since it was read, or cannot be looked at any more; by its time, size and inode.
  bool files_changed() const noexcept;

  /// Application protocols in order of preference; "h2", "http/1.1" by default. Empty: none are negotiated.
  TlsConfig& alpn(std::vector<std::string> protocols);

 private:
  friend class detail::TlsAccess;
  struct State;
  explicit TlsConfig(std::shared_ptr<State> state);
  State& change();
  std::shared_ptr<State> state_;
};

/// How a client speaks TLS. By default the server's certificate is checked against the system's authorities
/// (SSL_CERT_FILE and SSL_CERT_DIR are honoured) and against the host name or IP address. A cheap value type, as
/// TlsConfig is; whatever loads throws the same errors.
class TlsClientConfig {
 public:
  TlsClientConfig();

  /// Trusts these authorities (one or more certificates, PEM) in place of the system's.
  TlsClientConfig& ca_file(const std::string& file);
  TlsClientConfig& ca_pem(std::string_view pem);

  /// The client's own certificate, followed by those between it and the root, and its private key, both PEM.
  TlsClientConfig& certificate_files(const std::string& certificate_file, const std::string& key_file);
  TlsClientConfig& certificate_pem(std::string_view certificate_pem, std::string_view key_pem);

  /// The name (or IP address) that the server must have in its certificate and is asked for, in place of the URL's
  /// host.
  TlsClientConfig& server_name(std::string name);

  /// Accepts any certificate. Whoever can reach the network between can then read and change everything: for tests
  /// only.
  TlsClientConfig& insecure_skip_verify(bool skip = true);

 private:
  friend class detail::TlsAccess;
  struct State;
  State& change();
  std::shared_ptr<State> state_;
};

}  // namespace connectrpc
