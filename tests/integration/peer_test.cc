// Who is at the other end, as handlers, interceptors and clients see it (metadata.md section 6): every kind of address,
// and TLS with certificates made as the test runs.
#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

#include <filesystem>

#include "connectrpc/interceptor.h"
#include "connectrpc/testing/in_memory_server.h"
#include "integration/raw_client.h"
#include "integration/raw_http2.h"
#include "integration/stream_caller.h"

namespace connectrpc::probe_test {
namespace {

using io::TestCertificate;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using Handler = ::probe::v1::ProbeServiceHandler;

/// What the server's side saw of its calls.
class Witness {
 public:
  void handler(const Peer& peer) { note(handler_, peer); }
  void interceptor(const Peer& peer) { note(interceptor_, peer); }
  /// Of the last call.
  Peer handler() { return take(handler_); }
  Peer interceptor() { return take(interceptor_); }

 private:
  void note(Peer& into, const Peer& peer) {
    const std::lock_guard lock(mutex_);
    into = peer;
  }
  Peer take(Peer& from) {
    const std::lock_guard lock(mutex_);
    return std::exchange(from, Peer());
  }

  std::mutex mutex_;
  Peer handler_;
  Peer interceptor_;
};

class Watched final : public Handler {
 public:
  explicit Watched(Witness& witness) : witness_(witness) {}

 private:
  Task<ProbeResponse> probe(const ProbeRequest&, Context& context) override {
    witness_.handler(context.peer());
    co_return ProbeResponse();
  }
  Task<> serve(const ProbeRequest&, StreamWriter<ProbeResponse>&, Context& context) override {
    witness_.handler(context.peer());
    co_return;
  }
  Task<ProbeResponse> collect(StreamReader<ProbeRequest>&, Context& context) override {
    witness_.handler(context.peer());
    co_return ProbeResponse();
  }
  Task<> talk(StreamReader<ProbeRequest>&, StreamWriter<ProbeResponse>&, Context& context) override {
    witness_.handler(context.peer());
    co_return;
  }
  Witness& witness_;
};

class WatchedSync final : public ::probe::v1::ProbeServiceHandlerSync {
 public:
  explicit WatchedSync(Witness& witness) : witness_(witness) {}

 private:
  ProbeResponse probe(const ProbeRequest&, Context& context) override {
    witness_.handler(context.peer());
    return {};
  }
  void serve(const ProbeRequest&, StreamWriterSync<ProbeResponse>&, Context& context) override {
    witness_.handler(context.peer());
  }
  ProbeResponse collect(StreamReaderSync<ProbeRequest>&, Context& context) override {
    witness_.handler(context.peer());
    return {};
  }
  void talk(StreamReaderSync<ProbeRequest>&, StreamWriterSync<ProbeResponse>&, Context& context) override {
    witness_.handler(context.peer());
  }
  Witness& witness_;
};

class Watcher final : public Interceptor {
 public:
  explicit Watcher(Witness& witness) : witness_(witness) {}

  Task<> intercept(Context& context, const Next& next) override {
    witness_.interceptor(context.peer());
    co_await next();
  }

 private:
  Witness& witness_;
};

constexpr StreamType kinds[] = {StreamType::unary, StreamType::server, StreamType::client, StreamType::bidi};

class PeerTest : public ::testing::TestWithParam<StreamCase> {
 protected:
  template <class AnyServer>
  void add_to(AnyServer& server) {
    server.intercept(std::make_shared<Watcher>(witness_));
    if (GetParam().server == Style::coroutine) {
      server.add(handler_);
    } else {
      server.add(blocking_);
    }
  }
  static ChannelOptions options() {
    ChannelOptions options;
    options.protocol = GetParam().protocol;
    options.http_version = GetParam().version;
    return options;
  }

  /// A call of this kind; what the client saw.
  Peer call(const ChannelPtr& channel, StreamType kind) {
    const MethodSpec& method = kind == StreamType::unary    ? Handler::probe_method
                               : kind == StreamType::server ? Handler::serve_method
                               : kind == StreamType::client ? Handler::collect_method
                                                            : Handler::talk_method;
    if (GetParam().client == ClientStyle::blocking) {
      if (kind == StreamType::unary) return ::probe::v1::ProbeServiceClientSync(channel).probe(ProbeRequest()).peer();
      return take(CallerOf<CallSync>(channel->open_sync(method, CallOptions()), io_), kind);
    }
    if (kind == StreamType::unary)
      return run_on(io_, ::probe::v1::ProbeServiceClient(channel).probe(ProbeRequest())).peer();
    return take(CallerOf<Call>(channel->open(method, CallOptions()), io_), kind);
  }
  template <class AnyCaller>
  static Peer take(AnyCaller caller, StreamType kind) {
    caller.open();
    if (kind == StreamType::server) caller.send(ProbeRequest());
    caller.close_send();
    while (caller.receive()) {
    }
    return caller.peer();
  }

  boost::asio::io_context io_{1};
  Witness witness_;
  Watched handler_{witness_};
  WatchedSync blocking_{witness_};
};

// ---- Addresses

TEST_P(PeerTest, OfInternetAddresses) {
  for (const auto& [address, kind] : {std::pair("127.0.0.1", Peer::Kind::ipv4), std::pair("::1", Peer::Kind::ipv6)}) {
    const bool six = kind == Peer::Kind::ipv6;
    const std::string host = six ? "[" + std::string(address) + "]" : address;
    SCOPED_TRACE(host);
    Server server;
    add_to(server);
    std::uint16_t port = 0;
    try {
      port = server.listen(host + ":0");
    } catch (const Error& error) {
      // A machine without IPv6 has no such address.
      if (six) continue;
      throw;
    }
    server.start();
    const ChannelPtr channel = Channel::make("http://" + host + ":" + std::to_string(port), options());
    for (const StreamType stream : kinds) {
      const Peer seen = call(channel, stream);
      EXPECT_EQ(seen.kind(), kind);
      EXPECT_EQ(seen.address(), address);
      EXPECT_EQ(seen.port(), port);
      EXPECT_EQ(seen.to_string(), host + ":" + std::to_string(port));
      EXPECT_EQ(seen.tls(), nullptr);
      EXPECT_FALSE(seen.unix_credentials());
      const Peer client = witness_.handler();
      EXPECT_EQ(client.kind(), kind);
      EXPECT_EQ(client.address(), address);
      EXPECT_NE(client.port(), 0);
      EXPECT_NE(client.port(), port);
      EXPECT_EQ(client.to_string(), host + ":" + std::to_string(client.port()));
      EXPECT_EQ(client.tls(), nullptr);
      EXPECT_EQ(witness_.interceptor().to_string(), client.to_string());
    }
  }
}

TEST_P(PeerTest, OfUnixSockets) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("connectrpc-peer-" + std::to_string(::getpid()))).string();
  Server server;
  add_to(server);
  server.listen("unix:" + path);
  server.start();
  const ChannelPtr channel = Channel::make("unix:" + path, options());
  for (const StreamType stream : kinds) {
    for (const Peer& seen : {call(channel, stream), witness_.handler(), witness_.interceptor()}) {
      EXPECT_EQ(seen.kind(), Peer::Kind::unix_socket);
      EXPECT_EQ(seen.port(), 0);
      EXPECT_EQ(seen.to_string(), "unix:" + seen.address());
      EXPECT_EQ(seen.tls(), nullptr);
      // Both ends are this process.
      ASSERT_TRUE(seen.unix_credentials());
      EXPECT_EQ(seen.unix_credentials()->uid, ::getuid());
      EXPECT_EQ(seen.unix_credentials()->gid, ::getgid());
      EXPECT_EQ(seen.unix_credentials()->pid, ::getpid());
    }
    EXPECT_EQ(call(channel, stream).address(), path);
  }
  std::filesystem::remove(path);
}

TEST_P(PeerTest, InOneProcess) {
  testing::InMemoryServer server;
  add_to(server);
  const ChannelPtr channel = server.channel(options());
  for (const StreamType stream : kinds) {
    for (const Peer& seen : {call(channel, stream), witness_.handler(), witness_.interceptor()}) {
      EXPECT_EQ(seen.kind(), Peer::Kind::in_process);
      EXPECT_EQ(seen.to_string(), "in-process");
      EXPECT_EQ(seen.tls(), nullptr);
      EXPECT_FALSE(seen.unix_credentials());
    }
  }
}

// ---- TLS

std::string der_of(const TestCertificate& certificate) {
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(BIO_new_mem_buf(certificate.certificate.data(), -1),
                                                          &BIO_free_all);
  const std::unique_ptr<X509, decltype(&X509_free)> parsed(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr),
                                                           &X509_free);
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(parsed.get(), &bytes);
  std::string der(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return der;
}

std::string sha256_of(const std::string& bytes) {
  std::array<unsigned char, 32> digest{};
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  std::string text;
  for (const unsigned char byte : digest) {
    char hex[3];
    std::snprintf(hex, sizeof hex, "%02x", byte);
    text += hex;
  }
  return text;
}

/// An authority, a server and a client that it signed; the client has a name of every kind.
struct Pki {
  TestCertificate authority =
      io::make_test_certificate({.common_name = "Test Authority", .alternative_names = "", .authority = true});
  TestCertificate server =
      io::make_test_certificate({.common_name = "server", .valid_to_days = 20, .issuer = &authority});
  TestCertificate client = io::make_test_certificate(
      {.common_name = "alice",
       .alternative_names = "DNS:alice.example,DNS:*.alice.example,IP:10.1.2.3,IP:2001:db8::7,"
                            "URI:spiffe://acme/alice,URI:https://alice.example/x,email:alice@acme.example",
       .valid_from_days = -3,
       .valid_to_days = 10,
       .issuer = &authority});

  static const Pki& shared() {
    static const Pki pki;
    return pki;
  }
};

void expect_certificate(const std::optional<Certificate>& certificate, const TestCertificate& made,
                        const std::string& name, int from_days, int to_days) {
  ASSERT_TRUE(certificate);
  EXPECT_EQ(certificate->subject, "CN=" + name + ",O=Acme");
  EXPECT_EQ(certificate->issuer, "CN=Test Authority,O=Acme");
  EXPECT_EQ(certificate->der, der_of(made));
  EXPECT_EQ(certificate->sha256_fingerprint, sha256_of(certificate->der));
  using std::chrono::hours;
  const auto now = std::chrono::system_clock::now();
  const auto near = [](auto time, auto expected) {
    return time > expected - std::chrono::minutes(10) && time < expected + std::chrono::minutes(10);
  };
  EXPECT_TRUE(near(certificate->not_before, now + hours(24 * from_days)));
  EXPECT_TRUE(near(certificate->not_after, now + hours(24 * to_days)));
}

void expect_server(const TlsInfo& tls) {
  expect_certificate(tls.certificate, Pki::shared().server, "server", -1, 20);
  EXPECT_THAT(tls.certificate->dns_names, ElementsAre("localhost"));
  EXPECT_THAT(tls.certificate->ip_addresses, ElementsAre("127.0.0.1", "::1"));
  EXPECT_THAT(tls.certificate->uris, IsEmpty());
  EXPECT_THAT(tls.certificate->emails, IsEmpty());
}

void expect_alice(const TlsInfo& tls) {
  expect_certificate(tls.certificate, Pki::shared().client, "alice", -3, 10);
  EXPECT_THAT(tls.certificate->dns_names, ElementsAre("alice.example", "*.alice.example"));
  EXPECT_THAT(tls.certificate->ip_addresses, ElementsAre("10.1.2.3", "2001:db8::7"));
  EXPECT_THAT(tls.certificate->uris, ElementsAre("spiffe://acme/alice", "https://alice.example/x"));
  EXPECT_THAT(tls.certificate->emails, ElementsAre("alice@acme.example"));
}

TlsConfig server_tls() {
  TlsConfig config = TlsConfig::from_pem(Pki::shared().server.certificate, Pki::shared().server.key);
  return config.client_ca_pem(Pki::shared().authority.certificate);
}

TEST_P(PeerTest, OfTls) {
  Server server;
  add_to(server);
  const std::uint16_t port = server.listen("127.0.0.1:0", server_tls());
  server.start();
  for (const bool with_certificate : {true, false}) {
    for (const std::string host : {"localhost", "127.0.0.1"}) {
      SCOPED_TRACE(host);
      ChannelOptions trusting = options();
      trusting.tls.ca_pem(Pki::shared().authority.certificate);
      if (with_certificate) trusting.tls.certificate_pem(Pki::shared().client.certificate, Pki::shared().client.key);
      const ChannelPtr channel = Channel::make("https://" + host + ":" + std::to_string(port), trusting);
      for (const StreamType stream : kinds) {
        const Peer seen = call(channel, stream);
        const Peer client = witness_.handler();
        for (const Peer& end : {seen, client, witness_.interceptor()}) {
          EXPECT_EQ(end.kind(), Peer::Kind::ipv4);
          ASSERT_NE(end.tls(), nullptr);
          EXPECT_EQ(end.tls()->version, "TLSv1.3");
          EXPECT_THAT(end.tls()->cipher, StartsWith("TLS_"));
          EXPECT_EQ(end.tls()->cipher, seen.tls()->cipher);
          EXPECT_EQ(end.tls()->alpn, GetParam().version == HttpVersion::http2 ? "h2" : "http/1.1");
          // Addresses are no names to ask for (RFC 6066 section 3).
          EXPECT_EQ(end.tls()->sni, host == "localhost" ? "localhost" : "");
        }
        expect_server(*seen.tls());
        if (with_certificate) {
          expect_alice(*client.tls());
        } else {
          EXPECT_FALSE(client.tls()->certificate);
        }
      }
    }
  }
  // What was not verified is not shown.
  ChannelOptions careless = options();
  careless.tls.insecure_skip_verify();
  const Peer seen = call(Channel::make("https://127.0.0.1:" + std::to_string(port), careless), StreamType::unary);
  ASSERT_NE(seen.tls(), nullptr);
  EXPECT_FALSE(seen.tls()->certificate);
}

std::vector<StreamCase> all_cases() {
  std::vector<StreamCase> all;
  for (const auto& [protocol, version] : all_wires())
    for (const Style server : {Style::coroutine, Style::blocking})
      for (const ClientStyle client : {ClientStyle::here, ClientStyle::blocking})
        all.push_back({protocol, version, StreamType::unary, server, client});
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, PeerTest, ::testing::ValuesIn(all_cases()), [](const auto& tested) {
  std::string name = name_of(tested.param);
  return name.erase(name.find("Unary"), 5);
});

// ---- TLS 1.2, which only others ask for

using Context12 = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using Session12 = std::unique_ptr<SSL, decltype(&SSL_free)>;

Context12 only_12(const SSL_METHOD* method, const TestCertificate& certificate) {
  Context12 context(SSL_CTX_new(method), &SSL_CTX_free);
  SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
  const io::TestFile certificate_file(certificate.certificate);
  const io::TestFile key_file(certificate.key);
  EXPECT_EQ(SSL_CTX_use_certificate_file(context.get(), certificate_file.path().c_str(), SSL_FILETYPE_PEM), 1);
  EXPECT_EQ(SSL_CTX_use_PrivateKey_file(context.get(), key_file.path().c_str(), SSL_FILETYPE_PEM), 1);
  return context;
}

TEST(PeerOfTls12, AtTheServer) {
  Witness witness;
  Watched handler(witness);
  Server server;
  server.add(handler);
  const std::uint16_t port = server.listen("127.0.0.1:0", server_tls());
  server.start();
  const Context12 context = only_12(TLS_client_method(), Pki::shared().client);
  const Session12 session(SSL_new(context.get()), &SSL_free);
  const int socket = raw_connect(port);
  SSL_set_fd(session.get(), socket);
  SSL_set_tlsext_host_name(session.get(), "localhost");
  ASSERT_EQ(SSL_connect(session.get()), 1);
  const std::string request = post("content-type: application/json\r\n", "{}");
  ASSERT_EQ(SSL_write(session.get(), request.data(), static_cast<int>(request.size())),
            static_cast<int>(request.size()));
  char answer[15] = {};
  ASSERT_GT(SSL_read(session.get(), answer, sizeof answer - 1), 0);
  EXPECT_STREQ(answer, "HTTP/1.1 200 O");
  const Peer seen = witness.handler();
  ASSERT_NE(seen.tls(), nullptr);
  EXPECT_EQ(seen.tls()->version, "TLSv1.2");
  EXPECT_EQ(seen.tls()->cipher, SSL_get_cipher_name(session.get()));
  EXPECT_EQ(seen.tls()->alpn, "");
  EXPECT_EQ(seen.tls()->sni, "localhost");
  expect_alice(*seen.tls());
  ::close(socket);
}

TEST(PeerOfTls12, AtTheClient) {
  const Context12 context = only_12(TLS_server_method(), Pki::shared().server);
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  std::thread answering([&] {
    const int socket = ::accept(listener, nullptr, nullptr);
    const Session12 session(SSL_new(context.get()), &SSL_free);
    SSL_set_fd(session.get(), socket);
    char request[4096];
    if (SSL_accept(session.get()) == 1 && SSL_read(session.get(), request, sizeof request) > 0) {
      const std::string answer = "HTTP/1.1 200 OK\r\ncontent-type: application/proto\r\ncontent-length: 0\r\n\r\n";
      SSL_write(session.get(), answer.data(), static_cast<int>(answer.size()));
      SSL_read(session.get(), request, sizeof request);
    }
    ::close(socket);
  });
  {
    ChannelOptions options;
    options.tls.ca_pem(Pki::shared().authority.certificate);
    const ::probe::v1::ProbeServiceClientSync client("https://127.0.0.1:" + std::to_string(ntohs(address.sin_port)),
                                                     options);
    const auto result = as_result([&] { return client.probe(ProbeRequest()); });
    EXPECT_TRUE(result) << (result ? "" : result.error().what());
    if (result) {
      const TlsInfo* const tls = result->peer().tls();
      EXPECT_NE(tls, nullptr);
      if (tls != nullptr) {
        EXPECT_EQ(tls->version, "TLSv1.2");
        EXPECT_THAT(tls->cipher, StartsWith("ECDHE-"));
        EXPECT_EQ(tls->alpn, "");
        expect_server(*tls);
      }
    }
  }
  answering.join();
  ::close(listener);
}

}  // namespace
}  // namespace connectrpc::probe_test
