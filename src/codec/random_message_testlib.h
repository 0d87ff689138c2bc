// Random messages, and what protobuf's own utilities make of them, for the tests of JSON.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <string_view>

namespace connectrpc::codec {

/// protobuf's own way; "" if it has none.
inline std::string printed_by_protobuf(const google::protobuf::Message& message) {
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(message, &json).ok()) json.clear();
  return json;
}

/// With the options of the codec.
inline bool parsed_by_protobuf(std::string_view json, google::protobuf::Message& message) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  return google::protobuf::util::JsonStringToMessage({json.data(), json.size()}, &message, options).ok();
}

class RandomMessages {
 public:
  explicit RandomMessages(std::uint32_t seed) : random_(seed) {}

  std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(random_() % limit); }

  /// Sets some of the fields, all that are required; not maps, groups, and types of google.protobuf.
  void fill(google::protobuf::Message& message, int depth = 3) {
    const google::protobuf::Descriptor& descriptor = *message.GetDescriptor();
    for (int i = 0; i < descriptor.field_count(); ++i) {
      const Field& field = *descriptor.field(i);
      if ((!field.is_required() && below(5) != 0) || field.is_map() || field.type() == Field::TYPE_GROUP) continue;
      if (field.cpp_type() == Field::CPPTYPE_MESSAGE &&
          (depth == 0 || field.message_type()->file()->package() == "google.protobuf"))
        continue;
      if (!field.is_repeated()) {
        set(message, field, depth);
      } else {
        for (std::uint32_t count = below(4); count != 0; --count) add(message, field, depth);
      }
    }
  }

  std::string text() {
    static constexpr std::string_view pieces[] = {"a",        "Hello, ", "\"",   "\\", "/",    "<b>",   "\n",
                                                  "\t",       "\x01",    "\x7f", "é",  "世界", "👋",    "\u2028",
                                                  "\xc2\xad", "0",       " ",    "'",  "&",    "\u00a0"};
    std::string text;
    for (std::uint32_t count = below(8); count != 0; --count) text += pieces[below(std::size(pieces))];
    if (below(16) == 0) text += '\0';
    return text;
  }

 private:
  using Field = google::protobuf::FieldDescriptor;

  void set(google::protobuf::Message& message, const Field& field, int depth) {
    const google::protobuf::Reflection& reflection = *message.GetReflection();
    switch (field.cpp_type()) {
      case Field::CPPTYPE_INT32: reflection.SetInt32(&message, &field, static_cast<std::int32_t>(bits())); break;
      case Field::CPPTYPE_INT64: reflection.SetInt64(&message, &field, static_cast<std::int64_t>(bits())); break;
      case Field::CPPTYPE_UINT32: reflection.SetUInt32(&message, &field, static_cast<std::uint32_t>(bits())); break;
      case Field::CPPTYPE_UINT64: reflection.SetUInt64(&message, &field, bits()); break;
      case Field::CPPTYPE_DOUBLE: reflection.SetDouble(&message, &field, float64()); break;
      case Field::CPPTYPE_FLOAT: reflection.SetFloat(&message, &field, float32()); break;
      case Field::CPPTYPE_BOOL: reflection.SetBool(&message, &field, below(2) == 0); break;
      case Field::CPPTYPE_ENUM: reflection.SetEnumValue(&message, &field, enum_number(field)); break;
      case Field::CPPTYPE_STRING: reflection.SetString(&message, &field, string_for(field)); break;
      case Field::CPPTYPE_MESSAGE: fill(*reflection.MutableMessage(&message, &field), depth - 1); break;
    }
  }

  void add(google::protobuf::Message& message, const Field& field, int depth) {
    const google::protobuf::Reflection& reflection = *message.GetReflection();
    switch (field.cpp_type()) {
      case Field::CPPTYPE_INT32: reflection.AddInt32(&message, &field, static_cast<std::int32_t>(bits())); break;
      case Field::CPPTYPE_INT64: reflection.AddInt64(&message, &field, static_cast<std::int64_t>(bits())); break;
      case Field::CPPTYPE_UINT32: reflection.AddUInt32(&message, &field, static_cast<std::uint32_t>(bits())); break;
      case Field::CPPTYPE_UINT64: reflection.AddUInt64(&message, &field, bits()); break;
      case Field::CPPTYPE_DOUBLE: reflection.AddDouble(&message, &field, float64()); break;
      case Field::CPPTYPE_FLOAT: reflection.AddFloat(&message, &field, float32()); break;
      case Field::CPPTYPE_BOOL: reflection.AddBool(&message, &field, below(2) == 0); break;
      case Field::CPPTYPE_ENUM: reflection.AddEnumValue(&message, &field, enum_number(field)); break;
      case Field::CPPTYPE_STRING: reflection.AddString(&message, &field, string_for(field)); break;
      case Field::CPPTYPE_MESSAGE: fill(*reflection.AddMessage(&message, &field), depth - 1); break;
    }
  }

  // Of every magnitude, and often at a limit.
  std::uint64_t bits() {
    static constexpr std::uint64_t limits[] = {0,
                                               1,
                                               std::numeric_limits<std::uint32_t>::max(),
                                               std::numeric_limits<std::int32_t>::max(),
                                               0x80000000U,
                                               std::numeric_limits<std::uint64_t>::max(),
                                               std::numeric_limits<std::int64_t>::max(),
                                               0x8000000000000000U,
                                               1ULL << 53,
                                               (1ULL << 53) + 1};
    if (below(3) == 0) return limits[below(std::size(limits))];
    return (std::uint64_t{random_()} << 32 | random_()) >> below(64);
  }

  double float64() {
    using Limits = std::numeric_limits<double>;
    static constexpr double limits[] = {0.0,
                                        -0.0,
                                        0.1,
                                        1e15,
                                        1e16,
                                        1e21,
                                        1e-5,
                                        Limits::max(),
                                        Limits::lowest(),
                                        Limits::min(),
                                        Limits::denorm_min(),
                                        Limits::infinity(),
                                        -Limits::infinity(),
                                        Limits::quiet_NaN()};
    if (below(3) == 0) return limits[below(std::size(limits))];
    if (below(2) == 0) return static_cast<double>(static_cast<std::int64_t>(bits())) / 1024;
    const std::uint64_t random = std::uint64_t{random_()} << 32 | random_();
    double number;
    std::memcpy(&number, &random, sizeof number);
    return number;
  }

  float float32() {
    using Limits = std::numeric_limits<float>;
    static constexpr float limits[] = {0.0F,
                                       -0.0F,
                                       0.1F,
                                       1e6F,
                                       1e7F,
                                       1.0F / 3,
                                       Limits::max(),
                                       Limits::lowest(),
                                       Limits::min(),
                                       Limits::denorm_min(),
                                       Limits::infinity(),
                                       -Limits::infinity(),
                                       Limits::quiet_NaN()};
    if (below(3) == 0) return limits[below(std::size(limits))];
    if (below(2) == 0) return static_cast<float>(static_cast<std::int32_t>(bits())) / 1024;
    const auto random = static_cast<std::uint32_t>(random_());
    float number;
    std::memcpy(&number, &random, sizeof number);
    return number;
  }

  int enum_number(const Field& field) {
    const google::protobuf::EnumDescriptor& type = *field.enum_type();
    // An enum that begins with zero is proto3's, which may have any number.
    if (type.value(0)->number() == 0 && below(4) == 0) return static_cast<int>(bits());
    return type.value(static_cast<int>(below(static_cast<std::uint32_t>(type.value_count()))))->number();
  }

  std::string string_for(const Field& field) {
    if (field.type() == Field::TYPE_STRING) return text();
    std::string bytes;
    for (std::uint32_t count = below(8); count != 0; --count) bytes += static_cast<char>(below(256));
    return bytes;
  }

  std::mt19937 random_;
};

}  // namespace connectrpc::codec
