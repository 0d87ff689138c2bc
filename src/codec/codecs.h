// The codecs that message_codec chooses from.
#pragma once

#include "codec/message_codec.h"

namespace connectrpc::codec {

/// protobuf's binary encoding.
class ProtoCodec final : public MessageCodec {
 public:
  Codec codec() const noexcept override { return Codec::proto; }
  Result<void> encode(const google::protobuf::MessageLite& message, std::string& out, bool stable) const override;
  Result<void> decode(std::string_view bytes, google::protobuf::MessageLite& message) const override;
};

/// protobuf's JSON mapping; needs messages with reflection (not `optimize_for = LITE_RUNTIME`).
class JsonCodec final : public MessageCodec {
 public:
  Codec codec() const noexcept override { return Codec::json; }
  Result<void> encode(const google::protobuf::MessageLite& message, std::string& out, bool stable) const override;
  Result<void> decode(std::string_view bytes, google::protobuf::MessageLite& message) const override;
};

}  // namespace connectrpc::codec
