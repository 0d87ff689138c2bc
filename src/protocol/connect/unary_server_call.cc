// Connect's unary calls on the server.
#include "protocol/connect/unary_server_call.h"

#include <utility>

#include "base/base64.h"
#include "base/timeout_text.h"
#include "connectrpc/detail/error_access.h"
#include "connectrpc/detail/headers_access.h"
#include "protocol/connect/error_json.h"
#include "protocol/connect/get_query.h"
#include "protocol/connect/request_fields.h"
#include "protocol/packing.h"
#include "protocol/status_map.h"
#include "protocol/text.h"
#include "protocol/user_fields.h"

namespace connectrpc::protocol {
namespace {

using detail::HeadersAccess;

constexpr std::string_view encoding_name = "content-encoding";
constexpr std::string_view accept_name = "accept-encoding";

// What a GET's query has that makes the call impossible.
std::optional<Error> get_fault(const GetQuery& query, const ServerSettings& settings) {
  if (query.connect ? *query.connect != "v1" : settings.require_connect_version)
    return Error(Code::invalid_argument, "the query parameter connect must be \"v1\"");
  if (!query.encoding) return Error(Code::invalid_argument, "the query parameter encoding is missing");
  if (!query.message) return Error(Code::invalid_argument, "the query parameter message is missing");
  if (query.base64 && *query.base64 != "1" && *query.base64 != "0")
    return Error(Code::invalid_argument, "the query parameter base64 must be \"1\", not " + quote(*query.base64));
  return std::nullopt;
}

void append_trailers(Headers& headers, const Headers& trailers) {
  if (trailers.empty()) return;
  Headers sendable;
  append_sendable_trailers(sendable, trailers);
  std::string name = "trailer-";
  const std::size_t prefix = name.size();
  for (const HeaderView pair : sendable) {
    name.resize(prefix);
    name += pair.name;
    HeadersAccess::append_own(headers, name, pair.value);
  }
}

}  // namespace

ConnectUnaryServerCall::ConnectUnaryServerCall(const http::RequestHead& head, Codec codec,
                                               const ServerSettings& settings)
    : settings_(settings), get_(head.method == "GET") {
  codec_ = codec;
  if (get_) {
    read_get(head);
  } else {
    read_post(head);
  }
}

void ConnectUnaryServerCall::read_post(const http::RequestHead& head) {
  static constexpr std::array names = {connect_timeout_name, connect_version_name, encoding_name, accept_name};
  const auto [timeout, version, encoding, accept] = pick_fields(head.headers, names);
  fault_ = read_timeout(head.headers, timeout, connect_timeout_name, base::parse_connect_timeout_ms, timeout_);
  if (std::optional<Error> fault = version_fault(version, settings_)) fault_ = std::move(fault);
  use(choose_encodings(settings_, encoding.first, head.headers, accept, accept_name));
}

void ConnectUnaryServerCall::read_get(const http::RequestHead& head) {
  static constexpr std::array names = {connect_timeout_name, accept_name};
  const auto [timeout, accept] = pick_fields(head.headers, names);
  fault_ = read_timeout(head.headers, timeout, connect_timeout_name, base::parse_connect_timeout_ms, timeout_);
  std::optional<GetQuery> query = parse_get_query(head.query());
  if (!query) {
    fault_ = Error(Code::invalid_argument, "the query has a broken escape");
    return;
  }
  use(choose_encodings(settings_, query->compression.value_or(""), head.headers, accept, accept_name));
  if (std::optional<Error> fault = get_fault(*query, settings_)) {
    fault_ = std::move(fault);
  } else if (query->base64 != "1") {
    get_message_ = *std::move(query->message);
  } else if (!base::base64url_decode(*query->message, get_message_)) {
    fault_ = Error(Code::invalid_argument, "the query parameter message is not base64 in the URL-safe alphabet");
  }
}

ServerInput ConnectUnaryServerCall::message(std::string_view payload) {
  ServerInput input;
  received_ = true;
  input.kind = ServerInput::Kind::message;
  input.payload = payload;
  if (encodings_.request == nullptr) {
    if (payload.size() > settings_.receive_limit)
      input.error = receive_limit_error(payload.size(), settings_.receive_limit);
  } else if (!payload.empty()) {
    input.error = unpack(*encodings_.request, payload, settings_.receive_limit, Code::invalid_argument, unpacked_);
    input.payload = unpacked_;
  }
  if (input.error) input.kind = ServerInput::Kind::failed;
  return input;
}

ServerInput ConnectUnaryServerCall::receive(std::string_view body, bool ended, std::optional<std::uint64_t> announced) {
  ServerInput input;
  if (received_) {
    input.kind = ServerInput::Kind::end;
    input.consumed = body.size();
    return input;
  }
  if (get_) {
    input = message(get_message_);
    input.consumed = body.size();
    return input;
  }
  const std::size_t limit =
      encodings_.request == nullptr ? settings_.receive_limit : packed_limit(settings_.receive_limit);
  const WholeBody whole = look_at_whole_body(body, ended, announced, limit);
  switch (whole.kind) {
    case WholeBody::Kind::need_more: input.wanted = static_cast<std::size_t>(whole.size); break;
    case WholeBody::Kind::complete:
      input = message(body);
      input.consumed = body.size();
      break;
    case WholeBody::Kind::too_large:
      input.kind = ServerInput::Kind::failed;
      input.error = receive_limit_error(whole.size, settings_.receive_limit);
      break;
  }
  return input;
}

void ConnectUnaryServerCall::send_headers(Headers headers, ServerOutput&) { headers_ = std::move(headers); }

Result<void> ConnectUnaryServerCall::send_message(std::string& body, std::size_t at) {
  const std::string_view payload = std::string_view(body).substr(at);
  Result<void> allowed = check_send_limit(settings_, payload.size());
  packed_ = allowed && worth_packing(settings_, encodings_.response, payload.size());
  if (packed_) {
    encodings_.response->compress(payload, payload_);
  } else if (allowed) {
    payload_ = at == 0 ? std::move(body) : std::string(payload);
  }
  body.resize(at);  // it leaves with the head, at the end
  return allowed;
}

void ConnectUnaryServerCall::finish(Ending ending, ServerOutput& out) {
  Headers headers = headers_ ? *std::move(headers_) : std::move(ending.headers);
  keep_sendable(headers);
  // Caches must not give a compressed answer to who cannot read it.
  if (get_) HeadersAccess::append_own(headers, "vary", accept_name);
  if (encodings_.fault) HeadersAccess::append_own(headers, accept_name, settings_.compressions->names());
  if (ending.error != nullptr) {
    out = make_unary_error(*ending.error, std::move(headers), ending.trailers);
    return;
  }
  HeadersAccess::append_own(headers, "content-type", content_type_text(ContentKind::connect_unary, codec_));
  if (packed_) HeadersAccess::append_own(headers, encoding_name, encodings_.response->name());
  append_trailers(headers, ending.trailers);
  out.head.emplace().headers = std::move(headers);
  out.body = std::move(payload_);
  out.end = true;
}

ServerOutput make_unary_error(const Error& error, Headers headers, const Headers& trailers) {
  append_sendable_trailers(headers, detail::ErrorAccess::own_metadata(error));
  HeadersAccess::append_own(headers, "content-type", "application/json");
  append_trailers(headers, trailers);
  ServerOutput out;
  out.head.emplace();
  out.head->status = http_status(error.code());
  out.head->headers = std::move(headers);
  print_error(error, out.body);
  out.end = true;
  return out;
}

}  // namespace connectrpc::protocol
