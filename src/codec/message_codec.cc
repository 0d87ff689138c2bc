// One codec object a kind.
#include "codec/message_codec.h"

#include "codec/codecs.h"

namespace connectrpc::codec {

const MessageCodec& message_codec(Codec codec) noexcept {
  static constexpr ProtoCodec proto;
  static constexpr JsonCodec json;
  if (codec == Codec::json) return json;
  return proto;
}

}  // namespace connectrpc::codec
