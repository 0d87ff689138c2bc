// The readable form of an error's detail.
#include "codec/detail_json.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <memory>

#include "codec/message_codec.h"

namespace connectrpc::codec {

std::string detail_json(std::string_view type, std::string_view value) {
  const google::protobuf::Descriptor* const descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(std::string(type));
  if (descriptor == nullptr) return {};
  const google::protobuf::Message* const prototype =
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor);
  if (prototype == nullptr) return {};
  const std::unique_ptr<google::protobuf::Message> message(prototype->New());
  std::string json;
  if (!message_codec(Codec::proto).decode(value, *message) || !message_codec(Codec::json).encode(*message, json, false))
    return {};
  return json;
}

}  // namespace connectrpc::codec
