// gRPC on the client.
#include "protocol/grpc/client_call.h"

#include <utility>

#include "base/timeout_text.h"
#include "connectrpc/detail/headers_access.h"
#include "protocol/grpc/status.h"
#include "protocol/request_head.h"

namespace connectrpc::protocol {
namespace {

using detail::HeadersAccess;

constexpr std::string_view status_name = "grpc-status";

}  // namespace

void GrpcClientCall::open(const ClientTarget& target, const Headers& user_headers,
                          std::optional<std::chrono::nanoseconds> timeout, ClientOutput& out) {
  http::RequestHead head = make_request_head(target, method_, user_headers);
  const bool web = kind_ == ContentKind::grpc_web;
  // As others do: gateways in front of gRPC know the short form best, those of gRPC-Web the long one.
  const bool implicit_codec = !web && codec_ == Codec::proto;
  HeadersAccess::append_own(head.headers, "content-type", content_type_text(kind_, codec_, implicit_codec));
  if (!web) HeadersAccess::append_own(head.headers, "te", "trailers");
  if (settings_.request_compression != nullptr)
    HeadersAccess::append_own(head.headers, encoding_name(), settings_.request_compression->name());
  append_accept(head.headers, "grpc-accept-encoding", settings_);
  if (timeout) HeadersAccess::append_own(head.headers, "grpc-timeout", base::print_grpc_timeout(*timeout));
  append_user_headers(head.headers, user_headers, protocol());
  out.head = std::move(head);
}

std::optional<Error> GrpcClientCall::read_ending(std::uint8_t flags, std::string_view) {
  return Error(Code::internal, "a message of the answer has the unknown flags " + std::to_string(flags));
}

bool GrpcClientCall::is_trailers_only(const ClientArrived& arrived) const {
  return !body_seen() && (arrived.trailers == nullptr || arrived.trailers->empty()) &&
         arrived.head->headers.contains(status_name);
}

std::optional<Error> GrpcClientCall::read_trailers(const Headers& trailers) {
  trailers_ = detail::user_metadata(trailers);
  Status status = read_status(trailers);
  if (status.present) return std::move(status.error);
  // The codes tell a broken connection from a server that does not know how to end a call.
  return trailers.empty() ? Error(Code::internal, "the answer ended without trailers")
                          : Error(Code::unknown, "the answer's trailers have no grpc-status");
}

std::optional<Error> GrpcClientCall::read_trailers_only(const ClientArrived& arrived) {
  headers_.clear();
  return read_trailers(arrived.head->headers);
}

std::optional<Error> GrpcClientCall::read_end(const ClientArrived& arrived) {
  if (is_trailers_only(arrived)) return read_trailers_only(arrived);
  return arrived.trailers == nullptr ? read_trailers(Headers()) : read_trailers(*arrived.trailers);
}

std::optional<Error> GrpcClientCall::read_failed(const ClientArrived& arrived) {
  // A status of gRPC counts whatever HTTP's says; success it cannot be.
  std::optional<Error> error;
  if (is_trailers_only(arrived)) {
    error = read_status(arrived.head->headers).error;
    if (error) return read_trailers_only(arrived);
  } else if (arrived.trailers != nullptr) {
    error = read_status(*arrived.trailers).error;
    trailers_ = detail::user_metadata(*arrived.trailers);
  }
  return error;
}

}  // namespace connectrpc::protocol
