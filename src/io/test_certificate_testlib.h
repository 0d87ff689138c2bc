// Certificates made for tests, as they run.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

namespace connectrpc::io {

/// A certificate with its key, both PEM.
struct TestCertificate {
  std::string certificate;
  std::string key;
};

/// What a test certificate says.
struct TestCertificateSpec {
  std::string common_name = "localhost";
  /// In OpenSSL's words, separated by commas; "" for none.
  std::string alternative_names = "DNS:localhost,IP:127.0.0.1,IP:::1";
  int valid_from_days = -1;
  int valid_to_days = 30;
  /// Whether it may sign others.
  bool authority = false;
  /// Who signs; null: itself.
  const TestCertificate* issuer = nullptr;
};

namespace test_certificate_detail {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<&EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, Deleter<&BIO_free_all>>;
using X509Pointer = std::unique_ptr<X509, Deleter<&X509_free>>;

inline std::string contents(const Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

inline void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  if (extension == nullptr) throw std::runtime_error("cannot make the extension " + value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

}  // namespace test_certificate_detail

inline TestCertificate make_test_certificate(const TestCertificateSpec& spec) {
  namespace detail = test_certificate_detail;
  static std::atomic<long> serial{1};
  const detail::Key key(EVP_EC_gen("P-256"));
  const detail::X509Pointer certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), spec.valid_from_days * 86400L);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), spec.valid_to_days * 86400L);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "O", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>("Acme"), -1, -1, 0);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(spec.common_name.c_str()), -1, -1, 0);

  detail::X509Pointer issuer;
  detail::Key issuer_key;
  if (spec.issuer != nullptr) {
    const detail::Bio certificate_text(BIO_new_mem_buf(spec.issuer->certificate.data(), -1));
    const detail::Bio key_text(BIO_new_mem_buf(spec.issuer->key.data(), -1));
    issuer.reset(PEM_read_bio_X509(certificate_text.get(), nullptr, nullptr, nullptr));
    issuer_key.reset(PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
  }
  X509* const signer = issuer ? issuer.get() : certificate.get();
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer));
  detail::add_extension(certificate.get(), signer, NID_basic_constraints,
                        spec.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (!spec.alternative_names.empty())
    detail::add_extension(certificate.get(), signer, NID_subject_alt_name, spec.alternative_names);
  X509_sign(certificate.get(), issuer_key ? issuer_key.get() : key.get(), EVP_sha256());

  const detail::Bio certificate_out(BIO_new(BIO_s_mem()));
  const detail::Bio key_out(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(certificate_out.get(), certificate.get());
  PEM_write_bio_PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {detail::contents(certificate_out), detail::contents(key_out)};
}

/// An authority and a server's certificate for localhost that it signed; made once for each process.
struct TestPki {
  TestCertificate authority =
      make_test_certificate({.common_name = "Test Authority", .alternative_names = "", .authority = true});
  TestCertificate server = make_test_certificate({.issuer = &authority});
  TestCertificate client =
      make_test_certificate({.common_name = "alice",
                             .alternative_names = "email:alice@acme.example,URI:spiffe://acme/alice",
                             .issuer = &authority});

  static const TestPki& shared() {
    static const TestPki pki;
    return pki;
  }
};

/// A file with the given content, for as long as it lives.
class TestFile {
 public:
  explicit TestFile(const std::string& content) {
    static std::atomic<int> count{0};
    path_ = (std::filesystem::temp_directory_path() /
             ("connectrpc-test-" + std::to_string(::getpid()) + "-" + std::to_string(++count)))
                .string();
    std::ofstream(path_, std::ios::binary) << content;
  }
  TestFile(const TestFile&) = delete;
  TestFile& operator=(const TestFile&) = delete;
  ~TestFile() { std::filesystem::remove(path_); }

  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace connectrpc::io
