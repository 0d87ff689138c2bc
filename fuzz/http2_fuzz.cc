// Hostile bytes against both sessions of HTTP/2. The first byte picks the subject, the second seeds how the rest is cut
// and what the users of the session do meanwhile: inside its callbacks too.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http2/client_session.h"
#include "http2/server_session.h"
#include "io/output_testlib.h"

namespace connectrpc::http2 {
namespace {

using Random = std::minstd_rand;

std::size_t pick(Random& random, std::size_t below) {
  return std::uniform_int_distribution<std::size_t>(0, below - 1)(random);
}

void check(bool holds) {
  if (!holds) std::abort();
}

// Small, so that short inputs reach them.
http::SessionLimits small_limits() {
  http::SessionLimits limits;
  limits.header_list = 512;
  limits.concurrent_streams = 4;
  limits.stream_window = 256;
  limits.connection_window = 70'000;
  limits.low_water = 16;
  return limits;
}

std::string_view cut(Random& random, std::string_view& input) {
  const std::size_t size = std::min(input.size(), 1 + pick(random, random() % 2 == 0 ? 3 : 200));
  const std::string_view piece = input.substr(0, size);
  input.remove_prefix(size);
  return piece;
}

/// Owns an exchange and does anything to it, at any time.
template <class Exchange>
class User final : public http::Exchange::Observer {
 public:
  User(Random& random, std::unique_ptr<Exchange> exchange) : random_(random), exchange_(std::move(exchange)) {
    exchange_->observe(this);
  }

  void on_inbound() override {
    check(exchange_ != nullptr);
    check(exchange_->body().size() <= 256 + 16 * 1024);
    act();
  }
  void on_outbound() override {
    check(exchange_ != nullptr);
    act();
  }
  void act() {
    for (std::size_t acts = pick(random_, 4); acts != 0 && exchange_ != nullptr; --acts) {
      switch (pick(random_, 14)) {
        case 0: exchange_.reset(); break;
        case 1: exchange_->abort(static_cast<http::ResetReason>(pick(random_, 9))); break;
        case 2: exchange_->finish(); break;
        case 3: exchange_->finish({{"t", "u"}}); break;
        case 4:
        case 5: exchange_->consume(std::min(exchange_->body().size(), pick(random_, 300))); break;
        case 6:
        case 7: exchange_->take_body(); break;
        case 8:
        case 9:
        case 10: exchange_->send_body(std::string(pick(random_, 100), 'b')); break;
        default:
          if constexpr (requires { exchange_->request(); }) {
            exchange_->send_head({pick(random_, 2) == 0 ? 200 : 204, {{"a", "b"}}, HttpVersion::http2},
                                 pick(random_, 4) == 0);
          }
      }
    }
  }
  void check_ended() const { check(exchange_ == nullptr || exchange_->finished()); }

 private:
  Random& random_;
  std::unique_ptr<Exchange> exchange_;
};

template <class Exchange>
class Users {
 public:
  explicit Users(Random& random) : random_(random) {}

  User<Exchange>& add(std::unique_ptr<Exchange> exchange) {
    users_.push_back(std::make_unique<User<Exchange>>(random_, std::move(exchange)));
    return *users_.back();
  }
  void act() {
    if (!users_.empty()) users_[pick(random_, users_.size())]->act();
  }
  void check_ended() const {
    for (const auto& user : users_) user->check_ended();
  }

 private:
  Random& random_;
  std::vector<std::unique_ptr<User<Exchange>>> users_;
};

class Handler final : public http::RequestHandler {
 public:
  explicit Handler(Random& random) : random_(random), users_(random) {}
  void on_request(std::unique_ptr<http::ServerExchange> exchange) override {
    check(exchange->request().headers.size() <= 512 / 32);
    if (pick(random_, 8) != 0) users_.add(std::move(exchange)).act();
  }
  Users<http::ServerExchange>& users() { return users_; }

 private:
  Random& random_;
  Users<http::ServerExchange> users_;
};

template <class Act>
void drive(io::Session& session, std::string_view input, Random& random, Act act) {
  io::Output out;
  while (!input.empty() && session.wants_read() && !session.wants_close()) {
    session.receive(cut(random, input));
    act();
    out.clear();
    session.produce(out, 1 + pick(random, 300));
    act();
  }
  if (random() % 2 == 0) session.receive_end();
  act();
  for (int turns = 0; turns < 10; ++turns) {
    out.clear();
    session.produce(out, 100);
  }
  if (random() % 2 == 0) session.connection_lost("lost");
}

void fuzz_server(std::string_view input, Random& random) {
  Handler handler(random);
  {
    const auto session = make_server_session(handler, small_limits(), Peer(), "http");
    drive(*session, input, random, [&] {
      handler.users().act();
      if (random() % 64 == 0) session->begin_shutdown();
    });
  }
  handler.users().check_ended();
}

void start(ClientSession& session, Users<http::ClientExchange>& users, Random& random) {
  http::RequestHead head;
  head.method = random() % 8 == 0 ? "HEAD" : "POST";
  head.target = "/";
  users.add(session.start(std::move(head), random() % 2 == 0));
}

void fuzz_client(std::string_view input, Random& random) {
  Users<http::ClientExchange> users(random);
  {
    const auto session = make_client_session(small_limits(), Peer());
    drive(*session, input, random, [&] {
      if (random() % 4 != 0) start(*session, users, random);
      users.act();
      if (random() % 64 == 0) session->begin_shutdown();
    });
  }
  users.check_ended();
}

// Both ends together; the input is what happens to the bytes between them.
void fuzz_both(std::string_view input, Random& random) {
  Handler handler(random);
  Users<http::ClientExchange> users(random);
  {
    const auto server = make_server_session(handler, small_limits(), Peer(), "http");
    const auto client = make_client_session(small_limits(), Peer());
    const auto move = [&](io::Session& from, io::Session& to) {
      io::Output out;
      from.produce(out, 1 + pick(random, 300));
      std::string bytes = io::text_of(out);
      if (!input.empty() && input.front() != 0 && !bytes.empty()) bytes[pick(random, bytes.size())] ^= input.front();
      if (!input.empty()) input.remove_prefix(1);
      for (std::string_view rest = bytes; !rest.empty();) to.receive(cut(random, rest));
    };
    while (!input.empty()) {
      if (random() % 4 != 0) start(*client, users, random);
      users.act();
      move(*client, *server);
      handler.users().act();
      move(*server, *client);
    }
  }
  handler.users().check_ended();
  users.check_ended();
}

std::string frame(std::uint8_t type, std::uint8_t flags, std::uint8_t stream, std::string_view payload) {
  std::string bytes = {0,
                       static_cast<char>(payload.size() >> 8),
                       static_cast<char>(payload.size()),
                       static_cast<char>(type),
                       static_cast<char>(flags),
                       0,
                       0,
                       0,
                       static_cast<char>(stream)};
  return bytes.append(payload);
}

std::string literal(std::string_view name, std::string_view value) {
  std::string field(1, '\0');
  field.append(1, static_cast<char>(name.size())).append(name);
  return field.append(1, static_cast<char>(value.size())).append(value);
}

// Frames with sound outsides: four bytes of the input say type, flags, stream and size, heads may have sound
// beginnings.
std::string framed(std::string_view input, bool for_server) {
  std::string bytes = for_server ? "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" : "";
  bytes += frame(4, 0, 0, "");
  while (input.size() >= 4) {
    const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(input[at]); };
    const std::uint8_t type = byte(0) % 16 < 10 ? byte(0) % 16 : byte(0) % 2;
    const bool sound = byte(0) >= 64;
    const std::uint8_t flags = byte(1);
    const std::uint8_t stream = byte(2);
    const std::size_t size = std::min<std::size_t>(byte(3), input.size() - 4);
    std::string payload(input.substr(4, size));
    input.remove_prefix(4 + size);
    if (type == 1 && sound) {
      const std::string head = for_server ? literal(":method", "POST") + literal(":scheme", "http") +
                                                literal(":path", "/") + literal(":authority", "a")
                                          : literal(":status", "200");
      payload = head + payload;
      bytes += frame(1, (flags & 1) | 4, stream, payload);
    } else {
      bytes += frame(type, flags, stream, payload);
    }
  }
  return bytes;
}

}  // namespace
}  // namespace connectrpc::http2

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace connectrpc::http2;
  if (size < 2) return 0;
  Random random(data[1] + 1U);
  const std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  switch (data[0] % 8) {
    case 0: fuzz_server(input, random); break;
    case 1: fuzz_client(input, random); break;
    case 2:
    case 3:
    case 4: fuzz_server(framed(input, true), random); break;
    case 5:
    case 6: fuzz_client(framed(input, false), random); break;
    default: fuzz_both(input, random); break;
  }
  return 0;
}
