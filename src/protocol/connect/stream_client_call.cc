// Connect's streams on the client.
#include "protocol/connect/stream_client_call.h"

#include <utility>

#include "base/timeout_text.h"
#include "connectrpc/detail/headers_access.h"
#include "protocol/connect/end_stream.h"
#include "protocol/connect/request_fields.h"
#include "protocol/request_head.h"

namespace connectrpc::protocol {

using detail::HeadersAccess;

void ConnectStreamClientCall::open(const ClientTarget& target, const Headers& user_headers,
                                   std::optional<std::chrono::nanoseconds> timeout, ClientOutput& out) {
  http::RequestHead head = make_request_head(target, method_, user_headers);
  HeadersAccess::append_own(head.headers, "content-type", content_type_text(kind_, codec_));
  HeadersAccess::append_own(head.headers, connect_version_name, "1");
  if (settings_.request_compression != nullptr)
    HeadersAccess::append_own(head.headers, encoding_name(), settings_.request_compression->name());
  append_accept(head.headers, "connect-accept-encoding", settings_);
  if (timeout) HeadersAccess::append_own(head.headers, connect_timeout_name, base::print_connect_timeout_ms(*timeout));
  append_user_headers(head.headers, user_headers, protocol());
  out.head = std::move(head);
}

std::optional<Error> ConnectStreamClientCall::read_ending(std::uint8_t flags, std::string_view payload) {
  if ((flags & ~flag_compressed) != flag_end_stream)
    return Error(Code::internal, "a message of the answer has the unknown flags " + std::to_string(flags));
  std::optional<EndStream> end = parse_end_stream(payload);
  if (!end) return Error(Code::internal, "the end of the stream is no JSON object");
  trailers_ = detail::user_metadata(end->metadata);
  if (end->error) ending_ = std::move(*end->error).to_error(Code::unknown);
  return std::nullopt;
}

std::optional<Error> ConnectStreamClientCall::read_end(const ClientArrived&) {
  return Error(Code::internal, "the answer ended without the end of the stream");
}

}  // namespace connectrpc::protocol
