// The way into the protocols on the server: by verb and content type.
#include <utility>

#include "connectrpc/detail/headers_access.h"
#include "protocol/connect/get_query.h"
#include "protocol/connect/stream_server_call.h"
#include "protocol/connect/unary_server_call.h"
#include "protocol/content_type.h"
#include "protocol/grpc/server_call.h"
#include "protocol/grpc_web/server_call.h"
#include "protocol/grpc_web/text_server_call.h"
#include "protocol/server_call.h"
#include "protocol/text.h"

namespace connectrpc::protocol {
namespace {

using Accepted = std::variant<std::unique_ptr<ServerCall>, ServerOutput>;

// An answer of plain HTTP, for people.
ServerOutput refuse(int status, std::string_view name, std::string_view value, std::string text) {
  ServerOutput out;
  http::ResponseHead& head = out.head.emplace();
  head.status = status;
  detail::HeadersAccess::append_own(head.headers, "content-type", "text/plain; charset=utf-8");
  if (!name.empty()) detail::HeadersAccess::append_own(head.headers, name, value);
  out.body = std::move(text);
  out.body += '\n';
  out.end = true;
  return out;
}

ServerOutput wrong_verb(const http::RequestHead& head, const MethodSpec& method, bool get_allowed) {
  const std::string_view allowed = get_allowed ? "GET, POST" : "POST";
  return refuse(
      405, "allow", allowed,
      std::string(method.full_name()) + " is called by " + std::string(allowed) + ", not by " + quote(head.method));
}

ServerOutput wrong_type(std::string_view found, const MethodSpec& method) {
  const std::string_view served = served_content_types(method.stream_type == StreamType::unary);
  return refuse(415, "accept-post", served,
                std::string(method.full_name()) + " is served as " + std::string(served) + "; the request's type is " +
                    quote(found));
}

Accepted accept_get(const http::RequestHead& head, const MethodSpec& method, const ServerSettings& settings) {
  Codec codec = Codec::json;
  if (const std::optional<GetQuery> query = parse_get_query(head.query()); query && query->encoding) {
    if (query->encoding == "proto") {
      codec = Codec::proto;
    } else if (query->encoding != "json") {
      return wrong_type("encoding=" + *query->encoding, method);
    }
  }
  return std::make_unique<ConnectUnaryServerCall>(head, codec, settings);
}

// Whether a GET is one of Connect's, of whatever method.
bool is_get_query(const http::RequestHead& head) {
  if (head.method != "GET") return false;
  const std::optional<GetQuery> query = parse_get_query(head.query());
  return query && query->encoding;
}

// The content type of an error in the protocol of a request whose codec may be unknown.
ContentType answerable(ContentType type) {
  if (!type.codec) type = {type.kind, Codec::proto, true};
  return type;
}

}  // namespace

Accepted accept(const http::RequestHead& head, const MethodSpec& method, const ServerSettings& settings) {
  const bool unary = method.stream_type == StreamType::unary;
  if (head.method != "POST") {
    const bool get_allowed = unary && method.idempotency == Idempotency::no_side_effects;
    if (get_allowed && head.method == "GET") return accept_get(head, method, settings);
    return wrong_verb(head, method, get_allowed);
  }
  const std::string_view type_text = head.headers["content-type"];
  const ContentType type = parse_content_type(type_text);
  if (!type.codec) return wrong_type(type_text, method);
  switch (type.kind) {
    case ContentKind::grpc:
      if (head.version == HttpVersion::http1_0 || head.version == HttpVersion::http1_1) {
        return refuse(505, {}, {},
                      "gRPC needs HTTP/2, this request came by " + std::string(to_string(head.version)) +
                          ". Over HTTP/1.1 the same method is served as Connect (application/proto) and gRPC-Web "
                          "(application/grpc-web).");
      }
      return std::make_unique<GrpcServerCall>(head, type, method, settings);
    case ContentKind::grpc_web:
    case ContentKind::grpc_web_text: {
      const ContentType answer = grpc_web_answer_type(head, type);
      if (type.kind == ContentKind::grpc_web && answer.kind == ContentKind::grpc_web)
        return std::make_unique<GrpcWebServerCall>(head, type, method, settings);
      return std::make_unique<GrpcWebTextServerCall>(head, type, answer, method, settings);
    }
    case ContentKind::connect_stream:
      if (unary) break;
      return std::make_unique<ConnectStreamServerCall>(head, type, method, settings);
    case ContentKind::connect_unary:
      if (!unary) break;
      return std::make_unique<ConnectUnaryServerCall>(head, *type.codec, settings);
    case ContentKind::other: break;
  }
  return wrong_type(type_text, method);
}

ServerOutput unknown_path(const http::RequestHead& head) {
  const ContentType type = parse_content_type(head.headers["content-type"]);
  const Error error(Code::unimplemented, "nothing is served at " + quote(head.path()));
  const bool grpc =
      type.kind == ContentKind::grpc || type.kind == ContentKind::grpc_web || type.kind == ContentKind::grpc_web_text;
  if (head.method == "POST" && grpc) return make_trailers_only(answerable(type), &error, {});
  if (head.method != "POST" || !type.codec) return refuse(404, {}, {}, error.message());
  ServerOutput out = make_unary_error(error, {}, {});
  out.head->status = 404;
  return out;
}

ServerOutput header_list_answer(const http::RequestHead& head, std::string text) {
  const ContentType type = parse_content_type(head.headers["content-type"]);
  const bool post = head.method == "POST";
  const bool connect_unary = post ? type.kind == ContentKind::connect_unary : is_get_query(head);
  if (!connect_unary && (!post || !type.codec)) return refuse(431, {}, {}, std::move(text));
  ServerOutput out = error_answer(head, Error(Code::resource_exhausted, std::move(text)));
  if (connect_unary) out.head->status = 431;
  return out;
}

ServerOutput error_answer(const http::RequestHead& head, const Error& error) {
  const ContentType type = parse_content_type(head.headers["content-type"]);
  if (head.method == "POST") {
    switch (type.kind) {
      case ContentKind::grpc:
      case ContentKind::grpc_web:
      case ContentKind::grpc_web_text: return make_trailers_only(answerable(type), &error, {});
      case ContentKind::connect_stream: {
        ServerOutput out;
        detail::HeadersAccess::append_own(out.head.emplace().headers, "content-type",
                                          content_type_text(type.kind, type.codec.value_or(Codec::proto)));
        append_end_stream(&error, {}, out.body);
        out.end = true;
        return out;
      }
      case ContentKind::connect_unary:
      case ContentKind::other: break;
    }
  }
  return make_unary_error(error, {}, {});
}

}  // namespace connectrpc::protocol
