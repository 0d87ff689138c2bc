// Pairs of joined streams for tests, over everything that a stream can be.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "io/pipe.h"
#include "io/stream.h"
#include "io/tcp_stream.h"
#include "io/test_certificate_testlib.h"
#include "io/tls_stream.h"

namespace connectrpc::io {

enum class Wire { pipe, narrow_pipe, tcp, unix_socket, tls_pipe, tls_narrow_pipe, tls_tcp };

inline constexpr Wire all_wires[] = {Wire::pipe,     Wire::narrow_pipe,     Wire::tcp,    Wire::unix_socket,
                                     Wire::tls_pipe, Wire::tls_narrow_pipe, Wire::tls_tcp};

inline std::string wire_name(Wire wire) {
  switch (wire) {
    case Wire::pipe: return "pipe";
    case Wire::narrow_pipe: return "narrow_pipe";
    case Wire::tcp: return "tcp";
    case Wire::unix_socket: return "unix_socket";
    case Wire::tls_pipe: return "tls_pipe";
    case Wire::tls_narrow_pipe: return "tls_narrow_pipe";
    case Wire::tls_tcp: return "tls_tcp";
  }
  return "";
}

inline bool is_tls(Wire wire) {
  return wire == Wire::tls_pipe || wire == Wire::tls_narrow_pipe || wire == Wire::tls_tcp;
}

/// One byte at a time.
inline bool is_narrow(Wire wire) { return wire == Wire::narrow_pipe || wire == Wire::tls_narrow_pipe; }

struct StreamPair {
  std::unique_ptr<Stream> client;
  std::unique_ptr<Stream> server;
};

/// Two connected TCP sockets on the loopback: the client's, the server's.
inline std::pair<int, int> tcp_socket_pair() {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const int client = ::socket(AF_INET, SOCK_STREAM, 0);
  if (::bind(listener, generic, size) != 0 || ::listen(listener, 1) != 0 ||
      ::getsockname(listener, generic, &size) != 0 || ::connect(client, generic, size) != 0)
    throw std::runtime_error("no TCP on the loopback");
  const int server = ::accept(listener, nullptr, nullptr);
  ::close(listener);
  return {client, server};
}

/// Runs the loop until `done` says so, at most `limit`; whether it did.
inline bool run_until(Loop& loop, const std::function<bool()>& done,
                      std::chrono::milliseconds limit = std::chrono::seconds(60)) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!done()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    loop.restart();
    loop.run_one_for(std::chrono::milliseconds(10));
  }
  return true;
}

/// Runs what is ready and what becomes ready within `time`.
inline void run_for(Loop& loop, std::chrono::milliseconds time) {
  run_until(loop, [] { return false; }, time);
}

/// Two streams joined without TLS.
inline StreamPair make_plain_pair(Loop& loop, Wire wire) {
  switch (wire) {
    case Wire::pipe:
    case Wire::tls_pipe: {
      auto [client, server] = make_pipe(loop);
      return {std::move(client), std::move(server)};
    }
    case Wire::narrow_pipe:
    case Wire::tls_narrow_pipe: {
      auto [client, server] = make_pipe(loop, 1);
      return {std::move(client), std::move(server)};
    }
    case Wire::tcp:
    case Wire::tls_tcp: {
      const auto [client, server] = tcp_socket_pair();
      return {make_tcp_stream(loop, client), make_tcp_stream(loop, server)};
    }
    case Wire::unix_socket: {
      int ends[2];
      if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) throw std::runtime_error("no socket pair");
      return {make_tcp_stream(loop, ends[0]), make_tcp_stream(loop, ends[1])};
    }
  }
  return {};
}

/// Two joined streams; with TLS the handshake is still to come.
inline StreamPair make_pair(Loop& loop, Wire wire) {
  StreamPair pair = make_plain_pair(loop, wire);
  if (!is_tls(wire)) return pair;
  const TestPki& pki = TestPki::shared();
  const auto server = TlsConfig::from_pem(pki.server.certificate, pki.server.key);
  TlsClientConfig client;
  client.ca_pem(pki.authority.certificate);
  pair.client = make_tls_client(std::move(pair.client), client, "localhost", {"h2", "http/1.1"});
  pair.server = make_tls_server(std::move(pair.server), server);
  return pair;
}

/// Counts the writes that pass through.
class CountingStream final : public Stream, private Stream::Observer {
 public:
  CountingStream(std::unique_ptr<Stream> inner, int& writes) : inner_(std::move(inner)), writes_(writes) {
    inner_->observe(this);
  }
  IoResult read(std::span<char> into) override { return inner_->read(into); }
  IoResult write(std::string_view bytes) override {
    ++writes_;
    return inner_->write(bytes);
  }
  void wait_readable() override { inner_->wait_readable(); }
  void wait_writable() override { inner_->wait_writable(); }
  void shutdown_write() override { inner_->shutdown_write(); }
  void close() override { inner_->close(); }
  const Peer& peer() const noexcept override { return inner_->peer(); }
  std::string failure() const override { return inner_->failure(); }
  Loop& loop() const noexcept override { return inner_->loop(); }

 private:
  void on_readable() override { observer()->on_readable(); }
  void on_writable() override { observer()->on_writable(); }

  std::unique_ptr<Stream> inner_;
  int& writes_;
};

/// Reads all that comes and writes what it is given.
class TestEnd final : public Stream::Observer {
 public:
  explicit TestEnd(std::unique_ptr<Stream> stream) : stream_(std::move(stream)) {
    stream_->observe(this);
    stream_->wait_readable();
  }

  void send(std::string_view bytes) {
    output_ += bytes;
    on_writable();
  }
  /// After what was sent so far.
  void finish() {
    finishing_ = true;
    on_writable();
  }
  void pause_reading() { reading_ = false; }
  void resume_reading() {
    reading_ = true;
    stream_->wait_readable();
  }

  Stream& stream() { return *stream_; }
  const std::string& received() const { return received_; }
  std::size_t unsent() const { return output_.size() - sent_; }
  bool ended() const { return ended_; }
  bool failed() const { return failed_; }
  void destroy() { stream_.reset(); }

  void on_readable() override {
    while (reading_ && !ended_ && !failed_) {
      // Less than a record of TLS, and several.
      static char buffer[100'000];
      const IoResult result = stream_->read(std::span(buffer, ++reads_ % 2 == 0 ? sizeof buffer : 5000));
      if (result.status == IoResult::Status::would_block) return stream_->wait_readable();
      if (result.status == IoResult::Status::ok) received_.append(buffer, result.size);
      ended_ = result.status == IoResult::Status::eof;
      failed_ = result.status == IoResult::Status::failed;
    }
  }

  void on_writable() override {
    while (unsent() > 0) {
      const IoResult result = stream_->write(std::string_view(output_).substr(sent_));
      if (result.status == IoResult::Status::would_block) return stream_->wait_writable();
      if (result.status != IoResult::Status::ok) {
        write_failed_ = true;
        return;
      }
      sent_ += result.size;
    }
    if (finishing_) stream_->shutdown_write();
  }

  bool write_failed() const { return write_failed_; }

 private:
  std::unique_ptr<Stream> stream_;
  std::string output_;
  std::size_t sent_ = 0;
  std::string received_;
  unsigned reads_ = 0;
  bool finishing_ = false;
  bool reading_ = true;
  bool ended_ = false;
  bool failed_ = false;
  bool write_failed_ = false;
};

}  // namespace connectrpc::io
