// What the tests of this room share: two sessions joined by strings, and raw frames for peers that misbehave.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/exchange.h"
#include "http2/client_session.h"
#include "http2/server_session.h"
#include "io/output_testlib.h"
#include "io/session.h"

namespace connectrpc::http2::test {

/// Counts what it is told; does what it is told to do.
class Watch final : public http::Exchange::Observer {
 public:
  void on_inbound() override {
    ++inbound;
    if (at_inbound) at_inbound();
  }
  void on_outbound() override {
    ++outbound;
    if (at_outbound) at_outbound();
  }

  int inbound = 0;
  int outbound = 0;
  std::function<void()> at_inbound;
  std::function<void()> at_outbound;
};

/// Keeps requests, or gives them to `at_request`.
class Requests final : public http::RequestHandler {
 public:
  void on_request(std::unique_ptr<http::ServerExchange> exchange) override {
    ++count;
    if (at_request) {
      at_request(std::move(exchange));
    } else {
      kept.push_back(std::move(exchange));
    }
  }

  http::ServerExchange& last() { return *kept.back(); }

  int count = 0;
  std::vector<std::unique_ptr<http::ServerExchange>> kept;
  std::function<void(std::unique_ptr<http::ServerExchange>)> at_request;
};

class Waker final : public io::Wakeup {
 public:
  void wake() override { ++count; }
  int count = 0;
};

/// How bytes are cut on their way.
enum class Cut { whole, bytes, random };

inline void feed(io::Session& session, std::string_view bytes, Cut cut = Cut::whole) {
  static std::minstd_rand dice(7);
  while (!bytes.empty()) {
    std::size_t size = bytes.size();
    if (cut == Cut::bytes) size = 1;
    if (cut == Cut::random) size = std::min<std::size_t>(size, 1 + dice() % 40);
    session.receive(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
}

inline constexpr std::size_t output_limit = 256 * 1024;

inline std::string output(io::Session& session, std::size_t limit = output_limit) {
  io::Output out;
  session.produce(out, limit);
  return io::text_of(out);
}

/// All that it has to say, in as many turns as that takes.
inline std::string all_output(io::Session& session) {
  std::string all;
  for (std::string part = output(session); !part.empty(); part = output(session)) all += part;
  return all;
}

/// A client and a server.
class Joined {
 public:
  explicit Joined(http::SessionLimits limits = {}, Cut cut_in = Cut::whole) : Joined(limits, limits, cut_in) {}
  Joined(http::SessionLimits client_limits, http::SessionLimits server_limits, Cut cut_in = Cut::whole)
      : cut(cut_in),
        server(make_server_session(requests, server_limits, Peer::ipv4("10.0.0.1", 1234), "http")),
        client(make_client_session(client_limits, Peer::ipv4("10.0.0.2", 80))) {}

  Joined(const Joined&) = delete;
  Joined& operator=(const Joined&) = delete;
  ~Joined() {
    // Sessions tell their exchanges of their end, and a test's observers have gone by now.
    for (const auto& exchange : requests.kept) exchange->observe(nullptr);
  }

  /// Moves bytes until nobody has any. False if that takes suspiciously long.
  bool run() {
    for (int turn = 0; turn < 10'000; ++turn) {
      const std::string up = output(*client);
      feed(*server, up, cut);
      const std::string down = output(*server);
      feed(*client, down, cut);
      if (up.empty() && down.empty()) return true;
    }
    return false;
  }

  std::unique_ptr<http::ClientExchange> start(bool ends = false) { return client->start(head(), ends); }
  static http::RequestHead head(std::string target = "/greet.v1.GreetService/Greet") {
    http::RequestHead request;
    request.target = std::move(target);
    request.authority = "example.com:8080";
    return request;
  }

  Cut cut;
  Requests requests;
  std::unique_ptr<ServerSession> server;
  std::unique_ptr<ClientSession> client;
};

inline http::ResponseHead response(int status = 200, Headers headers = {}) {
  http::ResponseHead head;
  head.status = status;
  head.headers = std::move(headers);
  return head;
}

// ---- Raw frames

struct Frame {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint32_t id = 0;
  std::string payload;

  /// RST_STREAM's code, or GOAWAY's.
  std::uint32_t code() const { return number(type == 7 ? 4 : 0); }
  std::uint32_t number(std::size_t at) const {
    std::uint32_t value = 0;
    for (std::size_t i = at; i < at + 4 && i < payload.size(); ++i)
      value = value << 8 | static_cast<unsigned char>(payload[i]);
    return value;
  }
};

enum Type : std::uint8_t {
  data = 0,
  headers = 1,
  rst_stream = 3,
  settings = 4,
  ping = 6,
  goaway = 7,
  window_update = 8,
  continuation = 9
};
enum Flag : std::uint8_t { none = 0, end_stream = 1, ack = 1, end_headers = 4 };

inline std::string big_endian(std::uint32_t value, int size = 4) {
  std::string bytes;
  for (int i = size - 1; i >= 0; --i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  return bytes;
}

inline std::string frame(std::uint8_t type, unsigned flags, std::uint32_t id, std::string_view payload = {}) {
  std::string bytes = big_endian(static_cast<std::uint32_t>(payload.size()), 3);
  bytes += static_cast<char>(type);
  bytes += static_cast<char>(flags);
  return bytes + big_endian(id) + std::string(payload);
}

/// HPACK: a literal without indexing and without Huffman.
inline std::string field(std::string_view name, std::string_view value) {
  const auto text = [](std::string_view bytes) {
    std::string coded;
    if (bytes.size() < 127) {
      coded += static_cast<char>(bytes.size());
    } else {
      coded += '\x7f';
      std::size_t rest = bytes.size() - 127;
      for (; rest >= 128; rest /= 128) coded += static_cast<char>(128 + rest % 128);
      coded += static_cast<char>(rest);
    }
    return coded + std::string(bytes);
  };
  return std::string(1, '\0') + text(name) + text(value);
}

inline std::string request_fields(std::string_view method = "POST", std::string_view path = "/p") {
  return field(":method", method) + field(":scheme", "http") + field(":path", path) + field(":authority", "a");
}

inline constexpr std::string_view client_magic = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
inline std::string client_preface(std::string_view settings_payload = {}) {
  return std::string(client_magic) + frame(settings, none, 0, settings_payload) + frame(settings, ack, 0);
}
inline std::string server_preface(std::string_view settings_payload = {}) {
  return frame(settings, none, 0, settings_payload) + frame(settings, ack, 0);
}
inline std::string setting(std::uint16_t name, std::uint32_t value) { return big_endian(name, 2) + big_endian(value); }

inline std::vector<Frame> frames(std::string_view bytes) {
  if (bytes.starts_with(client_magic)) bytes.remove_prefix(client_magic.size());
  std::vector<Frame> found;
  constexpr std::size_t head = 9;
  while (bytes.size() >= head) {
    const auto at = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])); };
    const std::size_t size = at(0) << 16 | at(1) << 8 | at(2);
    found.push_back({static_cast<std::uint8_t>(at(3)), static_cast<std::uint8_t>(at(4)),
                     at(5) << 24 | at(6) << 16 | at(7) << 8 | at(8), std::string(bytes.substr(head, size))});
    bytes.remove_prefix(std::min(bytes.size(), head + size));
  }
  return found;
}

/// The frames of one type, of one stream unless 0.
inline std::vector<Frame> frames(std::string_view bytes, Type type, std::uint32_t id = 0) {
  std::vector<Frame> found = frames(bytes);
  std::erase_if(found, [&](const Frame& f) { return f.type != type || (id != 0 && f.id != id); });
  return found;
}

}  // namespace connectrpc::http2::test
