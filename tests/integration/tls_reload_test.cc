// Certificates change while a server runs.
#include <filesystem>
#include <fstream>

#include "integration/harness.h"

namespace connectrpc::probe_test {
namespace {

using namespace std::chrono_literals;
using ::probe::v1::ProbeServiceClientSync;

class TlsReload : public ::testing::Test {
 protected:
  static io::TestCertificate make() { return io::make_test_certificate(io::TestCertificateSpec()); }

  void serve(std::chrono::milliseconds check_interval) {
    ServerOptions options;
    options.tls_check_interval = check_interval;
    options.log = [this](const LogRecord& record) {
      const std::lock_guard lock(mutex_);
      log_.emplace_back(record.text);
    };
    server_.emplace(options);
    server_->add(probe_);
    port_ = server_->listen("127.0.0.1:0", TlsConfig::from_files(certificate_.path(), key_.path())
                                               .add_certificate("two.example", certificate_.path(), key_.path()));
    server_->start();
  }

  void write(const io::TestCertificate& made) {
    put(certificate_, made.certificate);
    put(key_, made.key);
  }
  // At once, as those do who renew certificates.
  static void put(const io::TestFile& file, const std::string& content) {
    std::ofstream(file.path() + ".new", std::ios::binary) << content;
    std::filesystem::rename(file.path() + ".new", file.path());
  }

  ProbeServiceClientSync client(const io::TestCertificate& trusted) const {
    ChannelOptions options;
    options.tls.ca_pem(trusted.certificate);
    return ProbeServiceClientSync("https://127.0.0.1:" + std::to_string(port_), options);
  }
  bool answers(const io::TestCertificate& trusted) const {
    return as_result([&] { return client(trusted).probe(ProbeRequest()); }).has_value();
  }
  std::size_t logged(std::string_view text) {
    const std::lock_guard lock(mutex_);
    std::size_t count = 0;
    for (const std::string& line : log_) count += line.find(text) == std::string::npos ? 0 : 1;
    return count;
  }

  const io::TestCertificate first_ = make();
  const io::TestCertificate second_ = make();
  io::TestFile certificate_{first_.certificate};
  io::TestFile key_{first_.key};
  Counters counters_;
  Probe probe_{counters_};
  std::mutex mutex_;
  std::vector<std::string> log_;
  std::optional<Server> server_;
  std::uint16_t port_ = 0;
};

TEST_F(TlsReload, ByCall) {
  serve(0ms);
  const ProbeServiceClientSync kept = client(first_);
  EXPECT_EQ((*kept.probe(ProbeRequest())).text(), "hello ");
  write(second_);
  EXPECT_TRUE(answers(first_));
  server_->reload_tls();
  EXPECT_TRUE(answers(second_));
  EXPECT_FALSE(answers(first_));
  // Connections keep what they began with.
  EXPECT_EQ((*kept.probe(ProbeRequest())).text(), "hello ");
}

TEST_F(TlsReload, WhatCannotBeUsedIsNamedAndTheOldStays) {
  serve(0ms);
  put(key_, second_.key);
  try {
    server_->reload_tls();
    ADD_FAILURE() << "a key that does not belong to its certificate";
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string_view(error.what()).find(key_.path()), std::string::npos) << error.what();
  }
  put(certificate_, "");
  EXPECT_THROW(server_->reload_tls(), std::invalid_argument);
  EXPECT_TRUE(answers(first_));
}

TEST_F(TlsReload, BySettings) {
  serve(0ms);
  server_->replace_tls(port_, TlsConfig::from_pem(second_.certificate, second_.key));
  EXPECT_TRUE(answers(second_));
  // These came from no file.
  server_->reload_tls();
  EXPECT_TRUE(answers(second_));
  EXPECT_THROW(server_->replace_tls(1, TlsConfig::from_pem(second_.certificate, second_.key)), std::invalid_argument);
}

TEST_F(TlsReload, ByItselfWhenFilesChange) {
  serve(20ms);
  EXPECT_TRUE(answers(first_));
  put(certificate_, second_.certificate);
  EXPECT_TRUE(eventually([&] { return logged("TLS certificates cannot be loaded anew") == 1; }));
  EXPECT_TRUE(answers(first_));
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(logged("TLS certificates cannot be loaded anew"), 1u);
  put(key_, second_.key);
  EXPECT_TRUE(eventually([&] { return answers(second_); }));
  EXPECT_EQ(logged("TLS certificates were loaded anew"), 1u);
}

TEST_F(TlsReload, AFileIsLookedAtAsItIs) {
  TlsConfig config = TlsConfig::from_files(certificate_.path(), key_.path());
  EXPECT_FALSE(config.files_changed());
  write(second_);
  EXPECT_TRUE(config.files_changed());
  config = config.reloaded();
  EXPECT_FALSE(config.files_changed());
  std::filesystem::remove(key_.path());
  EXPECT_TRUE(config.files_changed());
  EXPECT_THROW(config.reloaded(), std::invalid_argument);
}

}  // namespace
}  // namespace connectrpc::probe_test
