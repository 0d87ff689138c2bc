// What there is to say of a call on a server when it has ended.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "connectrpc/cancel.h"
#include "connectrpc/error.h"
#include "connectrpc/headers.h"
#include "connectrpc/method.h"
#include "connectrpc/peer.h"
#include "connectrpc/protocol.h"

namespace connectrpc {

/// How much went to and fro. Bytes are those of bodies on the wire: compressed, with the protocols' envelopes, without
/// HTTP's framing and fields.
struct CallTraffic {
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  std::uint64_t request_messages = 0;
  std::uint64_t response_messages = 0;
};

/// One call. Everything that it refers to lives as long as the hook's call.
struct CallRecord {
  const MethodSpec& method;
  const Peer& peer;
  /// Every field that was on the wire, secrets included: see is_secret_header().
  const Headers& request_headers;
  Protocol protocol = Protocol::connect;
  Codec codec = Codec::proto;
  HttpVersion http_version = HttpVersion::http2;
  std::string_view http_method = {};
  std::string_view authority = {};
  /// Null: the call has succeeded. Otherwise what the client was told, or would have been were it still there.
  const Error* error = nullptr;
  std::optional<CancelReason> cancelled = std::nullopt;
  CallTraffic traffic = CallTraffic();
  /// From the request's head to the moment at which the end of the answer was handed to the connection.
  std::chrono::nanoseconds duration{0};
};

/// Called on the loop of each call, on several at once; must not throw.
using CallHook = std::function<void(const CallRecord&)>;

}  // namespace connectrpc
