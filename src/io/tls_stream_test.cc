// TLS handshakes, good and bad, and what both sides learn from them.
#include "io/tls_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <stdexcept>

#include "io/stream_testlib.h"

namespace connectrpc::io {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::StartsWith;

const std::vector<std::string> both_protocols{"h2", "http/1.1"};

TlsConfig server_config() {
  return TlsConfig::from_pem(TestPki::shared().server.certificate, TestPki::shared().server.key);
}

TlsClientConfig client_config() { return TlsClientConfig().ca_pem(TestPki::shared().authority.certificate); }

class TlsStreamTest : public testing::TestWithParam<Wire> {
 protected:
  void open(const TlsConfig& server, const TlsClientConfig& client, std::string_view host = "localhost",
            const std::vector<std::string>& alpn = both_protocols) {
    StreamPair pair = make_plain_pair(loop_, GetParam());
    client_ = std::make_unique<TestEnd>(make_tls_client(std::move(pair.client), client, host, alpn));
    server_ = std::make_unique<TestEnd>(make_tls_server(std::move(pair.server), server));
  }

  bool shake_hands() {
    return run_until(loop_, [&] { return !client_->stream().handshaking() && !server_->stream().handshaking(); });
  }

  // Both sides' reasons once neither goes on.
  void expect_failure(const std::string& at_client, const std::string& at_server) {
    client_->send("x");  // In TLS 1.3 the client has finished before the server looks at its certificate.
    ASSERT_TRUE(run_until(loop_, [&] { return client_->failed(); }));
    const std::string client_failure = client_->stream().failure();
    // A server that refused waits for the client to go, a client that refused is still sending its alert.
    run_until(loop_, [&] { return server_->failed(); }, milliseconds(100));
    client_->destroy();
    ASSERT_TRUE(run_until(loop_, [&] { return server_->failed() || server_->ended(); }));
    EXPECT_THAT(client_failure, HasSubstr(at_client));
    EXPECT_THAT(server_->stream().failure(), HasSubstr(at_server));
  }

  Loop loop_;
  std::unique_ptr<TestEnd> client_;
  std::unique_ptr<TestEnd> server_;
};

INSTANTIATE_TEST_SUITE_P(Wires, TlsStreamTest, testing::Values(Wire::pipe, Wire::narrow_pipe, Wire::tcp),
                         [](const auto& wire) { return wire_name(wire.param); });

TEST_P(TlsStreamTest, TellsBothSidesAboutEachOther) {
  open(server_config(), client_config());
  EXPECT_TRUE(client_->stream().handshaking());
  EXPECT_EQ(client_->stream().peer().tls(), nullptr);
  ASSERT_TRUE(shake_hands());
  const TlsInfo* seen_by_client = client_->stream().peer().tls();
  ASSERT_NE(seen_by_client, nullptr);
  EXPECT_EQ(seen_by_client->version, "TLSv1.3");
  EXPECT_THAT(seen_by_client->cipher, StartsWith("TLS_"));
  EXPECT_EQ(seen_by_client->alpn, "h2");
  EXPECT_EQ(seen_by_client->sni, "localhost");
  ASSERT_TRUE(seen_by_client->certificate.has_value());
  const Certificate& certificate = *seen_by_client->certificate;
  EXPECT_EQ(certificate.subject, "CN=localhost,O=Acme");
  EXPECT_EQ(certificate.issuer, "CN=Test Authority,O=Acme");
  EXPECT_THAT(certificate.dns_names, testing::ElementsAre("localhost"));
  EXPECT_THAT(certificate.ip_addresses, testing::ElementsAre("127.0.0.1", "::1"));
  EXPECT_EQ(certificate.sha256_fingerprint.size(), 64u);
  EXPECT_FALSE(certificate.der.empty());
  EXPECT_LT(certificate.not_before, std::chrono::system_clock::now());
  EXPECT_GT(certificate.not_after, std::chrono::system_clock::now() + std::chrono::hours(24 * 29));
  EXPECT_LT(certificate.not_after, std::chrono::system_clock::now() + std::chrono::hours(24 * 31));

  const TlsInfo* seen_by_server = server_->stream().peer().tls();
  ASSERT_NE(seen_by_server, nullptr);
  EXPECT_EQ(seen_by_server->version, "TLSv1.3");
  EXPECT_EQ(seen_by_server->cipher, seen_by_client->cipher);
  EXPECT_EQ(seen_by_server->alpn, "h2");
  EXPECT_EQ(seen_by_server->sni, "localhost");
  EXPECT_FALSE(seen_by_server->certificate.has_value());
  EXPECT_EQ(server_->stream().alpn(), "h2");
}

TEST_P(TlsStreamTest, ShowsTheClientsCertificate) {
  const TestPki& pki = TestPki::shared();
  open(server_config().client_ca_pem(pki.authority.certificate).require_client_certificate(),
       client_config().certificate_pem(pki.client.certificate, pki.client.key));
  ASSERT_TRUE(shake_hands());
  const TlsInfo* tls = server_->stream().peer().tls();
  ASSERT_NE(tls, nullptr);
  ASSERT_TRUE(tls->certificate.has_value());
  EXPECT_EQ(tls->certificate->subject, "CN=alice,O=Acme");
  EXPECT_THAT(tls->certificate->emails, testing::ElementsAre("alice@acme.example"));
  EXPECT_THAT(tls->certificate->uris, testing::ElementsAre("spiffe://acme/alice"));
  client_->send("hello");
  EXPECT_TRUE(run_until(loop_, [&] { return server_->received() == "hello"; }));
}

TEST_P(TlsStreamTest, LetsClientsInWithoutCertificateUnlessOneIsRequired) {
  open(server_config().client_ca_pem(TestPki::shared().authority.certificate), client_config());
  ASSERT_TRUE(shake_hands());
  EXPECT_FALSE(server_->stream().peer().tls()->certificate.has_value());
}

TEST_P(TlsStreamTest, RequiresAClientCertificate) {
  open(server_config().client_ca_pem(TestPki::shared().authority.certificate).require_client_certificate(),
       client_config());
  expect_failure("the server ended TLS with the alert \"certificate required\": it requires a client certificate",
                 "peer did not return a certificate");
}

TEST_P(TlsStreamTest, RefusesAClientCertificateOfAStranger) {
  const TestCertificate stranger = make_test_certificate({.common_name = "mallory"});
  open(server_config().client_ca_pem(TestPki::shared().authority.certificate),
       client_config().certificate_pem(stranger.certificate, stranger.key));
  expect_failure("the server ended TLS with the alert", "certificate verify failed: self-signed certificate");
}

TEST_P(TlsStreamTest, RefusesAServerOfAnotherAuthority) {
  const TestCertificate other = make_test_certificate({.common_name = "Other Authority", .authority = true});
  open(server_config(), TlsClientConfig().ca_pem(other.certificate));
  expect_failure("certificate verify failed: unable to get local issuer certificate (subject \"CN=localhost,O=Acme\"",
                 "the client ended TLS with the alert \"unknown CA\"");
}

TEST_P(TlsStreamTest, ChecksAgainstTheSystemsAuthoritiesByDefault) {
  open(server_config(), TlsClientConfig());
  expect_failure("certificate verify failed", "the client ended TLS with the alert");
}

TEST_P(TlsStreamTest, RefusesAnotherName) {
  open(server_config(), client_config(), "wrong.example");
  expect_failure(
      "certificate verify failed: hostname mismatch: expected \"wrong.example\", the certificate is for localhost, "
      "127.0.0.1, ::1",
      "the client ended TLS with the alert");
}

TEST_P(TlsStreamTest, RefusesAnotherAddress) {
  open(server_config(), client_config(), "10.0.0.1");
  expect_failure("IP address mismatch: expected \"10.0.0.1\"", "the client ended TLS with the alert");
}

TEST_P(TlsStreamTest, RefusesAnExpiredCertificate) {
  const TestPki& pki = TestPki::shared();
  const TestCertificate expired =
      make_test_certificate({.valid_from_days = -10, .valid_to_days = -1, .issuer = &pki.authority});
  open(TlsConfig::from_pem(expired.certificate, expired.key), client_config());
  expect_failure("certificate verify failed: certificate has expired on 20",
                 "the client ended TLS with the alert \"certificate expired\"");
}

TEST_P(TlsStreamTest, AcceptsAddressesAndTrailingDots) {
  for (const char* host : {"127.0.0.1", "::1", "localhost.", "LOCALHOST"}) {
    open(server_config(), client_config(), host);
    ASSERT_TRUE(shake_hands());
    EXPECT_EQ(client_->stream().failure(), "") << host;
    const bool address = host[0] == '1' || host[0] == ':';
    EXPECT_EQ(server_->stream().peer().tls()->sni.empty(), address) << host;
  }
}

TEST_P(TlsStreamTest, TakesTheServersNameFromTheSettings) {
  open(server_config(), client_config().server_name("localhost"), "10.0.0.1");
  ASSERT_TRUE(shake_hands());
  EXPECT_EQ(client_->stream().failure(), "");
}

TEST_P(TlsStreamTest, SkipsVerificationWhenTold) {
  open(server_config(), TlsClientConfig().insecure_skip_verify(), "wrong.example");
  ASSERT_TRUE(shake_hands());
  EXPECT_EQ(client_->stream().failure(), "");
  EXPECT_FALSE(client_->stream().peer().tls()->certificate.has_value()) << "it was not verified";
}

TEST_P(TlsStreamTest, NeedsANameToCheck) {
  open(server_config(), client_config(), "");
  ASSERT_TRUE(run_until(loop_, [&] { return client_->failed(); }));
  EXPECT_THAT(client_->stream().failure(), HasSubstr("no name"));
}

TEST_P(TlsStreamTest, ChoosesTheServersPreferredProtocol) {
  open(server_config().alpn({"http/1.1", "h2"}), client_config());
  ASSERT_TRUE(shake_hands());
  EXPECT_EQ(client_->stream().alpn(), "http/1.1");
  EXPECT_EQ(server_->stream().alpn(), "http/1.1");
}

TEST_P(TlsStreamTest, AgreesOnNoProtocolWhereNoneIsOffered) {
  open(server_config(), client_config(), "localhost", {});
  ASSERT_TRUE(shake_hands());
  EXPECT_EQ(server_->stream().alpn(), "");
  open(server_config().alpn({}), client_config());
  ASSERT_TRUE(shake_hands());
  EXPECT_EQ(client_->stream().alpn(), "");
}

TEST_P(TlsStreamTest, FailsWithoutACommonProtocol) {
  open(server_config(), client_config(), "localhost", {"spdy/3"});
  expect_failure("\"no application protocol\": it speaks none of the protocols offered", "no application protocol");
}

TEST_P(TlsStreamTest, PicksTheCertificateByName) {
  const TestPki& pki = TestPki::shared();
  const auto named = [&](const std::string& name) {
    return make_test_certificate({.common_name = name, .alternative_names = "DNS:" + name, .issuer = &pki.authority});
  };
  const TestCertificate exact = named("a.example.com");
  const TestCertificate wildcard = named("*.example.com");
  const TlsConfig config = server_config()
                               .add_certificate_pem("*.Example.com", wildcard.certificate, wildcard.key)
                               .add_certificate_pem("a.example.com", exact.certificate, exact.key);
  const std::pair<const char*, const char*> cases[] = {{"a.example.com", "CN=a.example.com,O=Acme"},
                                                       {"A.EXAMPLE.COM", "CN=a.example.com,O=Acme"},
                                                       {"b.example.com", "CN=*.example.com,O=Acme"},
                                                       {"localhost", "CN=localhost,O=Acme"}};
  for (const auto& [host, subject] : cases) {
    open(config, client_config(), host);
    ASSERT_TRUE(shake_hands());
    ASSERT_EQ(client_->stream().failure(), "");
    EXPECT_EQ(client_->stream().peer().tls()->certificate->subject, subject);
  }
  open(config, client_config(), "c.d.example.com");
  expect_failure("hostname mismatch", "the client ended TLS");
}

TEST_P(TlsStreamTest, AnswersAPlainClient) {
  for (const std::string request :
       {"GET / HTTP/1.1\r\nhost: x\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "OPTIONS"}) {
    StreamPair pair = make_plain_pair(loop_, GetParam());
    TestEnd client(std::move(pair.client));
    TestEnd server(make_tls_server(std::move(pair.server), server_config()));
    client.send(request + std::string(50'000, 'x'));
    client.finish();
    ASSERT_TRUE(run_until(loop_, [&] { return client.ended() && server.failed(); }));
    EXPECT_FALSE(client.failed());
    EXPECT_THAT(client.received(), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
    EXPECT_THAT(client.received(), HasSubstr("\r\n\r\nThis port speaks TLS"));
    EXPECT_EQ(server.stream().failure(), "the client spoke plain HTTP to a port that speaks TLS");
  }
}

TEST_P(TlsStreamTest, GivesUpOnAPlainClientThatStays) {
  StreamPair pair = make_plain_pair(loop_, GetParam());
  TestEnd client(std::move(pair.client));
  TestEnd server(make_tls_server(std::move(pair.server), server_config()));
  client.send("GET / HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(run_until(loop_, [&] { return server.failed(); }, milliseconds(10'000)));
  EXPECT_FALSE(server.stream().handshaking());
}

TEST_P(TlsStreamTest, GivesUpOnNonsense) {
  StreamPair pair = make_plain_pair(loop_, GetParam());
  TestEnd client(std::move(pair.client));
  TestEnd server(make_tls_server(std::move(pair.server), server_config()));
  client.send(std::string(100, '\0'));
  client.finish();
  ASSERT_TRUE(run_until(loop_, [&] { return server.failed(); }));
  EXPECT_EQ(server.stream().failure(), "the client does not speak TLS");
}

TEST_P(TlsStreamTest, ExplainsAServerWithoutTls) {
  const std::pair<std::string, std::string> cases[] = {
      {"HTTP/1.1 400 Bad Request\r\n\r\n", "the server does not speak TLS on this port: it answered in plain HTTP"},
      {std::string("\0\0\0\4\0\0\0\0\0", 9), "the server does not speak TLS on this port"}};
  for (const auto& [answer, failure] : cases) {
    StreamPair pair = make_plain_pair(loop_, GetParam());
    TestEnd client(make_tls_client(std::move(pair.client), client_config(), "localhost", both_protocols));
    TestEnd server(std::move(pair.server));
    server.send(answer);
    ASSERT_TRUE(run_until(loop_, [&] { return client.failed(); }));
    EXPECT_EQ(client.stream().failure(), failure);
  }
}

TEST_P(TlsStreamTest, ExplainsAnEndDuringTheHandshake) {
  StreamPair pair = make_plain_pair(loop_, GetParam());
  TestEnd client(make_tls_client(std::move(pair.client), client_config(), "localhost", both_protocols));
  TestEnd server(std::move(pair.server));
  ASSERT_TRUE(run_until(loop_, [&] { return server.received().size() > 100; }));
  server.finish();
  ASSERT_TRUE(run_until(loop_, [&] { return client.failed(); }));
  EXPECT_EQ(client.stream().failure(), "the server closed the connection during the TLS handshake");
}

TEST_P(TlsStreamTest, TakesATruncatedStreamAsEnded) {
  StreamPair pair = make_plain_pair(loop_, GetParam());
  Stream* transport = pair.client.get();
  TestEnd client(make_tls_client(std::move(pair.client), client_config(), "localhost", both_protocols));
  TestEnd server(make_tls_server(std::move(pair.server), server_config()));
  client.send("half");
  ASSERT_TRUE(run_until(loop_, [&] { return server.received() == "half"; }));
  transport->shutdown_write();
  ASSERT_TRUE(run_until(loop_, [&] { return server.ended(); }));
  EXPECT_FALSE(server.failed());
}

TEST_P(TlsStreamTest, TellsAWaitingWriterWhenTheHandshakeIsOver) {
  struct Watcher final : Stream::Observer {
    int writable = 0;
    void on_readable() override {}
    void on_writable() override { ++writable; }
  };
  open(server_config(), client_config());
  Watcher watcher;
  client_->stream().observe(&watcher);
  client_->stream().wait_writable();
  ASSERT_TRUE(run_until(loop_, [&] { return watcher.writable == 1; }));
  EXPECT_FALSE(client_->stream().handshaking());
  EXPECT_EQ(client_->stream().write("x").status, IoResult::Status::ok);
}

TEST_P(TlsStreamTest, TellsAWaitingWriterWhenTheHandshakeFailed) {
  struct Watcher final : Stream::Observer {
    int writable = 0;
    void on_readable() override {}
    void on_writable() override { ++writable; }
  };
  open(server_config(), TlsClientConfig(), "localhost");
  Watcher watcher;
  client_->stream().observe(&watcher);
  client_->stream().wait_writable();
  ASSERT_TRUE(run_until(loop_, [&] { return watcher.writable == 1; }));
  EXPECT_FALSE(client_->stream().handshaking());
  EXPECT_EQ(client_->stream().write("x").status, IoResult::Status::failed);
}

TEST_P(TlsStreamTest, HandsManyRecordsToTheTransportInOneWrite) {
  if (GetParam() == Wire::narrow_pipe) return;
  auto [there, here] = make_pipe(loop_, 1024 * 1024);
  int writes = 0;
  TestEnd client(make_tls_client(std::make_unique<CountingStream>(std::move(there), writes), client_config(),
                                 "localhost", both_protocols));
  TestEnd server(make_tls_server(std::move(here), server_config()));
  ASSERT_TRUE(run_until(loop_, [&] { return !client.stream().handshaking() && !server.stream().handshaking(); }));
  EXPECT_EQ(writes, 2) << "two flights";
  client.send(std::string(60'000, 'x'));
  EXPECT_EQ(writes, 3);
  EXPECT_TRUE(run_until(loop_, [&] { return server.received().size() == 60'000; }));
}

TEST_P(TlsStreamTest, EndsBothWaysBeforeTheHandshakeIsOver) {
  open(server_config(), client_config());
  client_->stream().shutdown_write();
  EXPECT_TRUE(run_until(loop_, [&] { return server_->ended(); }));
}

TEST_P(TlsStreamTest, MayBeDestroyedAtAnyPointOfTheHandshake) {
  for (int steps = 0; steps < 40; ++steps) {
    open(server_config(), client_config());
    for (int i = 0; i < steps; ++i) {
      loop_.restart();
      loop_.poll_one();
    }
    if (steps % 2 == 0)
      client_.reset();
    else
      server_.reset();
    run_for(loop_, milliseconds(1));
    client_.reset();
    server_.reset();
  }
}

// A client made of OpenSSL alone, for what ours does not do.
class RawClient {
 public:
  explicit RawClient(std::unique_ptr<Stream> transport) : end_(std::move(transport)) {
    SSL_CTX_set_security_level(context_.get(), 0);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl_.get());
  }

  SSL* ssl() { return ssl_.get(); }
  TestEnd& end() { return end_; }

  // Moves bytes both ways between OpenSSL and the wire.
  void move() {
    const std::string_view fresh = std::string_view(end_.received()).substr(fed_);
    if (!fresh.empty()) BIO_write(SSL_get_rbio(ssl()), fresh.data(), static_cast<int>(fresh.size()));
    fed_ += fresh.size();
    char* data = nullptr;
    BIO* out = SSL_get_wbio(ssl());
    const long size = BIO_get_mem_data(out, &data);
    if (size > 0) {
      const std::string bytes(data, static_cast<std::size_t>(size));
      BIO_reset(out);
      end_.send(bytes);
    }
  }

  bool shake_hands(Loop& loop) {
    return run_until(loop, [&] {
      const int done = SSL_do_handshake(ssl());
      move();
      return done == 1 || (done < 0 && SSL_get_error(ssl(), done) == SSL_ERROR_SSL);
    });
  }

 private:
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_{SSL_CTX_new(TLS_client_method()), &SSL_CTX_free};
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, &SSL_free};
  TestEnd end_;
  std::size_t fed_ = 0;
};

TEST_P(TlsStreamTest, SpeaksTls12ToThoseWhoKnowNoBetter) {
  StreamPair pair = make_plain_pair(loop_, GetParam());
  RawClient client(std::move(pair.client));
  SSL_set_max_proto_version(client.ssl(), TLS1_2_VERSION);
  TestEnd server(make_tls_server(std::move(pair.server), server_config()));
  ASSERT_TRUE(client.shake_hands(loop_));
  SSL_write(client.ssl(), "hello", 5);
  client.move();
  ASSERT_TRUE(run_until(loop_, [&] { return server.received() == "hello"; }));
  EXPECT_EQ(server.stream().peer().tls()->version, "TLSv1.2");
  EXPECT_THAT(server.stream().peer().tls()->cipher, StartsWith("ECDHE-ECDSA-"));
  // Renegotiation is refused, and costs nothing but the attempt.
  SSL_renegotiate(client.ssl());
  SSL_do_handshake(client.ssl());
  client.move();
  run_for(loop_, milliseconds(20));
  client.move();
  SSL_do_handshake(client.ssl());
  EXPECT_EQ(server.received(), "hello");
  server.send("still here");
  run_for(loop_, milliseconds(20));
  EXPECT_FALSE(server.write_failed());
}

TEST_P(TlsStreamTest, TellsOfTheEndBehindTheLastBytes) {
  StreamPair pair = make_plain_pair(loop_, GetParam());
  RawClient client(std::move(pair.client));
  TestEnd server(make_tls_server(std::move(pair.server), server_config()));
  ASSERT_TRUE(client.shake_hands(loop_));
  // close_notify without the end of the connection.
  for (int i = 0; i < 3; ++i) SSL_write(client.ssl(), "hello", 5);
  SSL_shutdown(client.ssl());
  client.move();
  ASSERT_TRUE(run_until(loop_, [&] { return server.ended(); }));
  EXPECT_EQ(server.received(), "hellohellohello");
  EXPECT_FALSE(server.failed());
}

TEST_P(TlsStreamTest, GivesWhatCameBeforeABrokenRecord) {
  StreamPair pair = make_plain_pair(loop_, GetParam());
  RawClient client(std::move(pair.client));
  TestEnd server(make_tls_server(std::move(pair.server), server_config()));
  ASSERT_TRUE(client.shake_hands(loop_));
  for (int i = 0; i < 3; ++i) SSL_write(client.ssl(), "hello", 5);
  client.move();
  client.end().send("no record of TLS");
  ASSERT_TRUE(run_until(loop_, [&] { return server.failed(); }));
  EXPECT_EQ(server.received(), "hellohellohello");
  EXPECT_FALSE(server.stream().failure().empty());
}

TEST_P(TlsStreamTest, RefusesOldVersions) {
  StreamPair pair = make_plain_pair(loop_, GetParam());
  RawClient client(std::move(pair.client));
  SSL_set_min_proto_version(client.ssl(), TLS1_VERSION);
  SSL_set_max_proto_version(client.ssl(), TLS1_1_VERSION);
  SSL_set_cipher_list(client.ssl(), "ALL:@SECLEVEL=0");
  TestEnd server(make_tls_server(std::move(pair.server), server_config()));
  client.shake_hands(loop_);
  client.end().finish();
  ASSERT_TRUE(run_until(loop_, [&] { return server.failed(); }));
  EXPECT_THAT(server.stream().failure(), HasSubstr("unsupported protocol"));
}

TEST_P(TlsStreamTest, GoesThroughKeyUpdates) {
  StreamPair pair = make_plain_pair(loop_, GetParam());
  RawClient client(std::move(pair.client));
  TestEnd server(make_tls_server(std::move(pair.server), server_config()));
  ASSERT_TRUE(client.shake_hands(loop_));
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(SSL_key_update(client.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    ASSERT_EQ(SSL_write(client.ssl(), "x", 1), 1);
    client.move();
    server.send("y");
  }
  std::string received;
  ASSERT_TRUE(run_until(loop_, [&] {
    client.move();
    char buffer[100];
    const int size = SSL_read(client.ssl(), buffer, sizeof buffer);
    if (size > 0) received.append(buffer, static_cast<std::size_t>(size));
    return received.size() == 20 && server.received().size() == 20;
  }));
}

TEST(TlsOverPipeTest, DoesNotQueueAnswersToKeyUpdatesWithoutEnd) {
  Loop loop;
  auto [there, here] = make_pipe(loop, 1024);
  StreamPair pair{std::move(there), std::move(here)};
  RawClient client(std::move(pair.client));
  TestEnd server(make_tls_server(std::move(pair.server), server_config()));
  ASSERT_TRUE(client.shake_hands(loop));
  ASSERT_TRUE(run_until(loop, [&] { return !server.stream().handshaking(); }));
  run_for(loop, milliseconds(10));
  client.end().pause_reading();
  // 27 bytes each on the wire, there and back: more answers than the pipe and our limit take.
  constexpr int updates = 11'000;
  for (int i = 0; i < updates; ++i) {
    SSL_key_update(client.ssl(), SSL_KEY_UPDATE_REQUESTED);
    SSL_do_handshake(client.ssl());
    if (i % 1000 == 0) {
      client.move();
      run_for(loop, milliseconds(0));
    }
  }
  SSL_write(client.ssl(), "done", 4);
  client.move();
  run_for(loop, milliseconds(100));
  EXPECT_EQ(server.received(), "") << "the server went on reading";
  client.end().resume_reading();
  EXPECT_TRUE(run_until(loop, [&] { return server.received() == "done"; }));
}

TEST(TlsContextTest, MistakesAreFoundAtStart) {
  EXPECT_NO_THROW(prepare(server_config()));
  EXPECT_NO_THROW(prepare(client_config()));
  EXPECT_NO_THROW(prepare(TlsClientConfig()));
  EXPECT_THROW(prepare(server_config().require_client_certificate()), std::invalid_argument);
}

}  // namespace
}  // namespace connectrpc::io
