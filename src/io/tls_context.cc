// What TLS settings hold, and the OpenSSL contexts made of them.
#include "io/tls_context.h"

#include <openssl/err.h>

#include <algorithm>
#include <stdexcept>

namespace connectrpc::io {
namespace {

std::invalid_argument cannot(std::string_view what) {
  return std::invalid_argument("cannot " + std::string(what) + ": " + take_openssl_reason());
}

std::shared_ptr<SSL_CTX> make_context(const SSL_METHOD* method) {
  ERR_clear_error();
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(method), &SSL_CTX_free);
  if (!context) throw cannot("set up TLS");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  // For TLS 1.2; every suite of TLS 1.3 qualifies. RFC 9113 appendix A bans the rest for HTTP/2.
  SSL_CTX_set_cipher_list(context.get(), "ECDHE+AESGCM:ECDHE+CHACHA20");
  // Partial writes and moving buffers fit a non-blocking caller; released buffers save 34 KiB a connection at rest. The
  // chain that is sent is the one that was given, not one built from the authorities that clients are checked against.
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY | SSL_MODE_NO_AUTO_CHAIN);
  // One read of the transport instead of one for the header of each record and one for its body.
  SSL_CTX_set_read_ahead(context.get(), 1);
  // Tickets resume sessions without a cache here.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  // An intermediate or a server's own certificate may be trusted as it is.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context.get()), X509_V_FLAG_PARTIAL_CHAIN);
  return context;
}

void add_authorities(SSL_CTX* context, const std::vector<std::shared_ptr<X509>>& authorities) {
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const auto& authority : authorities)
    if (X509_STORE_add_cert(store, authority.get()) != 1) throw cannot("trust an authority");
}

STACK_OF(X509) * stack_of(const std::vector<std::shared_ptr<X509>>& chain) {
  STACK_OF(X509)* stack = sk_X509_new_null();
  for (const auto& certificate : chain) sk_X509_push(stack, certificate.get());
  return stack;
}

// Works on a context and on one connection alike.
template <class Target>
bool use_identity(Target* target, const Identity& identity) {
  STACK_OF(X509)* chain = stack_of(identity.chain);
  bool done = false;
  if constexpr (std::is_same_v<Target, SSL_CTX>)
    done = SSL_CTX_use_cert_and_key(target, identity.certificate.get(), identity.key.get(), chain, 1) == 1;
  else
    done = SSL_use_cert_and_key(target, identity.certificate.get(), identity.key.get(), chain, 1) == 1;
  sk_X509_free(chain);
  return done;
}

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned int offered_size, void* argument) {
  const auto& settings = *static_cast<const ServerTls*>(argument);
  unsigned char* found = nullptr;
  const int result = SSL_select_next_proto(&found, size, reinterpret_cast<const unsigned char*>(settings.alpn.data()),
                                           static_cast<unsigned int>(settings.alpn.size()), offered, offered_size);
  *chosen = found;
  // RFC 7301 section 3.2: no protocol in common ends the handshake.
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

int choose_certificate(SSL* ssl, void* argument) {
  const auto& settings = *static_cast<const ServerTls*>(argument);
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  const Identity* identity = name == nullptr ? nullptr : settings.find(name);
  return identity == nullptr || use_identity(ssl, *identity) ? 1 : 0;
}

std::shared_ptr<SSL_CTX> make_server_context(const ServerTls& settings) {
  std::shared_ptr<SSL_CTX> context = make_context(TLS_server_method());
  SSL_CTX* const raw = context.get();
  SSL_CTX_set_options(raw, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_num_tickets(raw, 1);
  if (!use_identity(raw, settings.identity)) throw cannot("use the certificate");
  void* const argument = const_cast<ServerTls*>(&settings);
  if (!settings.named.empty()) SSL_CTX_set_cert_cb(raw, &choose_certificate, argument);
  if (!settings.alpn.empty()) SSL_CTX_set_alpn_select_cb(raw, &choose_protocol, argument);
  // Without it a client with a certificate cannot resume.
  constexpr std::string_view id = "connectrpc";
  SSL_CTX_set_session_id_context(raw, reinterpret_cast<const unsigned char*>(id.data()), id.size());
  if (settings.client_authorities.empty()) {
    if (settings.require_client_certificate)
      throw std::invalid_argument(
          "a client certificate is required but no authority is given that it could be signed by: see "
          "TlsConfig::client_ca_file");
    return context;
  }
  add_authorities(raw, settings.client_authorities);
  for (const auto& authority : settings.client_authorities) SSL_CTX_add_client_CA(raw, authority.get());
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER | (settings.require_client_certificate ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                     nullptr);
  return context;
}

std::shared_ptr<SSL_CTX> make_client_context(const ClientTls& settings) {
  std::shared_ptr<SSL_CTX> context = make_context(TLS_client_method());
  SSL_CTX* const raw = context.get();
  if (!settings.skip_verify) {
    SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
    if (!settings.authorities.empty())
      add_authorities(raw, settings.authorities);
    else if (SSL_CTX_set_default_verify_paths(raw) != 1)
      throw cannot("load the system's authorities");
  }
  if (settings.identity && !use_identity(raw, settings.identity)) throw cannot("use the client's certificate");
  return context;
}

bool same_name(std::string_view pattern, std::string_view lower_case_name) noexcept {
  if (!pattern.starts_with("*.")) return pattern == lower_case_name;
  const std::size_t dot = lower_case_name.find('.');
  return dot != std::string_view::npos && dot > 0 && pattern.substr(1) == lower_case_name.substr(dot);
}

}  // namespace

std::string take_openssl_reason() {
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  const char* reason = error == 0 ? nullptr : ERR_reason_error_string(error);
  return reason == nullptr ? "unknown error of OpenSSL" : reason;
}

SSL_CTX* ServerTls::context() const {
  return context_.get([this] { return make_server_context(*this); });
}

const Identity* ServerTls::find(std::string_view server_name) const noexcept {
  // Longer names are no host names; a name that fits the stack needs no allocation that could fail in a callback.
  char lower[256];
  if (server_name.size() >= sizeof lower) return nullptr;
  std::transform(server_name.begin(), server_name.end(), lower,
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  const std::string_view name(lower, server_name.size());
  for (const bool wildcard : {false, true})
    for (const auto& [pattern, other] : named)
      if (pattern.starts_with("*.") == wildcard && same_name(pattern, name)) return &other;
  return nullptr;
}

SSL_CTX* ClientTls::context() const {
  return context_.get([this] { return make_client_context(*this); });
}

std::string encode_alpn(const std::vector<std::string>& protocols) {
  std::string encoded;
  for (const std::string& protocol : protocols) {
    if (protocol.empty() || protocol.size() > 255)
      throw std::invalid_argument("the name of an application protocol has 1 to 255 bytes: \"" + protocol + "\"");
    encoded += static_cast<char>(protocol.size());
    encoded += protocol;
  }
  return encoded;
}

}  // namespace connectrpc::io
