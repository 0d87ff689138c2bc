// Messages to JSON, as protobuf's own utilities print them, for the kinds of fields that most messages have.
#include "codec/json_printer.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>

#include <array>
#include <charconv>
#include <cstdint>

#include "base/base64.h"
#include "codec/json_plan.h"
#include "codec/json_text.h"
#include "connectrpc/detail/pb_compat.h"

namespace connectrpc::codec {
namespace {

using connectrpc::detail::pb_view;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

template <class Integer>
void append_integer(Integer number, std::string& out) {
  std::array<char, 20> digits;
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

// 64 bits do not fit a JavaScript number.
template <class Integer>
void append_quoted(Integer number, std::string& out) {
  out += '"';
  append_integer(number, out);
  out += '"';
}

void append_enum(const FieldDescriptor& field, int number, std::string& out) {
  const EnumValueDescriptor* const value = field.enum_type()->FindValueByNumber(number);
  if (value == nullptr) return append_integer(number, out);
  out += '"';
  out += pb_view(value->name());
  out += '"';
}

class Printer {
 public:
  explicit Printer(std::string& out) noexcept : out_(out) {}

  bool message(const Message& message, const JsonPlan& plan, int depth);

 private:
  bool field(const Message& message, const Reflection& reflection, const JsonField& field, int depth);
  bool single(const Message& message, const Reflection& reflection, const JsonField& field, int depth);
  bool element(const Message& message, const Reflection& reflection, const JsonField& field, int index, int depth);

  // Every value is followed by a comma; the last one's place is the bracket's.
  void close(char bracket) {
    if (out_.back() == ',') {
      out_.back() = bracket;
    } else {
      out_ += bracket;
    }
  }

  std::string& out_;
  std::string scratch_;
};

bool Printer::message(const Message& message, const JsonPlan& plan, int depth) {
  const Reflection& reflection = *message.GetReflection();
  // Unknown fields may be known ones with values of another type, which protobuf prints.
  if (!plan.covered() || depth == 0 || !reflection.GetUnknownFields(message).empty()) return false;
  out_ += '{';
  for (const JsonField& field : plan.fields())
    if (!this->field(message, reflection, field, depth)) return false;
  close('}');
  return true;
}

bool Printer::field(const Message& message, const Reflection& reflection, const JsonField& field, int depth) {
  if (!field.repeated) {
    if (!reflection.HasField(message, field.field)) return true;
    out_ += field.key;
    if (!single(message, reflection, field, depth)) return false;
    out_ += ',';
    return true;
  }
  const int size = reflection.FieldSize(message, field.field);
  if (size == 0) return true;
  out_ += field.key;
  out_ += '[';
  for (int i = 0; i < size; ++i) {
    if (!element(message, reflection, field, i, depth)) return false;
    out_ += ',';
  }
  close(']');
  out_ += ',';
  return true;
}

bool Printer::single(const Message& message, const Reflection& reflection, const JsonField& field, int depth) {
  const FieldDescriptor* const descriptor = field.field;
  switch (field.kind) {
    case JsonKind::int32: append_integer(reflection.GetInt32(message, descriptor), out_); break;
    case JsonKind::uint32: append_integer(reflection.GetUInt32(message, descriptor), out_); break;
    case JsonKind::int64: append_quoted(reflection.GetInt64(message, descriptor), out_); break;
    case JsonKind::uint64: append_quoted(reflection.GetUInt64(message, descriptor), out_); break;
    case JsonKind::float32: append_json_number(reflection.GetFloat(message, descriptor), out_); break;
    case JsonKind::float64: append_json_number(reflection.GetDouble(message, descriptor), out_); break;
    case JsonKind::boolean: out_ += reflection.GetBool(message, descriptor) ? "true" : "false"; break;
    case JsonKind::text:
      return append_json_text(pb_view(reflection.GetStringReference(message, descriptor, &scratch_)), out_);
    case JsonKind::bytes:
      out_ += '"';
      out_ += base::base64_encode(pb_view(reflection.GetStringReference(message, descriptor, &scratch_)));
      out_ += '"';
      break;
    case JsonKind::enumeration: append_enum(*descriptor, reflection.GetEnumValue(message, descriptor), out_); break;
    case JsonKind::message:
      return this->message(reflection.GetMessage(message, descriptor), JsonPlan::of(field), depth - 1);
    case JsonKind::uncovered: return false;
  }
  return true;
}

bool Printer::element(const Message& message, const Reflection& reflection, const JsonField& field, int index,
                      int depth) {
  const FieldDescriptor* const descriptor = field.field;
  switch (field.kind) {
    case JsonKind::int32: append_integer(reflection.GetRepeatedInt32(message, descriptor, index), out_); break;
    case JsonKind::uint32: append_integer(reflection.GetRepeatedUInt32(message, descriptor, index), out_); break;
    case JsonKind::int64: append_quoted(reflection.GetRepeatedInt64(message, descriptor, index), out_); break;
    case JsonKind::uint64: append_quoted(reflection.GetRepeatedUInt64(message, descriptor, index), out_); break;
    case JsonKind::float32: append_json_number(reflection.GetRepeatedFloat(message, descriptor, index), out_); break;
    case JsonKind::float64: append_json_number(reflection.GetRepeatedDouble(message, descriptor, index), out_); break;
    case JsonKind::boolean: out_ += reflection.GetRepeatedBool(message, descriptor, index) ? "true" : "false"; break;
    case JsonKind::text:
      return append_json_text(pb_view(reflection.GetRepeatedStringReference(message, descriptor, index, &scratch_)),
                              out_);
    case JsonKind::bytes:
      out_ += '"';
      out_ +=
          base::base64_encode(pb_view(reflection.GetRepeatedStringReference(message, descriptor, index, &scratch_)));
      out_ += '"';
      break;
    case JsonKind::enumeration:
      append_enum(*descriptor, reflection.GetRepeatedEnumValue(message, descriptor, index), out_);
      break;
    case JsonKind::message:
      return this->message(reflection.GetRepeatedMessage(message, descriptor, index), JsonPlan::of(field), depth - 1);
    case JsonKind::uncovered: return false;
  }
  return true;
}

}  // namespace

bool print_json(const Message& message, std::string& out) {
  return Printer(out).message(message, JsonPlan::of(*message.GetDescriptor()), JsonPlan::most_depth);
}

}  // namespace connectrpc::codec
