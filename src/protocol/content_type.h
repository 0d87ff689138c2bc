// Content types and what they say about a call.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "connectrpc/protocol.h"

namespace connectrpc::protocol {

/// The families of content types. `grpc_web_text` is gRPC-Web in base64. `connect_unary` is any other `application/…`:
/// whether it is Connect shows in the codec.
enum class ContentKind : std::uint8_t { other, connect_unary, connect_stream, grpc, grpc_web, grpc_web_text };

struct ContentType {
  ContentKind kind = ContentKind::other;
  /// Empty where the type names a codec that is not known here.
  std::optional<Codec> codec;
  /// "application/grpc" without "+proto", which means the same.
  bool implicit_codec = false;
};

/// Parameters do not count, but for a charset of JSON, which must be UTF-8.
ContentType parse_content_type(std::string_view text) noexcept;

/// "application/connect+json". Static; not for `other`.
std::string_view content_type_text(ContentKind kind, Codec codec, bool implicit_codec = false) noexcept;

/// What a method is served as, for Accept-Post. Static.
std::string_view served_content_types(bool unary) noexcept;

}  // namespace connectrpc::protocol
