// Peers that speak HTTP/2 frame by frame, also wrongly: a client for our server, a server for our client.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "http2/test_support.h"

namespace connectrpc::probe_test {

namespace raw = http2::test;

/// One end of a connection. What it sends is up to the test; SETTINGS and PING are answered and windows opened by
/// itself. Every wait has a limit of five seconds. Not thread-safe.
class RawHttp2 {
 public:
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  enum class Side { client, server };

  /// What the peer has sent on one stream.
  struct Stream {
    Pairs head;
    std::string data;
    Pairs trailers;
    bool headed = false;
    bool ended = false;
    /// RST_STREAM's code.
    std::optional<std::uint32_t> reset;

    bool over() const { return ended || reset.has_value(); }
    std::string_view operator[](std::string_view name) const {
      for (const Pairs* const pairs : {&head, &trailers})
        for (const auto& [key, value] : *pairs)
          if (key == name) return value;
      return {};
    }
  };
  struct Event {
    enum class Kind { head, data, end, reset };
    Kind kind;
    std::uint32_t id;
    std::string bytes;
  };

  /// Takes the socket and says its preface.
  RawHttp2(int socket, Side side) : socket_(socket), side_(side) {
    if (nghttp2_hd_inflate_new(&inflater_) != 0) throw std::bad_alloc();
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (side_ == Side::client) send(raw::client_magic);
    send(raw::frame(raw::settings, raw::none, 0));
  }
  RawHttp2(const RawHttp2&) = delete;
  RawHttp2& operator=(const RawHttp2&) = delete;
  ~RawHttp2() {
    ::close(socket_);
    nghttp2_hd_inflate_del(inflater_);
  }

  /// False once the peer has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// The next thing that happens on a stream; nothing once the peer has closed.
  std::optional<Event> next() {
    while (events_.empty())
      if (!read_frame()) return std::nullopt;
    Event event = std::move(events_.front());
    events_.pop_front();
    return event;
  }
  /// Reads until `condition` holds; false if the peer closes before.
  template <class Condition>
  bool until(Condition condition) {
    while (!condition())
      if (!read_frame()) return condition();
    return true;
  }

  Stream& stream(std::uint32_t id) { return streams_[id]; }
  /// The last GOAWAY's code and last stream, once one has come.
  std::optional<std::uint32_t> goaway() const { return goaway_; }
  std::uint32_t goaway_last() const { return goaway_last_; }
  /// What is waiting to be read is left behind, and the peer sees the end of the connection.
  void close() { ::shutdown(socket_, SHUT_RDWR); }

 private:
  bool read_frame() {
    std::size_t skip = side_ == Side::server && !magic_read_ ? raw::client_magic.size() : 0;
    constexpr std::size_t frame_head = 9;
    if (!fill(skip + frame_head)) return false;
    received_.erase(0, skip);
    magic_read_ = true;
    const auto at = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(received_[i])); };
    const std::size_t size = frame_head + (at(0) << 16 | at(1) << 8 | at(2));
    if (!fill(size)) return false;
    take(raw::frames(received_.substr(0, size)).front());
    received_.erase(0, size);
    return true;
  }

  bool fill(std::size_t size) {
    while (received_.size() < size) {
      pollfd waiting{socket_, POLLIN, 0};
      if (::poll(&waiting, 1, 5000) <= 0) throw std::runtime_error("the peer said nothing more");
      char buffer[16384];
      const ssize_t got = ::recv(socket_, buffer, sizeof buffer, 0);
      if (got <= 0) return false;
      received_.append(buffer, static_cast<std::size_t>(got));
    }
    return true;
  }

  void take(const raw::Frame& frame) {
    Stream& stream = streams_[frame.id];
    const bool ends = (frame.flags & raw::end_stream) != 0;
    switch (frame.type) {
      case raw::settings:
        if (!ends) send(raw::frame(raw::settings, raw::ack, 0));
        return;
      case raw::ping:
        if (!ends) send(raw::frame(raw::ping, raw::ack, 0, frame.payload));
        return;
      case raw::goaway:
        goaway_ = frame.number(4);
        goaway_last_ = frame.number(0);
        return;
      case raw::rst_stream:
        stream.reset = frame.number(0);
        events_.push_back({Event::Kind::reset, frame.id, {}});
        return;
      case raw::data:
        stream.data += frame.payload;
        if (!frame.payload.empty()) {
          const std::string opened = raw::big_endian(static_cast<std::uint32_t>(frame.payload.size()));
          send(raw::frame(raw::window_update, raw::none, 0, opened) +
               (ends ? "" : raw::frame(raw::window_update, raw::none, frame.id, opened)));
          events_.push_back({Event::Kind::data, frame.id, frame.payload});
        }
        break;
      case raw::headers:
      case raw::continuation:
        if (frame.type == raw::headers) block_ends_ = ends;
        block_ += frame.payload;
        if ((frame.flags & raw::end_headers) == 0) return;
        inflate(std::exchange(block_, {}), stream.headed ? stream.trailers : stream.head);
        if (!std::exchange(stream.headed, true)) events_.push_back({Event::Kind::head, frame.id, {}});
        if (block_ends_) end(stream, frame.id);
        return;
      default: return;
    }
    if (ends) end(stream, frame.id);
  }

  void end(Stream& stream, std::uint32_t id) {
    stream.ended = true;
    events_.push_back({Event::Kind::end, id, {}});
  }

  void inflate(const std::string& block, Pairs& into) {
    auto* bytes = reinterpret_cast<const std::uint8_t*>(block.data());
    std::size_t left = block.size();
    for (int flags = 0; (flags & NGHTTP2_HD_INFLATE_FINAL) == 0;) {
      nghttp2_nv field;
      const ssize_t used = nghttp2_hd_inflate_hd2(inflater_, &field, &flags, bytes, left, 1);
      if (used < 0) throw std::runtime_error("the peer's HPACK is broken");
      bytes += used;
      left -= static_cast<std::size_t>(used);
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0)
        into.emplace_back(std::string(reinterpret_cast<char*>(field.name), field.namelen),
                          std::string(reinterpret_cast<char*>(field.value), field.valuelen));
    }
    nghttp2_hd_inflate_end_headers(inflater_);
  }

  const int socket_;
  const Side side_;
  nghttp2_hd_inflater* inflater_ = nullptr;
  std::string received_;
  bool magic_read_ = false;
  std::string block_;
  bool block_ends_ = false;
  std::map<std::uint32_t, Stream> streams_;
  std::list<Event> events_;
  std::optional<std::uint32_t> goaway_;
  std::uint32_t goaway_last_ = 0;
};

/// A connection to the loopback.
inline int raw_connect(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(socket);
    throw std::runtime_error("cannot connect");
  }
  return socket;
}

/// Gives each connection to `serve`, on a thread of its own and with its number, the first being 0.
class RawHttp2Server {
 public:
  using Serve = std::function<void(RawHttp2&, int)>;

  explicit RawHttp2Server(Serve serve) : serve_(std::move(serve)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) != 0 || ::listen(listener_, 16) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("cannot listen");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  RawHttp2Server(const RawHttp2Server&) = delete;
  /// The clients have gone by now, or are sent away.
  ~RawHttp2Server() {
    ending_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const auto& peer : peers_) peer->close();
    }
    for (std::thread& thread : threads_) thread.join();
    ::close(listener_);
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int connections() const { return connections_; }
  /// What went wrong in `serve`.
  std::string failure() {
    const std::lock_guard lock(mutex_);
    return failure_;
  }

 private:
  void accept_all() {
    for (;;) {
      const int socket = ::accept(listener_, nullptr, nullptr);
      if (socket < 0 || ending_) {
        if (socket >= 0) ::close(socket);
        return;
      }
      const std::lock_guard lock(mutex_);
      peers_.push_back(std::make_unique<RawHttp2>(socket, RawHttp2::Side::server));
      threads_.emplace_back([this, &peer = *peers_.back(), number = connections_++] { run(peer, number); });
    }
  }
  void run(RawHttp2& peer, int number) {
    try {
      serve_(peer, number);
    } catch (const std::exception& error) {
      const std::lock_guard lock(mutex_);
      failure_ = error.what();
    }
    peer.close();
  }

  const Serve serve_;
  const int listener_;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::atomic<bool> ending_{false};
  std::mutex mutex_;
  std::string failure_;
  std::vector<std::unique_ptr<RawHttp2>> peers_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

// ---- What the protocols put into the frames

inline std::string_view raw_content_type(Protocol protocol) {
  switch (protocol) {
    case Protocol::connect: return "application/connect+proto";
    case Protocol::grpc: return "application/grpc+proto";
    case Protocol::grpc_web: break;
  }
  return "application/grpc-web+proto";
}

/// `announced` is what the prefix says, the message's size by default.
inline std::string raw_envelope(std::string_view message, std::uint8_t flags = 0,
                                std::optional<std::uint32_t> announced = std::nullopt) {
  return std::string(1, static_cast<char>(flags)) +
         raw::big_endian(announced.value_or(static_cast<std::uint32_t>(message.size()))) + std::string(message);
}

/// The head of a request to the method of this path, with more fields if there are any.
inline std::string raw_request(Protocol protocol, std::uint32_t id, std::string_view path, std::string_view more = {},
                               std::optional<std::string_view> content_type = std::nullopt) {
  std::string fields =
      raw::request_fields("POST", path) + raw::field("content-type", content_type.value_or(raw_content_type(protocol)));
  if (protocol == Protocol::grpc) fields += raw::field("te", "trailers");
  return raw::frame(raw::headers, raw::end_headers, id, fields + std::string(more));
}

/// The head of an answer.
inline std::string raw_head(Protocol protocol, std::uint32_t id, std::string_view more = {},
                            std::optional<std::string_view> content_type = std::nullopt) {
  return raw::frame(raw::headers, raw::end_headers, id,
                    raw::field(":status", "200") +
                        raw::field("content-type", content_type.value_or(raw_content_type(protocol))) +
                        std::string(more));
}

/// The bytes in a stream's body that end it well; gRPC has none.
inline std::string raw_ending(Protocol protocol) {
  if (protocol == Protocol::connect) return raw_envelope("{}", 2);
  return protocol == Protocol::grpc ? "" : raw_envelope("grpc-status: 0\r\n", 0x80);
}

/// `body` and the frame that ends the answer; gRPC's trailers say OK.
inline std::string raw_end(Protocol protocol, std::uint32_t id, std::string_view body) {
  if (protocol != Protocol::grpc) return raw::frame(raw::data, raw::end_stream, id, body);
  return (body.empty() ? "" : raw::frame(raw::data, raw::none, id, body)) +
         raw::frame(raw::headers, raw::end_headers | raw::end_stream, id, raw::field("grpc-status", "0"));
}

/// Whether an answer names this code in the protocol's words.
inline bool raw_says(Protocol protocol, const RawHttp2::Stream& stream, Code code) {
  const std::string number = std::to_string(static_cast<int>(code));
  if (protocol == Protocol::grpc) return stream["grpc-status"] == number;
  if (protocol == Protocol::grpc_web)
    return stream["grpc-status"] == number || stream.data.find("grpc-status: " + number + "\r\n") != std::string::npos;
  return stream.data.find("\"" + std::string(to_string(code)) + "\"") != std::string::npos;
}

}  // namespace connectrpc::probe_test
