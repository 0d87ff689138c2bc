// TLS around calls: who is believed, who is asked for, what each side learns of the other.
#include <gmock/gmock.h>

#include "integration/harness.h"

namespace connectrpc::probe_test {
namespace {

using io::TestCertificate;
using io::TestCertificateSpec;
using ::probe::v1::ProbeServiceClientSync;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Says who the client is.
class WhoAmI final : public ::probe::v1::ProbeServiceHandler {
 public:
  Task<ProbeResponse> probe(const ProbeRequest&, Context& context) override {
    ProbeResponse response;
    const TlsInfo* tls = context.peer().tls();
    if (tls != nullptr) {
      response.set_protocol(tls->version);
      response.set_text(tls->sni + " " + tls->alpn);
      if (tls->certificate) response.set_peer(tls->certificate->subject + " " + tls->certificate->uris.at(0));
    }
    co_return response;
  }
};

class Tls : public ::testing::Test {
 protected:
  static TestCertificate make(const std::string& name, const std::string& alternatives, const TestCertificate* issuer,
                              bool authority = false) {
    TestCertificateSpec spec;
    spec.common_name = name;
    spec.alternative_names = alternatives;
    spec.issuer = issuer;
    spec.authority = authority;
    return io::make_test_certificate(spec);
  }

  std::string serve(const TlsConfig& config) {
    server_.emplace();
    server_->add(who_);
    const auto port = server_->listen("127.0.0.1:0", config);
    server_->start();
    return "https://127.0.0.1:" + std::to_string(port);
  }
  TlsConfig config() const { return TlsConfig::from_pem(host_.certificate, host_.key); }
  ChannelOptions trusting() const {
    ChannelOptions options;
    options.tls.ca_pem(ca_.certificate);
    return options;
  }
  static std::string failure(const std::string& url, const ChannelOptions& options) {
    const auto result = as_result([&] { return ProbeServiceClientSync(url, options).probe(ProbeRequest()); });
    if (result) return "no failure";
    EXPECT_EQ(result.error().code(), Code::unavailable);
    return result.error().message();
  }

  const TestCertificate ca_ = make("Test CA", "", nullptr, true);
  const TestCertificate host_ = make("host", "DNS:localhost,IP:127.0.0.1", &ca_);
  WhoAmI who_;
  std::optional<Server> server_;
};

TEST_F(Tls, AgreesOnTheVersionByAlpn) {
  const std::string url = serve(config());
  for (const Protocol protocol : {Protocol::connect, Protocol::grpc}) {
    ChannelOptions options = trusting();
    options.protocol = protocol;
    const auto response = ProbeServiceClientSync(url, options).probe(ProbeRequest());
    EXPECT_EQ(response->protocol(), "TLSv1.3");
    EXPECT_THAT(response->text(), HasSubstr("h2"));
    ASSERT_NE(response.peer().tls(), nullptr);
    EXPECT_EQ(response.peer().tls()->alpn, "h2");
    EXPECT_THAT(response.peer().tls()->certificate->subject, HasSubstr("CN=host"));
  }
  ChannelOptions old = trusting();
  old.http_version = HttpVersion::http1_1;
  EXPECT_THAT((*ProbeServiceClientSync(url, old).probe(ProbeRequest())).text(), HasSubstr("http/1.1"));
}

TEST_F(Tls, GrpcNeedsAServerThatAgreesToHttp2) {
  TlsConfig only_http1 = config();
  only_http1.alpn({"http/1.1"});
  const std::string url = serve(only_http1);
  ChannelOptions grpc = trusting();
  grpc.protocol = Protocol::grpc;
  EXPECT_NE(failure(url, grpc), "no failure");
  EXPECT_THAT((*ProbeServiceClientSync(url, trusting()).probe(ProbeRequest())).text(), HasSubstr("http/1.1"));
}

TEST_F(Tls, DistrustsByDefault) {
  const std::string url = serve(config());
  EXPECT_THAT(failure(url, ChannelOptions()), HasSubstr("certificate verify failed"));
  ChannelOptions insecure;
  insecure.tls.insecure_skip_verify();
  EXPECT_EQ(failure(url, insecure), "no failure");
  ChannelOptions other_name = trusting();
  other_name.tls.server_name("example.com");
  EXPECT_THAT(failure(url, other_name), HasSubstr("example.com"));
}

TEST_F(Tls, AsksForClientCertificates) {
  const TestCertificate alice = make("alice", "URI:spiffe://acme/alice", &ca_);
  const TestCertificate stranger = make("stranger", "URI:spiffe://other", nullptr);
  TlsConfig asking = config();
  asking.client_ca_pem(ca_.certificate).require_client_certificate();
  const std::string url = serve(asking);
  ChannelOptions with = trusting();
  with.tls.certificate_pem(alice.certificate, alice.key);
  for (const auto version : {HttpVersion::http1_1, HttpVersion::http2}) {
    with.http_version = version;
    EXPECT_THAT((*ProbeServiceClientSync(url, with).probe(ProbeRequest())).peer(),
                AllOf(HasSubstr("CN=alice"), HasSubstr("spiffe://acme/alice")));
  }
  EXPECT_NE(failure(url, trusting()), "no failure");
  ChannelOptions strange = trusting();
  strange.tls.certificate_pem(stranger.certificate, stranger.key);
  EXPECT_NE(failure(url, strange), "no failure");
  EXPECT_EQ(failure(url, with), "no failure");
}

TEST_F(Tls, ChoosesTheCertificateByName) {
  const TestCertificate other = make("other", "DNS:other.example", &ca_);
  TlsConfig two = config();
  two.add_certificate_pem("other.example", other.certificate, other.key);
  const std::string url = serve(two);
  ChannelOptions named = trusting();
  named.tls.server_name("other.example");
  const auto response = ProbeServiceClientSync(url, named).probe(ProbeRequest());
  EXPECT_THAT(response->text(), HasSubstr("other.example"));
  EXPECT_THAT(response.peer().tls()->certificate->dns_names, ElementsAre("other.example"));
}

}  // namespace
}  // namespace connectrpc::probe_test
