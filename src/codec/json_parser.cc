// JSON to messages, for texts as programs write them.
#include "codec/json_parser.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <bitset>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "base/base64.h"
#include "base/utf8.h"
#include "codec/json_plan.h"
#include "codec/json_scanner.h"

namespace connectrpc::codec {
namespace {

using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// How many fields of one message we keep account of.
constexpr std::size_t most_fields = 256;

// In plain digits, without the signs and zeros that mean nothing.
template <std::integral Integer>
bool read_integer(std::string_view text, Integer& integer) {
  const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
  if (digits.empty() || (digits.front() == '0' && text.size() != 1)) return false;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), integer);
  return read.ec == std::errc() && read.ptr == text.data() + text.size();
}

// protobuf reads a number without point and exponent as an integer and wants the conversion to be exact.
template <std::floating_point Number>
bool read_whole(std::string_view word, Number& number) {
  constexpr auto most = std::int64_t{1} << std::numeric_limits<Number>::digits;
  std::int64_t integer = 0;
  if (!read_integer(word, integer) || integer > most || integer < -most) return false;
  number = static_cast<Number>(integer);
  return true;
}

// A float that is no number of the normal range is left to protobuf.
bool narrow(double wide, float& number) {
  const double size = std::fabs(wide);
  if (size > std::numeric_limits<float>::max() || (size < std::numeric_limits<float>::min() && size != 0)) return false;
  number = static_cast<float>(wide);
  return true;
}

bool narrow(double wide, double& number) {
  number = wide;
  return true;
}

template <std::floating_point Number>
bool read_number(std::string_view word, Number& number) {
  if (!is_json_number(word)) return false;
  if (word.find_first_of(".eE") == std::string_view::npos) return read_whole(word, number);
  double wide = 0;
  const auto read = std::from_chars(word.data(), word.data() + word.size(), wide);
  return read.ec == std::errc() && narrow(wide, number);
}

template <std::floating_point Number>
bool read_named_number(std::string_view name, Number& number) {
  using Limits = std::numeric_limits<Number>;
  if (name == "NaN") {
    number = Limits::quiet_NaN();
  } else if (name == "Infinity") {
    number = Limits::infinity();
  } else if (name == "-Infinity") {
    number = -Limits::infinity();
  } else {
    return false;
  }
  return true;
}

// Whether the bits of the last character that stand for nothing are zero, and the padding is there.
bool is_canonical_base64(std::string_view text) noexcept {
  if (text.size() % 4 != 0) return false;
  if (text.ends_with("==")) return std::string_view("AQgw").find(text[text.size() - 3]) != std::string_view::npos;
  if (text.ends_with('='))
    return std::string_view("AEIMQUYcgkosw048").find(text[text.size() - 2]) != std::string_view::npos;
  return true;
}

template <class Value>
using Writer = void (Reflection::*)(Message*, const FieldDescriptor*, Value) const;

// How a value gets into a message.
struct Writers {
  Writer<std::int32_t> int32;
  Writer<std::uint32_t> uint32;
  Writer<std::int64_t> int64;
  Writer<std::uint64_t> uint64;
  Writer<float> float32;
  Writer<double> float64;
  Writer<bool> boolean;
  Writer<std::string> text;
  Writer<const EnumValueDescriptor*> enumeration;
  Message* (Reflection::*message)(Message*, const FieldDescriptor*, google::protobuf::MessageFactory*) const;
};

constexpr Writers set = {&Reflection::SetInt32,      &Reflection::SetUInt32, &Reflection::SetInt64,
                         &Reflection::SetUInt64,     &Reflection::SetFloat,  &Reflection::SetDouble,
                         &Reflection::SetBool,       &Reflection::SetString, &Reflection::SetEnum,
                         &Reflection::MutableMessage};
constexpr Writers add = {&Reflection::AddInt32, &Reflection::AddUInt32, &Reflection::AddInt64, &Reflection::AddUInt64,
                         &Reflection::AddFloat, &Reflection::AddDouble, &Reflection::AddBool,  &Reflection::AddString,
                         &Reflection::AddEnum,  &Reflection::AddMessage};

class Parser {
 public:
  explicit Parser(std::string_view json) noexcept : scanner_(json) {}

  bool document(Message& message) {
    return this->message(message, JsonPlan::of(*message.GetDescriptor()), JsonPlan::most_depth) && scanner_.at_end();
  }

 private:
  bool message(Message& message, const JsonPlan& plan, int depth);
  bool field(Message& message, const Reflection& reflection, const JsonField& field, int depth);
  bool elements(Message& message, const Reflection& reflection, const JsonField& field, int depth);
  bool value_of(Message& message, const Reflection& reflection, const JsonField& field, const Writers& writers,
                int depth);

  template <std::integral Integer>
  bool value(Integer& integer) {
    std::string_view text;
    if (scanner_.peek() != '"') {
      text = scanner_.word();
    } else if (!scanner_.plain_string(text)) {
      return false;
    }
    return read_integer(text, integer);
  }

  template <std::floating_point Number>
  bool value(Number& number) {
    if (scanner_.peek() != '"') return read_number(scanner_.word(), number);
    std::string_view name;
    return scanner_.plain_string(name) && read_named_number(name, number);
  }

  bool value(bool& flag) {
    const std::string_view word = scanner_.word();
    flag = word == "true";
    return flag || word == "false";
  }

  bool bytes(std::string& bytes) {
    std::string_view text;
    return scanner_.plain_string(text) && is_canonical_base64(text) && base::base64_decode(text, bytes);
  }

  const EnumValueDescriptor* enum_value(const FieldDescriptor& field) {
    std::string_view name;
    return scanner_.plain_string(name) ? field.enum_type()->FindValueByName(std::string(name)) : nullptr;
  }

  JsonScanner scanner_;
};

bool Parser::message(Message& message, const JsonPlan& plan, int depth) {
  if (!plan.covered() || depth == 0 || plan.fields().size() > most_fields || !scanner_.take('{')) return false;
  if (scanner_.take('}')) return true;
  const Reflection& reflection = *message.GetReflection();
  std::bitset<most_fields> seen;
  std::size_t next = 0;
  do {
    std::string_view name;
    if (!scanner_.plain_string(name) || !scanner_.take(':')) return false;
    const std::size_t index = plan.find(name, next);
    if (index == plan.fields().size() || seen[index]) return false;
    seen[index] = true;
    next = index + 1;
    if (!field(message, reflection, plan.fields()[index], depth)) return false;
  } while (scanner_.take(','));
  return scanner_.take('}');
}

bool Parser::field(Message& message, const Reflection& reflection, const JsonField& field, int depth) {
  if (field.repeated) return elements(message, reflection, field, depth);
  if (field.in_oneof && reflection.HasOneof(message, field.field->containing_oneof())) return false;
  return value_of(message, reflection, field, set, depth);
}

bool Parser::elements(Message& message, const Reflection& reflection, const JsonField& field, int depth) {
  if (!scanner_.take('[')) return false;
  if (scanner_.take(']')) return field.kind != JsonKind::uncovered;
  do {
    if (!value_of(message, reflection, field, add, depth)) return false;
  } while (scanner_.take(','));
  return scanner_.take(']');
}

bool Parser::value_of(Message& message, const Reflection& reflection, const JsonField& field, const Writers& writers,
                      int depth) {
  const FieldDescriptor* const descriptor = field.field;
  const auto write = [&]<class Value>(Value value, Writer<Value> writer) {
    if (!this->value(value)) return false;
    (reflection.*writer)(&message, descriptor, value);
    return true;
  };
  switch (field.kind) {
    case JsonKind::int32: return write(std::int32_t{}, writers.int32);
    case JsonKind::uint32: return write(std::uint32_t{}, writers.uint32);
    case JsonKind::int64: return write(std::int64_t{}, writers.int64);
    case JsonKind::uint64: return write(std::uint64_t{}, writers.uint64);
    case JsonKind::float32: return write(float{}, writers.float32);
    case JsonKind::float64: return write(double{}, writers.float64);
    case JsonKind::boolean: return write(bool{}, writers.boolean);
    case JsonKind::text:
    case JsonKind::bytes: {
      std::string text;
      if (!(field.kind == JsonKind::text ? scanner_.string(text) : bytes(text))) return false;
      (reflection.*writers.text)(&message, descriptor, std::move(text));
      return true;
    }
    case JsonKind::enumeration: {
      const EnumValueDescriptor* const value = enum_value(*descriptor);
      if (value != nullptr) (reflection.*writers.enumeration)(&message, descriptor, value);
      return value != nullptr;
    }
    case JsonKind::message:
      return this->message(*(reflection.*writers.message)(&message, descriptor, nullptr), JsonPlan::of(field),
                           depth - 1);
    case JsonKind::uncovered: break;
  }
  return false;
}

}  // namespace

bool parse_json(std::string_view json, Message& message) {
  return base::is_valid_utf8(json) && Parser(json).document(message);
}

}  // namespace connectrpc::codec
