// What loading TLS settings accepts, and how it complains.
#include "connectrpc/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <stdexcept>

#include "io/test_certificate_testlib.h"

namespace connectrpc::io {
namespace {

using testing::HasSubstr;

template <class Action>
std::string complaint(Action action) {
  try {
    action();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "(none)";
}

const TestCertificate& good() { return TestPki::shared().server; }

TEST(TlsConfigTest, LoadsFilesAndText) {
  const TestFile certificate(good().certificate + TestPki::shared().authority.certificate);
  const TestFile key(good().key);
  const TestFile authority(TestPki::shared().authority.certificate);
  EXPECT_NO_THROW(TlsConfig::from_files(certificate.path(), key.path())
                      .add_certificate("example.com", certificate.path(), key.path())
                      .client_ca_file(authority.path())
                      .require_client_certificate()
                      .alpn({"h2"}));
  EXPECT_NO_THROW(
      TlsClientConfig().ca_file(authority.path()).certificate_files(certificate.path(), key.path()).server_name("a"));
}

TEST(TlsConfigTest, NamesAFileThatIsNotThere) {
  const TestFile key(good().key);
  EXPECT_EQ(complaint([&] { TlsConfig::from_files("/nowhere/cert.pem", key.path()); }),
            "cannot read certificate \"/nowhere/cert.pem\": no such file or directory");
  const TestFile certificate(good().certificate);
  EXPECT_EQ(complaint([&] { TlsConfig::from_files(certificate.path(), "/nowhere/key.pem"); }),
            "cannot read private key \"/nowhere/key.pem\": no such file or directory");
  EXPECT_EQ(complaint([&] { TlsClientConfig().ca_file("/nowhere/ca.pem"); }),
            "cannot read authority \"/nowhere/ca.pem\": no such file or directory");
  EXPECT_THAT(complaint([&] { TlsConfig::from_files("/", key.path()); }), HasSubstr("directory"));
}

TEST(TlsConfigTest, ComplainsAboutEmptyAndForeignContent) {
  const TestFile empty("");
  const TestFile text("hello\n");
  const TestFile key(good().key);
  const TestFile certificate(good().certificate);
  EXPECT_THAT(complaint([&] { TlsConfig::from_files(empty.path(), key.path()); }), HasSubstr("it is empty"));
  EXPECT_THAT(complaint([&] { TlsConfig::from_files(text.path(), key.path()); }),
              HasSubstr("there is no PEM certificate in it"));
  EXPECT_THAT(complaint([&] { TlsConfig::from_files(certificate.path(), empty.path()); }), HasSubstr("it is empty"));
  EXPECT_THAT(complaint([&] { TlsConfig::from_files(certificate.path(), certificate.path()); }),
              HasSubstr("there is no PEM private key in it"));
  std::string broken = good().certificate;
  broken[100] = '!';
  EXPECT_EQ(complaint([&] { TlsConfig::from_pem(broken, good().key); }),
            "cannot read certificate given as PEM: bad base64 decode");
  std::string broken_key = good().key;
  broken_key[60] = broken_key[60] == 'A' ? 'B' : 'A';
  EXPECT_THAT(complaint([&] { TlsConfig::from_pem(good().certificate, broken_key.substr(0, 90)); }),
              HasSubstr("cannot read private key given as PEM: "));
}

TEST(TlsConfigTest, ComplainsAboutAKeyOfAnotherCertificate) {
  const TestFile certificate(good().certificate);
  const TestFile key(TestPki::shared().client.key);
  EXPECT_EQ(complaint([&] { TlsConfig::from_files(certificate.path(), key.path()); }),
            "the private key \"" + key.path() + "\" does not belong to the certificate \"" + certificate.path() + "\"");
}

TEST(TlsConfigTest, ComplainsAboutAPassPhrase) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(BIO_new(BIO_s_mem()), &BIO_free_all);
  unsigned char phrase[] = "secret";
  PEM_write_bio_PrivateKey(bio.get(), key.get(), EVP_aes_128_cbc(), phrase, 6, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  const std::string pem(data, static_cast<std::size_t>(size));
  EXPECT_EQ(complaint([&] { TlsConfig::from_pem(good().certificate, pem); }),
            "cannot read private key given as PEM: it is protected by a pass phrase");
}

TEST(TlsConfigTest, ComplainsAboutNames) {
  for (const char* name : {"", "a.*.example", "**.example", "*"})
    EXPECT_THAT(
        complaint([&] {
          TlsConfig::from_pem(good().certificate, good().key).add_certificate_pem(name, good().certificate, good().key);
        }),
        HasSubstr("not a server name"))
        << name;
  EXPECT_THAT(complaint([&] { TlsConfig::from_pem(good().certificate, good().key).alpn({"h2", ""}); }),
              HasSubstr("application protocol"));
}

TEST(TlsConfigTest, LeavesCopiesAlone) {
  const TlsConfig first = TlsConfig::from_pem(good().certificate, good().key);
  TlsConfig second = first;
  second.require_client_certificate();
  EXPECT_NO_THROW(TlsConfig(first).client_ca_pem(TestPki::shared().authority.certificate));
  EXPECT_THROW(TlsConfig(first).client_ca_pem("nonsense"), std::invalid_argument);
}

}  // namespace
}  // namespace connectrpc::io
