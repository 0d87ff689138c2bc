// Connect's streams on the server.
#include "protocol/connect/stream_server_call.h"

#include <utility>

#include "base/timeout_text.h"
#include "connectrpc/detail/error_access.h"
#include "connectrpc/detail/headers_access.h"
#include "protocol/connect/end_stream.h"
#include "protocol/connect/request_fields.h"
#include "protocol/user_fields.h"

namespace connectrpc::protocol {
namespace {

using detail::HeadersAccess;

constexpr std::string_view encoding_name = "connect-content-encoding";
constexpr std::string_view accept_name = "connect-accept-encoding";

}  // namespace

ConnectStreamServerCall::ConnectStreamServerCall(const http::RequestHead& head, const ContentType& type,
                                                 const MethodSpec& method, const ServerSettings& settings)
    : EnvelopeServerCall(method, settings) {
  codec_ = *type.codec;
  static constexpr std::array names = {connect_timeout_name, connect_version_name, encoding_name, accept_name};
  const auto [timeout, version, encoding, accept] = pick_fields(head.headers, names);
  fault_ = read_timeout(head.headers, timeout, connect_timeout_name, base::parse_connect_timeout_ms, timeout_);
  if (std::optional<Error> fault = version_fault(version, settings)) fault_ = std::move(fault);
  use(choose_encodings(settings, encoding.first, head.headers, accept, accept_name));
}

void ConnectStreamServerCall::send_headers(Headers headers, ServerOutput& out) {
  headers_sent_ = true;
  keep_sendable(headers);
  HeadersAccess::append_own(headers, "content-type", content_type_text(ContentKind::connect_stream, codec_));
  if (encodings_.response != nullptr) HeadersAccess::append_own(headers, encoding_name, encodings_.response->name());
  if (encodings_.fault) HeadersAccess::append_own(headers, accept_name, settings_.compressions->names());
  out.head.emplace().headers = std::move(headers);
}

void ConnectStreamServerCall::finish(Ending ending, ServerOutput& out) {
  if (!headers_sent_) send_headers(std::move(ending.headers), out);
  append_end_stream(ending.error, std::move(ending.trailers), out.body);
  out.end = true;
}

void append_end_stream(const Error* error, Headers trailers, std::string& body) {
  Headers metadata;
  if (error != nullptr) append_sendable_trailers(metadata, detail::ErrorAccess::own_metadata(*error));
  append_sendable_trailers(metadata, trailers);
  std::string envelope(envelope_prefix, '\0');
  print_end_stream(error, metadata, envelope);
  write_envelope_prefix(envelope, flag_end_stream);
  body += envelope;
}

}  // namespace connectrpc::protocol
