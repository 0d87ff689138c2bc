// Messages to bytes and back, behind one interface.
#pragma once

#include <string>
#include <string_view>

#include "connectrpc/protocol.h"
#include "connectrpc/result.h"

namespace google::protobuf {
class MessageLite;
}

namespace connectrpc::codec {

/// Stateless; one object serves all threads.
class MessageCodec {
 public:
  virtual Codec codec() const noexcept = 0;
  /// Appends the encoding of `message`. Code::internal where it cannot be encoded (bad UTF-8 in JSON, over 2 GiB).
  /// `stable`: equal messages give equal bytes, as a cacheable GET needs.
  virtual Result<void> encode(const google::protobuf::MessageLite& message, std::string& out, bool stable) const = 0;
  /// Replaces `message` by what `bytes` say. Code::invalid_argument says in one line where they are broken.
  virtual Result<void> decode(std::string_view bytes, google::protobuf::MessageLite& message) const = 0;

 protected:
  ~MessageCodec() = default;
};

const MessageCodec& message_codec(Codec codec) noexcept;

}  // namespace connectrpc::codec
