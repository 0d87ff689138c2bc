// Who is at the other end of a call.
#include "connectrpc/peer.h"

#include <utility>

namespace connectrpc {

struct Peer::State {
  Kind kind = Kind::unknown;
  std::uint16_t port = 0;
  std::string address;
  std::optional<UnixCredentials> credentials;
  // Apart, for it is five times the rest.
  std::shared_ptr<const TlsInfo> tls;
};

Peer::Peer(std::shared_ptr<const State> state) : state_(std::move(state)) {}

const Peer::State& Peer::unknown_state() noexcept {
  static const State unknown;
  return unknown;
}

const Peer::State& Peer::state() const noexcept { return state_ ? *state_ : unknown_state(); }

Peer Peer::ipv4(std::string address, std::uint16_t port) {
  return Peer(std::make_shared<const State>(State{Kind::ipv4, port, std::move(address), {}, {}}));
}

Peer Peer::ipv6(std::string address, std::uint16_t port) {
  return Peer(std::make_shared<const State>(State{Kind::ipv6, port, std::move(address), {}, {}}));
}

Peer Peer::unix_socket(std::string path, std::optional<UnixCredentials> credentials) {
  return Peer(std::make_shared<const State>(State{Kind::unix_socket, 0, std::move(path), credentials, {}}));
}

Peer Peer::in_process() { return Peer(std::make_shared<const State>(State{Kind::in_process, 0, {}, {}, {}})); }

Peer Peer::with_tls(TlsInfo tls) const {
  auto with = std::make_shared<State>(state());
  with->tls = std::make_shared<const TlsInfo>(std::move(tls));
  return Peer(std::move(with));
}

Peer::Kind Peer::kind() const noexcept { return state().kind; }
const std::string& Peer::address() const noexcept { return state().address; }
std::uint16_t Peer::port() const noexcept { return state().port; }
const TlsInfo* Peer::tls() const noexcept { return state().tls.get(); }
const std::optional<UnixCredentials>& Peer::unix_credentials() const noexcept { return state().credentials; }

std::string Peer::to_string() const {
  switch (kind()) {
    case Kind::ipv4: return address() + ":" + std::to_string(port());
    case Kind::ipv6: return "[" + address() + "]:" + std::to_string(port());
    case Kind::unix_socket: return "unix:" + address();
    case Kind::in_process: return "in-process";
    case Kind::unknown: break;
  }
  return "unknown";
}

}  // namespace connectrpc
