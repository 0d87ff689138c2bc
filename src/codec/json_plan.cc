// What JSON needs to know of a message type, looked up once.
#include "codec/json_plan.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "codec/json_text.h"
#include "connectrpc/detail/pb_compat.h"

namespace connectrpc::codec {
namespace {

using connectrpc::detail::pb_view;
using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;

// Whose output and strictness ours are held to. Later ones differ in both.
constexpr bool known_protobuf = GOOGLE_PROTOBUF_VERSION < 3022000;

bool is_googles(std::string_view full_name) noexcept { return full_name.starts_with("google.protobuf."); }

JsonKind kind_of(const FieldDescriptor& field) {
  switch (field.type()) {
    case FieldDescriptor::TYPE_INT32:
    case FieldDescriptor::TYPE_SINT32:
    case FieldDescriptor::TYPE_SFIXED32: return JsonKind::int32;
    case FieldDescriptor::TYPE_UINT32:
    case FieldDescriptor::TYPE_FIXED32: return JsonKind::uint32;
    case FieldDescriptor::TYPE_INT64:
    case FieldDescriptor::TYPE_SINT64:
    case FieldDescriptor::TYPE_SFIXED64: return JsonKind::int64;
    case FieldDescriptor::TYPE_UINT64:
    case FieldDescriptor::TYPE_FIXED64: return JsonKind::uint64;
    case FieldDescriptor::TYPE_FLOAT: return JsonKind::float32;
    case FieldDescriptor::TYPE_DOUBLE: return JsonKind::float64;
    case FieldDescriptor::TYPE_BOOL: return JsonKind::boolean;
    case FieldDescriptor::TYPE_STRING: return JsonKind::text;
    case FieldDescriptor::TYPE_BYTES: return JsonKind::bytes;
    case FieldDescriptor::TYPE_ENUM:
      return is_googles(pb_view(field.enum_type()->full_name())) ? JsonKind::uncovered : JsonKind::enumeration;
    // A map is printed in the order of its hash table, which reflection does not show.
    case FieldDescriptor::TYPE_MESSAGE: return field.is_map() ? JsonKind::uncovered : JsonKind::message;
    case FieldDescriptor::TYPE_GROUP: break;
  }
  return JsonKind::uncovered;
}

// Others may go away, and their plans would stay.
bool is_generated(const Descriptor& descriptor) {
  return descriptor.file()->pool() == DescriptorPool::generated_pool();
}

bool has_plain_shape(const Descriptor& descriptor) {
  if (is_googles(pb_view(descriptor.full_name())) || descriptor.extension_range_count() != 0) return false;
  for (int i = 0; i < descriptor.field_count(); ++i)
    if (descriptor.field(i)->is_required()) return false;
  return true;
}

bool has_clear_names(const std::vector<JsonField>& fields) {
  std::unordered_set<std::string_view> names;
  for (const JsonField& field : fields) {
    if (field.json_name.empty() || !names.insert(field.json_name).second) return false;
    if (field.proto_name != field.json_name && !names.insert(field.proto_name).second) return false;
  }
  return true;
}

JsonField field_of(const FieldDescriptor& descriptor) {
  JsonField field{&descriptor,
                  {},
                  pb_view(descriptor.json_name()),
                  pb_view(descriptor.name()),
                  kind_of(descriptor),
                  descriptor.is_repeated(),
                  descriptor.real_containing_oneof() != nullptr};
  append_json_text(field.json_name, field.key);
  field.key += ':';
  return field;
}

class Plans {
 public:
  const JsonPlan& of(const Descriptor& descriptor) {
    if (&descriptor != last_) {
      last_plan_ = &plans_.try_emplace(&descriptor, descriptor).first->second;
      last_ = &descriptor;
    }
    return *last_plan_;
  }

 private:
  std::unordered_map<const Descriptor*, JsonPlan> plans_;
  const Descriptor* last_ = nullptr;
  const JsonPlan* last_plan_ = nullptr;
};

}  // namespace

JsonPlan::JsonPlan(const Descriptor& descriptor) {
  if (!has_plain_shape(descriptor)) return;
  for (int i = 0; i < descriptor.field_count(); ++i) fields_.push_back(field_of(*descriptor.field(i)));
  std::sort(fields_.begin(), fields_.end(),
            [](const JsonField& a, const JsonField& b) { return a.field->number() < b.field->number(); });
  covered_ = has_clear_names(fields_);
}

const JsonPlan& JsonPlan::of(const Descriptor& descriptor) {
  static const JsonPlan uncovered;
  thread_local Plans plans;
  return known_protobuf && is_generated(descriptor) ? plans.of(descriptor) : uncovered;
}

const JsonPlan& JsonPlan::of(const JsonField& field) {
  if (field.plan == nullptr) field.plan = &of(*field.field->message_type());
  return *field.plan;
}

std::size_t JsonPlan::find(std::string_view name, std::size_t guess) const noexcept {
  const std::size_t size = fields_.size();
  if (guess < size && fields_[guess].json_name == name) return guess;
  for (std::size_t i = 0; i < size; ++i)
    if (fields_[i].json_name == name || fields_[i].proto_name == name) return i;
  return size;
}

}  // namespace connectrpc::codec
