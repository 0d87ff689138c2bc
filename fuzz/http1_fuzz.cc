// Hostile bytes against both sessions and the parser of HTTP/1.1. The first byte picks the subject, the second seeds
// how the rest is cut and what the user of the session does meanwhile.
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

#include "http1/client_session.h"
#include "http1/parser.h"
#include "http1/server_session.h"

namespace connectrpc::http1 {
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
  limits.stream_window = 256;
  limits.low_water = 16;
  return limits;
}

std::string_view cut(Random& random, std::string_view& input) {
  const std::size_t size = std::min(input.size(), 1 + pick(random, random() % 2 == 0 ? 3 : 200));
  const std::string_view piece = input.substr(0, size);
  input.remove_prefix(size);
  return piece;
}

std::string print(const Headers& headers) {
  std::string text;
  for (const auto& [name, value] : headers) text.append(name).append("=").append(value).append("\n");
  return text;
}

// What a parser says about an input, however that is cut; a text of an error may tell how much of it was seen.
std::string events(Parser& parser, std::string_view input, Random* random) {
  std::string text;
  while (!input.empty()) {
    std::string_view piece = random != nullptr ? cut(*random, input) : std::exchange(input, {});
    while (true) {
      const Parser::Event event = parser.next(piece);
      if (event == Parser::Event::need_more) break;
      if (event == Parser::Event::head) {
        const MessageHead& head = parser.head();
        text += "[" + head.method + head.target + head.authority + std::to_string(head.status) + print(head.headers);
      } else if (event == Parser::Event::body) {
        text += parser.body();
      } else if (event == Parser::Event::complete) {
        text += print(parser.trailers()) + "]";
        parser.restart(false);
      } else {
        return text + std::to_string(parser.fault().status);
      }
    }
    check(piece.empty());
  }
  const bool complete = parser.end() == Parser::Event::complete;
  return text + (complete ? "]" : std::to_string(parser.fault().status));
}

void fuzz_parser(std::unique_ptr<Parser> whole, std::unique_ptr<Parser> in_pieces, std::string_view input,
                 Random& random) {
  check(events(*whole, input, nullptr) == events(*in_pieces, input, &random));
}

// Does anything at any time.
class Whimsical final : public http::Exchange::Observer {
 public:
  explicit Whimsical(Random& random) : random_(random) {}

  template <class Exchange>
  void act(std::unique_ptr<Exchange>& exchange) {
    for (std::size_t acts = pick(random_, 4); acts != 0 && exchange != nullptr; --acts) {
      switch (pick(random_, 12)) {
        case 0: exchange.reset(); break;
        case 1: exchange->abort(static_cast<http::ResetReason>(pick(random_, 9))); break;
        case 2: exchange->finish(); break;
        case 3: exchange->finish({{"t", "u"}}); break;
        case 4:
        case 5: exchange->consume(pick(random_, 300)); break;
        case 6: exchange->take_body(); break;
        case 7:
        case 8: exchange->send_body(std::string(pick(random_, 100), 'b')); break;
        default:
          if constexpr (requires { exchange->request(); })
            exchange->send_head({pick(random_, 2) == 0 ? 200 : 204, {{"a", "b"}}, HttpVersion::http1_1},
                                pick(random_, 4) == 0);
      }
    }
    if (exchange != nullptr) check(exchange->unsent() < 100000);
  }

  void on_inbound() override { act_later_ = true; }
  void on_outbound() override { act_later_ = true; }
  bool told() { return std::exchange(act_later_, false); }

 private:
  Random& random_;
  bool act_later_ = false;
};

class Handler final : public http::RequestHandler {
 public:
  explicit Handler(Random& random) : random_(random), user_(random) {}
  void on_request(std::unique_ptr<http::ServerExchange> exchange) override {
    exchange->observe(&user_);
    exchanges_.push_back(std::move(exchange));
    user_.act(exchanges_.back());
  }
  void act() {
    if (!exchanges_.empty() && (user_.told() || random_() % 4 == 0)) user_.act(exchanges_.back());
  }
  void check_ended() const {
    for (const auto& exchange : exchanges_) check(exchange == nullptr || exchange->finished());
  }

 private:
  Random& random_;
  Whimsical user_;
  std::vector<std::unique_ptr<http::ServerExchange>> exchanges_;
};

// Gives what there is to a session as a connection would, and lets `act` happen in between.
template <class Act>
void drive(io::Session& session, std::string_view input, Random& random, Act act) {
  std::size_t stalls = 0;
  while (!input.empty() && !session.wants_close() && stalls < 1000) {
    if (session.wants_read()) {
      session.receive(cut(random, input));
    } else {
      ++stalls;
    }
    act();
    io::Output out;
    session.produce(out, 1 + pick(random, 300));
    act();
  }
  if (!session.wants_close() && random() % 4 != 0) session.receive_end();
  act();
  for (int turns = 0; turns < 10; ++turns) {
    io::Output out;
    session.produce(out, 100);
  }
  if (random() % 2 == 0) session.connection_lost("lost");
}

void fuzz_server(std::string_view input, Random& random) {
  Handler handler(random);
  {
    const auto session = make_server_session(handler, small_limits(), Peer(), "http");
    drive(*session, input, random, [&] {
      handler.act();
      if (random() % 64 == 0) session->drain();
    });
  }
  handler.check_ended();
}

void fuzz_client(std::string_view input, Random& random) {
  Whimsical user(random);
  std::unique_ptr<http::ClientExchange> exchange;
  {
    const auto session = make_client_session(small_limits(), Peer());
    drive(*session, input, random, [&] {
      if (session->capacity() != 0 && random() % 4 != 0) {
        http::RequestHead head;
        head.method = random() % 8 == 0 ? "HEAD" : "POST";
        head.target = "/";
        exchange = session->start(std::move(head), random() % 2 == 0);
        exchange->observe(&user);
      }
      if (user.told() || random() % 4 == 0) user.act(exchange);
    });
  }
  check(exchange == nullptr || exchange->finished());
}

}  // namespace
}  // namespace connectrpc::http1

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace connectrpc::http1;
  if (size < 2) return 0;
  Random random(data[1] + 1U);
  const std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  switch (data[0] % 4) {
    case 0: fuzz_parser(make_request_parser(512), make_request_parser(512), input, random); break;
    case 1: fuzz_parser(make_response_parser(512), make_response_parser(512), input, random); break;
    case 2: fuzz_server(input, random); break;
    default: fuzz_client(input, random); break;
  }
  return 0;
}
