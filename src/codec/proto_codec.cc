// protobuf's binary encoding.
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message_lite.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "base/lent_string.h"
#include "codec/codecs.h"
#include "codec/wire.h"
#include "connectrpc/detail/pb_compat.h"
#include "core/quiet_parse.h"

namespace connectrpc::codec {
namespace {

using google::protobuf::MessageLite;

// protobuf counts bytes in an int.
constexpr std::size_t most_bytes = std::numeric_limits<int>::max();

std::string type_name(const MessageLite& message) {
  return std::string(connectrpc::detail::pb_view(message.GetTypeName()));
}

std::string missing_fields(const MessageLite& message) {
  return type_name(message) + " lacks required fields: " + message.InitializationErrorString();
}

// Where the message's own fields break; protobuf itself does not tell. Empty if the fault lies within a field.
std::string fault_position(std::string_view bytes) {
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                            static_cast<int>(bytes.size()));
  int at = 0;
  while (at < static_cast<int>(bytes.size())) {
    const std::uint32_t tag = in.ReadTag();
    if (wire_type(tag) == WireType::group || wire_type(tag) == WireType::group_end) return {};
    if (field_number(tag) == 0) return "no field begins at byte " + std::to_string(at);
    if (!skip_value(in, tag)) {
      return "field " + std::to_string(field_number(tag)) + " at byte " + std::to_string(at) + " is broken or cut off";
    }
    at = in.CurrentPosition();
  }
  return {};
}

}  // namespace

Result<void> ProtoCodec::encode(const MessageLite& message, std::string& out, bool stable) const {
  if (!message.IsInitialized()) return Error(Code::internal, "cannot encode: " + missing_fields(message));
  const std::size_t size = message.ByteSizeLong();
  if (size > most_bytes) {
    return Error(Code::internal, "cannot encode: " + type_name(message) + " takes " + std::to_string(size) +
                                     " bytes, protobuf's limit is 2 GiB");
  }
  const std::size_t before = out.size();
  if (const std::size_t needed = before + size; needed >= base::worth_lending && needed > out.capacity()) {
    std::string larger = base::borrow_filled_string(needed);
    std::copy(out.begin(), out.end(), larger.begin());
    out = std::move(larger);
  } else {
    out.resize(needed);
  }
  auto* const at = reinterpret_cast<std::uint8_t*>(out.data() + before);
  if (!stable) {
    message.SerializeWithCachedSizesToArray(at);
    return {};
  }
  google::protobuf::io::ArrayOutputStream array(at, static_cast<int>(size));
  google::protobuf::io::CodedOutputStream coded(&array);
  coded.SetSerializationDeterministic(true);
  message.SerializeWithCachedSizes(&coded);
  return {};
}

Result<void> ProtoCodec::decode(std::string_view bytes, MessageLite& message) const {
  if (bytes.size() > most_bytes) {
    return Error(Code::invalid_argument, "cannot decode " + type_name(message) + ": " + std::to_string(bytes.size()) +
                                             " bytes, protobuf's limit is 2 GiB");
  }
  const connectrpc::detail::QuietParse quiet;
  // ParseFromArray would also write to stderr where required fields are missing.
  if (!message.ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    const std::string position = fault_position(bytes);
    return Error(Code::invalid_argument,
                 "cannot decode " + type_name(message) + " from " + std::to_string(bytes.size()) + " bytes: " +
                     (position.empty() ? "a field holds a broken message or a string that is not UTF-8" : position));
  }
  if (!message.IsInitialized()) return Error(Code::invalid_argument, "cannot decode: " + missing_fields(message));
  return {};
}

}  // namespace connectrpc::codec
