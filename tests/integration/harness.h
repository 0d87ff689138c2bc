// A server on a free loopback port and calls to it in every style.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "connectrpc/client.h"
#include "connectrpc/server.h"
#include "integration/probe_service.h"
#include "integration/run.h"
#include "io/test_certificate_testlib.h"

namespace connectrpc::probe_test {

/// A running probe server.
class TestServer {
 public:
  explicit TestServer(Style style = Style::coroutine, ServerOptions options = ServerOptions(), bool tls = false)
      : probe_(counters_), blocking_(counters_), tls_(tls) {
    options.log = [this](const LogRecord& record) {
      const std::lock_guard lock(mutex_);
      log_.emplace_back(record.text);
    };
    server_.emplace(std::move(options));
    if (style == Style::coroutine) {
      server_->add(probe_);
    } else {
      server_->add(blocking_);
    }
    if (tls_) {
      port_ = server_->listen("127.0.0.1:0", TlsConfig::from_pem(certificate().certificate_pem, certificate().key_pem));
    } else {
      port_ = server_->listen("127.0.0.1:0");
    }
    server_->start();
  }

  std::string url() const { return (tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port_); }
  std::uint16_t port() const { return port_; }
  Server& server() { return *server_; }
  Counters& counters() { return counters_; }
  bool logged(std::string_view text) {
    const std::lock_guard lock(mutex_);
    for (const std::string& line : log_)
      if (line.find(text) != std::string::npos) return true;
    return false;
  }

  ChannelOptions channel_options() const {
    ChannelOptions options;
    if (tls_) options.tls.ca_pem(certificate().ca_pem);
    return options;
  }

  struct Pems {
    std::string ca_pem, certificate_pem, key_pem;
  };
  static const Pems& certificate() {
    static const Pems pems = [] {
      const io::TestCertificate made = io::make_test_certificate(io::TestCertificateSpec());
      return Pems{made.certificate, made.certificate, made.key};
    }();
    return pems;
  }

 private:
  Counters counters_;
  Probe probe_;
  ProbeBlocking blocking_;
  bool tls_;
  std::mutex mutex_;
  std::vector<std::string> log_;
  std::optional<Server> server_;
  std::uint16_t port_ = 0;
};

}  // namespace connectrpc::probe_test
