// Certificates of OpenSSL as values.
#include "io/tls_certificate.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <array>
#include <ctime>
#include <memory>

namespace connectrpc::io {
namespace {

std::string text_of(const X509_NAME* name) {
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(BIO_new(BIO_s_mem()), &BIO_free_all);
  // RFC 2253 leaves UTF-8 as it is; OpenSSL would write \C3\BC.
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

std::string text_of(const ASN1_STRING* string) {
  return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
                     static_cast<std::size_t>(ASN1_STRING_length(string)));
}

std::string address_text(const ASN1_OCTET_STRING* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int size = ASN1_STRING_length(address);
  if (size != 4 && size != 16) return {};
  ::inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(address), text.data(), text.size());
  return text.data();
}

std::chrono::system_clock::time_point time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

std::string hexadecimal(const unsigned char* bytes, std::size_t size) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

void read_alternative_names(X509* certificate, Certificate& result) {
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      &GENERAL_NAMES_free);
  if (!names) return;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    switch (name->type) {
      case GEN_DNS: result.dns_names.push_back(text_of(name->d.dNSName)); break;
      case GEN_IPADD: result.ip_addresses.push_back(address_text(name->d.iPAddress)); break;
      case GEN_URI: result.uris.push_back(text_of(name->d.uniformResourceIdentifier)); break;
      case GEN_EMAIL: result.emails.push_back(text_of(name->d.rfc822Name)); break;
      default: break;
    }
  }
}

}  // namespace

Certificate describe_certificate(X509* certificate) {
  Certificate result;
  result.subject = text_of(X509_get_subject_name(certificate));
  result.issuer = text_of(X509_get_issuer_name(certificate));
  read_alternative_names(certificate, result);
  result.not_before = time_of(X509_get0_notBefore(certificate));
  result.not_after = time_of(X509_get0_notAfter(certificate));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int digest_size = 0;
  X509_digest(certificate, EVP_sha256(), digest.data(), &digest_size);
  result.sha256_fingerprint = hexadecimal(digest.data(), digest_size);
  unsigned char* der = nullptr;
  const int der_size = i2d_X509(certificate, &der);
  if (der_size > 0) result.der.assign(reinterpret_cast<const char*>(der), static_cast<std::size_t>(der_size));
  OPENSSL_free(der);
  return result;
}

std::string names_in(const Certificate& certificate) {
  std::string text;
  for (const auto* names : {&certificate.dns_names, &certificate.ip_addresses})
    for (const std::string& name : *names) {
      if (!text.empty()) text += ", ";
      text += name;
    }
  return text.empty() ? certificate.subject : text;
}

std::string utc_text(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  return std::string(text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts));
}

}  // namespace connectrpc::io
