// Loads the TLS settings of servers and clients.
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <stdexcept>

#include "connectrpc/tls.h"
#include "io/file_stamp.h"
#include "io/system_message.h"
#include "io/tls_context.h"

namespace connectrpc {

namespace {

// Something that was loaded from one file or two.
struct Loaded {
  enum class What { identity, named, authorities };
  Loaded(What kind, std::string first, std::string second = "")
      : what(kind), file(std::move(first)), key_file(std::move(second)), stamp(file), key_stamp(key_file) {}
  bool changed() const { return stamp != io::FileStamp(file) || key_stamp != io::FileStamp(key_file); }

  What what;
  std::string file;
  std::string key_file;
  io::FileStamp stamp;
  io::FileStamp key_stamp;
  // Of ServerTls::named.
  std::size_t at = 0;
};

}  // namespace

struct TlsConfig::State : io::ServerTls {
  std::vector<Loaded> loaded;
};
struct TlsClientConfig::State : io::ClientTls {};

namespace {

using BioPointer = std::unique_ptr<BIO, decltype(&BIO_free_all)>;

// A PEM text and what to call it in errors: "\"cert.pem\"" or "the PEM given".
struct Source {
  std::string name;
  std::string pem;
};

std::invalid_argument unreadable(std::string_view what, const Source& source, std::string_view why) {
  std::string message = "cannot read ";
  message.append(what).append(" ").append(source.name).append(": ").append(why);
  return std::invalid_argument(message);
}

Source from_file(std::string_view what, const std::string& file) {
  Source source{"\"" + file + "\"", {}};
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream(std::fopen(file.c_str(), "rb"), &std::fclose);
  if (!stream) throw unreadable(what, source, io::system_message(errno));
  char buffer[4096];
  while (const std::size_t size = std::fread(buffer, 1, sizeof buffer, stream.get())) source.pem.append(buffer, size);
  if (std::ferror(stream.get()) != 0) throw unreadable(what, source, io::system_message(errno));
  return source;
}

Source from_memory(std::string_view pem) { return {"given as PEM", std::string(pem)}; }

BioPointer bio_of(const Source& source) {
  return BioPointer(BIO_new_mem_buf(source.pem.data(), static_cast<int>(source.pem.size())), &BIO_free_all);
}

std::vector<std::shared_ptr<X509>> read_certificates(std::string_view what, const Source& source) {
  std::vector<std::shared_ptr<X509>> certificates;
  const BioPointer bio = bio_of(source);
  ERR_clear_error();
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr))
    certificates.emplace_back(certificate, &X509_free);
  const unsigned long error = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (!at_end) throw unreadable(what, source, io::take_openssl_reason());
  ERR_clear_error();
  if (certificates.empty())
    throw unreadable(what, source, source.pem.empty() ? "it is empty" : "there is no PEM certificate in it");
  return certificates;
}

int refuse_pass_phrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

std::shared_ptr<EVP_PKEY> read_key(const Source& source) {
  bool pass_phrase = false;
  ERR_clear_error();
  std::shared_ptr<EVP_PKEY> key(
      PEM_read_bio_PrivateKey(bio_of(source).get(), nullptr, &refuse_pass_phrase, &pass_phrase), &EVP_PKEY_free);
  if (key) return key;
  if (pass_phrase) throw unreadable("private key", source, "it is protected by a pass phrase");
  if (source.pem.empty()) throw unreadable("private key", source, "it is empty");
  if (source.pem.find("PRIVATE KEY-----") == std::string::npos)
    throw unreadable("private key", source, "there is no PEM private key in it");
  throw unreadable("private key", source, io::take_openssl_reason());
}

io::Identity read_identity(const Source& certificate, const Source& key) {
  io::Identity identity;
  identity.chain = read_certificates("certificate", certificate);
  identity.certificate = identity.chain.front();
  identity.chain.erase(identity.chain.begin());
  identity.key = read_key(key);
  if (X509_check_private_key(identity.certificate.get(), identity.key.get()) != 1) {
    ERR_clear_error();
    throw std::invalid_argument("the private key " + key.name + " does not belong to the certificate " +
                                certificate.name);
  }
  // OpenSSL refuses keys that are too short only when they are used.
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> trial(SSL_CTX_new(TLS_method()), &SSL_CTX_free);
  if (!trial || SSL_CTX_use_certificate(trial.get(), identity.certificate.get()) != 1)
    throw std::invalid_argument("cannot use certificate " + certificate.name + ": " + io::take_openssl_reason());
  return identity;
}

io::Identity identity_from_files(const std::string& certificate_file, const std::string& key_file) {
  // In this order, so that of two missing files the certificate is named.
  const auto certificate = from_file("certificate", certificate_file);
  return read_identity(certificate, from_file("private key", key_file));
}

io::Identity identity_from_pem(std::string_view certificate_pem, std::string_view key_pem) {
  return read_identity(from_memory(certificate_pem), from_memory(key_pem));
}

std::string checked_server_name(std::string_view name) {
  std::string lower(name);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (lower.empty() || lower.size() > 255 || lower.find('*', lower.starts_with("*.") ? 1 : 0) != std::string::npos)
    throw std::invalid_argument("not a server name (\"example.com\" or \"*.example.com\"): \"" + std::string(name) +
                                "\"");
  return lower;
}

}  // namespace

TlsConfig::TlsConfig(std::shared_ptr<State> state) : state_(std::move(state)) {}

// Always a copy: others may share the state, and its context, once made, fits it as it was.
TlsConfig::State& TlsConfig::change() {
  state_ = std::make_shared<State>(*state_);
  return *state_;
}

TlsConfig TlsConfig::from_files(const std::string& certificate_file, const std::string& key_file) {
  auto state = std::make_shared<State>();
  state->loaded.emplace_back(Loaded::What::identity, certificate_file, key_file);
  state->identity = identity_from_files(certificate_file, key_file);
  state->alpn = io::encode_alpn({"h2", "http/1.1"});
  return TlsConfig(std::move(state));
}

TlsConfig TlsConfig::from_pem(std::string_view certificate_pem, std::string_view key_pem) {
  auto state = std::make_shared<State>();
  state->identity = identity_from_pem(certificate_pem, key_pem);
  state->alpn = io::encode_alpn({"h2", "http/1.1"});
  return TlsConfig(std::move(state));
}

TlsConfig& TlsConfig::add_certificate(std::string_view server_name, const std::string& certificate_file,
                                      const std::string& key_file) {
  std::string name = checked_server_name(server_name);
  Loaded loaded(Loaded::What::named, certificate_file, key_file);
  io::Identity identity = identity_from_files(certificate_file, key_file);
  loaded.at = state_->named.size();
  change().named.emplace_back(std::move(name), std::move(identity));
  state_->loaded.push_back(std::move(loaded));
  return *this;
}

TlsConfig& TlsConfig::add_certificate_pem(std::string_view server_name, std::string_view certificate_pem,
                                          std::string_view key_pem) {
  std::string name = checked_server_name(server_name);
  io::Identity identity = identity_from_pem(certificate_pem, key_pem);
  change().named.emplace_back(std::move(name), std::move(identity));
  return *this;
}

namespace {

// Others have taken the place of those from a file.
void forget_authorities(std::vector<Loaded>& loaded) {
  std::erase_if(loaded, [](const Loaded& one) { return one.what == Loaded::What::authorities; });
}

}  // namespace

TlsConfig& TlsConfig::client_ca_file(const std::string& file) {
  Loaded loaded(Loaded::What::authorities, file);
  auto authorities = read_certificates("client authority", from_file("client authority", file));
  change().client_authorities = std::move(authorities);
  forget_authorities(state_->loaded);
  state_->loaded.push_back(std::move(loaded));
  return *this;
}

TlsConfig& TlsConfig::client_ca_pem(std::string_view pem) {
  auto authorities = read_certificates("client authority", from_memory(pem));
  change().client_authorities = std::move(authorities);
  forget_authorities(state_->loaded);
  return *this;
}

TlsConfig& TlsConfig::require_client_certificate(bool required) {
  change().require_client_certificate = required;
  return *this;
}

TlsConfig& TlsConfig::alpn(std::vector<std::string> protocols) {
  std::string encoded = io::encode_alpn(protocols);
  change().alpn = std::move(encoded);
  return *this;
}

TlsConfig TlsConfig::reloaded() const {
  auto fresh = std::make_shared<State>(*state_);
  for (Loaded& loaded : fresh->loaded) {
    loaded.stamp = io::FileStamp(loaded.file);
    loaded.key_stamp = io::FileStamp(loaded.key_file);
    switch (loaded.what) {
      case Loaded::What::identity: fresh->identity = identity_from_files(loaded.file, loaded.key_file); break;
      case Loaded::What::named:
        fresh->named[loaded.at].second = identity_from_files(loaded.file, loaded.key_file);
        break;
      case Loaded::What::authorities:
        fresh->client_authorities = read_certificates("client authority", from_file("client authority", loaded.file));
        break;
    }
  }
  return TlsConfig(std::move(fresh));
}

bool TlsConfig::files_changed() const noexcept {
  return std::any_of(state_->loaded.begin(), state_->loaded.end(),
                     [](const Loaded& loaded) { return loaded.changed(); });
}

TlsClientConfig::TlsClientConfig() : state_(std::make_shared<State>()) {}

TlsClientConfig::State& TlsClientConfig::change() {
  state_ = std::make_shared<State>(*state_);
  return *state_;
}

TlsClientConfig& TlsClientConfig::ca_file(const std::string& file) {
  auto authorities = read_certificates("authority", from_file("authority", file));
  change().authorities = std::move(authorities);
  return *this;
}

TlsClientConfig& TlsClientConfig::ca_pem(std::string_view pem) {
  auto authorities = read_certificates("authority", from_memory(pem));
  change().authorities = std::move(authorities);
  return *this;
}

TlsClientConfig& TlsClientConfig::certificate_files(const std::string& certificate_file, const std::string& key_file) {
  io::Identity identity = identity_from_files(certificate_file, key_file);
  change().identity = std::move(identity);
  return *this;
}

TlsClientConfig& TlsClientConfig::certificate_pem(std::string_view certificate_pem, std::string_view key_pem) {
  io::Identity identity = identity_from_pem(certificate_pem, key_pem);
  change().identity = std::move(identity);
  return *this;
}

TlsClientConfig& TlsClientConfig::server_name(std::string name) {
  change().server_name = std::move(name);
  return *this;
}

TlsClientConfig& TlsClientConfig::insecure_skip_verify(bool skip) {
  change().skip_verify = skip;
  return *this;
}

namespace detail {

std::shared_ptr<const io::ServerTls> TlsAccess::settings(const TlsConfig& config) { return config.state_; }
std::shared_ptr<const io::ClientTls> TlsAccess::settings(const TlsClientConfig& config) { return config.state_; }

}  // namespace detail

}  // namespace connectrpc
