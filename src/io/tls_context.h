// What TLS settings hold, and the OpenSSL contexts made of them.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectrpc/tls.h"

namespace connectrpc::io {

/// The reason of the oldest error in OpenSSL's queue, which it empties: "no start line".
std::string take_openssl_reason();

/// A certificate with its chain and its private key.
struct Identity {
  std::shared_ptr<X509> certificate;
  std::vector<std::shared_ptr<X509>> chain;
  std::shared_ptr<EVP_PKEY> key;

  explicit operator bool() const noexcept { return certificate != nullptr; }
};

/// An OpenSSL context that is made on first use, by whichever thread comes first. A copy begins without one.
class LazyContext {
 public:
  LazyContext() = default;
  LazyContext(const LazyContext&) noexcept {}
  LazyContext& operator=(const LazyContext&) = delete;

  template <class Make>
  SSL_CTX* get(Make make) const {
    std::call_once(once_, [&] { context_ = make(); });
    return context_.get();
  }

 private:
  mutable std::once_flag once_;
  mutable std::shared_ptr<SSL_CTX> context_;
};

struct ServerTls {
  Identity identity;
  /// By lower-case server name, "*." for one label of any kind.
  std::vector<std::pair<std::string, Identity>> named;
  std::vector<std::shared_ptr<X509>> client_authorities;
  bool require_client_certificate = false;
  /// In the form of the ALPN extension: each name after its length.
  std::string alpn;

  /// Throws std::invalid_argument. The context refers to this object.
  SSL_CTX* context() const;
  /// The identity for a server name; null: the first.
  const Identity* find(std::string_view server_name) const noexcept;

 private:
  LazyContext context_;
};

struct ClientTls {
  /// Empty: the system's.
  std::vector<std::shared_ptr<X509>> authorities;
  Identity identity;
  std::string server_name;
  bool skip_verify = false;

  /// Throws std::invalid_argument.
  SSL_CTX* context() const;

 private:
  LazyContext context_;
};

/// Names in the form of the ALPN extension. Throws std::invalid_argument for one that is empty or longer than 255.
std::string encode_alpn(const std::vector<std::string>& protocols);

}  // namespace connectrpc::io

namespace connectrpc::detail {

/// What the public classes hold.
class TlsAccess {
 public:
  static std::shared_ptr<const io::ServerTls> settings(const TlsConfig& config);
  static std::shared_ptr<const io::ClientTls> settings(const TlsClientConfig& config);
};

}  // namespace connectrpc::detail
