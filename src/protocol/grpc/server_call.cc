// gRPC on the server.
#include "protocol/grpc/server_call.h"

#include <utility>

#include "base/timeout_text.h"
#include "connectrpc/detail/headers_access.h"
#include "protocol/grpc/status.h"
#include "protocol/user_fields.h"

namespace connectrpc::protocol {
namespace {

using detail::HeadersAccess;

constexpr std::string_view timeout_name = "grpc-timeout";
constexpr std::string_view encoding_name = "grpc-encoding";
constexpr std::string_view accept_name = "grpc-accept-encoding";

void append_content_type(Headers& headers, const ContentType& type) {
  HeadersAccess::append_own(headers, "content-type", content_type_text(type.kind, *type.codec, type.implicit_codec));
}

}  // namespace

GrpcServerCall::GrpcServerCall(const http::RequestHead& head, const ContentType& type, const MethodSpec& method,
                               const ServerSettings& settings)
    : EnvelopeServerCall(method, settings), type_(type) {
  codec_ = *type.codec;
  static constexpr std::array names = {timeout_name, encoding_name, accept_name};
  const auto [timeout, encoding, accept] = pick_fields(head.headers, names);
  fault_ = read_timeout(head.headers, timeout, timeout_name, base::parse_grpc_timeout, timeout_);
  use(choose_encodings(settings, encoding.first, head.headers, accept, accept_name));
}

void GrpcServerCall::send_headers(Headers headers, ServerOutput& out) {
  headers_sent_ = true;
  keep_sendable(headers);
  append_content_type(headers, type_);
  if (encodings_.response != nullptr) HeadersAccess::append_own(headers, encoding_name, encodings_.response->name());
  if (encodings_.fault) HeadersAccess::append_own(headers, accept_name, settings_.compressions->names());
  out.head.emplace().headers = std::move(headers);
}

void GrpcServerCall::finish(Ending ending, ServerOutput& out) {
  out.end = true;
  if (!headers_sent_ && ending.headers.empty() && !encodings_.fault) {
    out = make_trailers_only(type_, ending.error, std::move(ending.trailers));
    return;
  }
  if (!headers_sent_) send_headers(std::move(ending.headers), out);
  send_trailers(make_status_trailers(ending.error, std::move(ending.trailers)), out);
}

void GrpcServerCall::send_trailers(Headers trailers, ServerOutput& out) { out.trailers = std::move(trailers); }

ServerOutput make_trailers_only(const ContentType& type, const Error* error, Headers trailers) {
  ServerOutput out;
  Headers fields = make_status_trailers(error, std::move(trailers));
  append_content_type(fields, type);
  out.head.emplace().headers = std::move(fields);
  out.end = true;
  return out;
}

}  // namespace connectrpc::protocol
