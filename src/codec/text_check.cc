// Whether the strings of a message are text.
#include "codec/text_check.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "base/utf8.h"
#include "connectrpc/detail/pb_compat.h"

namespace connectrpc::codec {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

bool broken_string(const Message& message, const Reflection& reflection, const FieldDescriptor& field) {
  std::string scratch;
  if (!field.is_repeated())
    return reflection.HasField(message, &field) &&
           !base::is_valid_utf8(reflection.GetStringReference(message, &field, &scratch));
  const int size = reflection.FieldSize(message, &field);
  for (int i = 0; i < size; ++i)
    if (!base::is_valid_utf8(reflection.GetRepeatedStringReference(message, &field, i, &scratch))) return true;
  return false;
}

std::string broken_part(const Message& message, const Reflection& reflection, const FieldDescriptor& field) {
  if (!field.is_repeated())
    return reflection.HasField(message, &field) ? first_broken_text(reflection.GetMessage(message, &field))
                                                : std::string();
  std::string broken;
  const int size = reflection.FieldSize(message, &field);
  for (int i = 0; i < size && broken.empty(); ++i)
    broken = first_broken_text(reflection.GetRepeatedMessage(message, &field, i));
  return broken;
}

}  // namespace

std::string first_broken_text(const Message& message) {
  const google::protobuf::Descriptor& descriptor = *message.GetDescriptor();
  const Reflection& reflection = *message.GetReflection();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor& field = *descriptor.field(i);
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      const std::string inner = broken_part(message, reflection, field);
      if (!inner.empty()) return std::string(connectrpc::detail::pb_view(field.name())) + '.' + inner;
    } else if (field.type() == FieldDescriptor::TYPE_STRING && broken_string(message, reflection, field)) {
      return std::string(connectrpc::detail::pb_view(field.name()));
    }
  }
  return {};
}

}  // namespace connectrpc::codec
