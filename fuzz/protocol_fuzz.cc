// Hostile bodies against the protocols: requests on the server, answers on the client, whole and in pieces, which must
// come to the same. The first three bytes pick the subject and how the rest is cut.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/base64.h"
#include "connectrpc/detail/headers_access.h"
#include "protocol/client_call.h"
#include "protocol/server_call.h"

namespace connectrpc::protocol {
namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

constexpr std::size_t limit = 4096;

constexpr MethodSpec methods[] = {{"/a.B/Unary", StreamType::unary, Idempotency::no_side_effects},
                                  {"/a.B/Client", StreamType::client},
                                  {"/a.B/Server", StreamType::server},
                                  {"/a.B/Bidi", StreamType::bidi}};

// What a body came to, as text.
using Log = std::string;

void note(Log& log, std::string_view kind, std::string_view payload) {
  log.append(kind).append(" ").append(payload).append("\n");
  check(payload.size() <= limit);
}

// Gives `input` piece by piece, each of `step` bytes, to `receive`, which says how much it took or that it is through.
template <class Receive>
void deliver(std::string_view input, std::size_t step, Receive receive) {
  std::string pending;
  for (;;) {
    const std::size_t size = std::min(step, input.size());
    pending += input.substr(0, size);
    input.remove_prefix(size);
    for (bool again = true; again;) {
      // Of exact size, so that the sanitizer sees what is read beyond it.
      const std::vector<char> exact(pending.begin(), pending.end());
      std::size_t consumed = 0;
      if (!receive(std::string_view(exact.data(), exact.size()), input.empty(), consumed, again)) return;
      check(consumed <= pending.size());
      pending.erase(0, consumed);
    }
    if (input.empty()) return;
  }
}

Log serve(std::string_view type, const MethodSpec& method, bool compressed, std::string_view body, std::size_t step) {
  http::RequestHead head;
  detail::HeadersAccess::append(head.headers, "content-type", type);
  if (compressed)
    for (const std::string_view name : {"content-encoding", "connect-content-encoding", "grpc-encoding"})
      detail::HeadersAccess::append(head.headers, name, "gzip");
  ServerSettings settings;
  settings.receive_limit = limit;
  auto accepted = accept(head, method, settings);
  if (accepted.index() == 1) return "refused";
  ServerCall& call = *std::get<0>(accepted);
  Log log;
  deliver(body, step, [&](std::string_view rest, bool ended, std::size_t& consumed, bool& again) {
    const ServerInput input = call.receive(rest, ended, std::nullopt);
    consumed = input.consumed;
    again = input.kind == ServerInput::Kind::message;
    if (again) note(log, "message", input.payload);
    if (input.kind == ServerInput::Kind::end) log += "end\n";
    if (input.kind == ServerInput::Kind::failed) log.append(to_string(input.error->code())).append("\n");
    check(input.kind != ServerInput::Kind::need_more || !ended);
    return again || input.kind == ServerInput::Kind::need_more;
  });
  return log;
}

Log call(Protocol protocol, const MethodSpec& method, bool compressed, int status, std::string_view type,
         std::string_view body, std::size_t step) {
  ClientSettings settings;
  settings.receive_limit = limit;
  const auto client = make_client_call(protocol, Codec::proto, method, settings);
  ClientOutput out;
  client->open({}, {}, std::nullopt, out);
  client->close_send(out);
  http::ResponseHead head;
  head.status = status;
  detail::HeadersAccess::append(head.headers, "content-type", type);
  if (compressed)
    for (const std::string_view name : {"content-encoding", "connect-content-encoding", "grpc-encoding"})
      detail::HeadersAccess::append(head.headers, name, "gzip");
  Headers trailers;
  detail::HeadersAccess::append(trailers, "grpc-status", "0");
  Log log;
  deliver(body, step, [&](std::string_view rest, bool ended, std::size_t& consumed, bool& again) {
    ClientArrived arrived;
    arrived.head = &head;
    arrived.body = rest;
    arrived.ended = ended;
    arrived.trailers = &trailers;
    const ClientInput input = client->receive(arrived);
    consumed = input.consumed;
    again = input.kind == ClientInput::Kind::message;
    if (again) note(log, "message", input.payload);
    if (input.kind == ClientInput::Kind::end) {
      log += input.error ? input.error->what() : "success";
      for (const HeaderView pair : client->trailers()) log.append("\n").append(pair.name).append(pair.value);
    }
    check(input.kind != ClientInput::Kind::need_more || !ended);
    return again || input.kind == ClientInput::Kind::need_more;
  });
  return log;
}

struct Kind {
  Protocol protocol;
  std::string_view unary_type;
  std::string_view stream_type;
};
constexpr Kind kinds[] = {{Protocol::connect, "application/proto", "application/connect+proto"},
                          {Protocol::grpc, "application/grpc", "application/grpc"},
                          {Protocol::grpc_web, "application/grpc-web", "application/grpc-web"}};

void run(std::string_view input) {
  const auto byte = [&input](std::size_t i) { return static_cast<unsigned char>(input[i]); };
  const Kind& kind = kinds[byte(0) % 3];
  const MethodSpec& method = methods[byte(0) / 3 % 4];
  const bool compressed = (byte(1) & 1) != 0;
  const std::size_t step = byte(2) % 32 + 1;
  std::string_view type = method.stream_type == StreamType::unary ? kind.unary_type : kind.stream_type;
  std::string_view body = input.substr(3);
  if ((byte(1) & 2) != 0) {
    std::string text;
    if (kind.protocol == Protocol::grpc_web && (byte(1) & 8) != 0) {
      type = "application/grpc-web-text";
      if ((byte(1) & 16) != 0) {
        for (std::string_view rest = body; !rest.empty(); rest.remove_prefix(std::min(rest.size(), step)))
          text += base::base64_encode(rest.substr(0, step));
        body = text;
      }
    }
    const Log whole = serve(type, method, compressed, body, body.size() + 1);
    const Log pieces = serve(type, method, compressed, body, step);
    // A surplus message is refused as soon as it begins, in pieces before it may be found broken.
    check(whole == pieces || method.stream_type == StreamType::unary || method.stream_type == StreamType::server);
  } else if ((byte(1) & 4) != 0) {
    check(call(kind.protocol, method, compressed, 503, "application/json", body, body.size() + 1) ==
          call(kind.protocol, method, compressed, 503, "application/json", body, step));
  } else {
    const Log whole = call(kind.protocol, method, compressed, 200, type, body, body.size() + 1);
    const Log pieces = call(kind.protocol, method, compressed, 200, type, body, step);
    // How much came after the end is told as it comes.
    check(whole == pieces || whole.find("after the end of the call") != std::string::npos);
  }
}

}  // namespace
}  // namespace connectrpc::protocol

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size >= 3) connectrpc::protocol::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
