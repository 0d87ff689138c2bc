// Content types and what they say about a call.
#include "protocol/content_type.h"

#include "base/ascii.h"

namespace connectrpc::protocol {
namespace {

std::optional<Codec> codec_named(std::string_view name) noexcept {
  if (base::equals_lower(name, "proto")) return Codec::proto;
  if (base::equals_lower(name, "json")) return Codec::json;
  return std::nullopt;
}

bool charset_is_utf8(std::string_view parameters) noexcept {
  while (!parameters.empty()) {
    const std::size_t end = parameters.find(';');
    const std::string_view parameter = base::trim(parameters.substr(0, end));
    if (base::starts_with_lower(parameter, "charset=")) {
      std::string_view charset = parameter.substr(8);
      if (charset.size() >= 2 && charset.front() == '"' && charset.back() == '"')
        charset = charset.substr(1, charset.size() - 2);
      if (!base::equals_lower(charset, "utf-8") && !base::equals_lower(charset, "utf8")) return false;
    }
    if (end == std::string_view::npos) break;
    parameters.remove_prefix(end + 1);
  }
  return true;
}

// `rest` is what follows "application/grpc", "application/grpc-web" or "application/grpc-web-text".
ContentType grpc_type(ContentKind kind, std::string_view rest) noexcept {
  if (rest.empty()) return {kind, Codec::proto, true};
  return {kind, codec_named(rest.substr(1)), false};
}

ContentType classify(std::string_view media_type) noexcept {
  constexpr std::string_view application = "application/";
  if (!base::starts_with_lower(media_type, application)) return {};
  const std::string_view subtype = media_type.substr(application.size());
  for (const auto& [name, kind] : {std::pair{std::string_view("grpc-web-text"), ContentKind::grpc_web_text},
                                   std::pair{std::string_view("grpc-web"), ContentKind::grpc_web},
                                   std::pair{std::string_view("grpc"), ContentKind::grpc}}) {
    if (!base::starts_with_lower(subtype, name)) continue;
    const std::string_view rest = subtype.substr(name.size());
    if (rest.empty() || rest.front() == '+') return grpc_type(kind, rest);
  }
  constexpr std::string_view stream = "connect+";
  if (base::starts_with_lower(subtype, stream))
    return {ContentKind::connect_stream, codec_named(subtype.substr(stream.size())), false};
  return {ContentKind::connect_unary, codec_named(subtype), false};
}

}  // namespace

ContentType parse_content_type(std::string_view text) noexcept {
  // What nearly everybody sends.
  if (text == "application/grpc") return {ContentKind::grpc, Codec::proto, true};
  if (text == "application/proto") return {ContentKind::connect_unary, Codec::proto, false};
  if (text == "application/json") return {ContentKind::connect_unary, Codec::json, false};
  const std::size_t semicolon = text.find(';');
  ContentType type = classify(base::trim(text.substr(0, semicolon)));
  if (semicolon != std::string_view::npos && type.codec == Codec::json && !charset_is_utf8(text.substr(semicolon + 1)))
    type.codec.reset();
  return type;
}

std::string_view content_type_text(ContentKind kind, Codec codec, bool implicit_codec) noexcept {
  const bool json = codec == Codec::json;
  switch (kind) {
    case ContentKind::connect_unary: return json ? "application/json" : "application/proto";
    case ContentKind::connect_stream: return json ? "application/connect+json" : "application/connect+proto";
    case ContentKind::grpc:
      if (implicit_codec) return "application/grpc";
      return json ? "application/grpc+json" : "application/grpc+proto";
    case ContentKind::grpc_web:
      if (implicit_codec) return "application/grpc-web";
      return json ? "application/grpc-web+json" : "application/grpc-web+proto";
    case ContentKind::grpc_web_text:
      if (implicit_codec) return "application/grpc-web-text";
      return json ? "application/grpc-web-text+json" : "application/grpc-web-text+proto";
    case ContentKind::other: break;
  }
  return "application/octet-stream";
}

std::string_view served_content_types(bool unary) noexcept {
  return unary ? "application/grpc, application/grpc+json, application/grpc+proto, application/grpc-web, "
                 "application/grpc-web+json, application/grpc-web+proto, application/grpc-web-text, "
                 "application/grpc-web-text+json, application/grpc-web-text+proto, application/json, application/proto"
               : "application/connect+json, application/connect+proto, application/grpc, application/grpc+json, "
                 "application/grpc+proto, application/grpc-web, application/grpc-web+json, application/grpc-web+proto, "
                 "application/grpc-web-text, application/grpc-web-text+json, application/grpc-web-text+proto";
}

}  // namespace connectrpc::protocol
