// What JSON needs to know of a message type, looked up once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace google::protobuf {
class Descriptor;
class FieldDescriptor;
}  // namespace google::protobuf

namespace connectrpc::codec {

class JsonPlan;

/// How a value of a field is written; `uncovered` ones are left to protobuf's own utilities.
enum class JsonKind : std::uint8_t {
  int32,
  uint32,
  int64,
  uint64,
  float32,
  float64,
  boolean,
  text,
  bytes,
  enumeration,
  message,
  uncovered
};

struct JsonField {
  const google::protobuf::FieldDescriptor* field;
  /// As in a JSON text: quoted, escaped and with the colon.
  std::string key;
  std::string_view json_name;
  std::string_view proto_name;
  JsonKind kind;
  bool repeated;
  bool in_oneof;
  /// The plan of a message field's type, once somebody needed it.
  mutable const JsonPlan* plan = nullptr;
};

/// The fields of a message type in the order in which protobuf prints them. A plan belongs to the thread that asked for
/// it and lives as long as that.
class JsonPlan {
 public:
  static const JsonPlan& of(const google::protobuf::Descriptor& descriptor);
  /// The plan of the type of a message field.
  static const JsonPlan& of(const JsonField& field);

  /// What our own printer and parser do not go below; protobuf's own end between 64 and 100.
  static constexpr int most_depth = 32;

  /// Covers nothing.
  JsonPlan() = default;
  explicit JsonPlan(const google::protobuf::Descriptor& descriptor);

  /// Whether messages of the type itself, apart from their uncovered fields, are printed and parsed by ourselves. Not:
  /// the well-known types, which have a JSON of their own, types that can be extended, those with required fields,
  /// those whose names are ambiguous, and types that a program made itself, which may go away.
  bool covered() const noexcept { return covered_; }
  const std::vector<JsonField>& fields() const noexcept { return fields_; }
  /// The index of the field with this JSON name or original name, size of fields() if none. `guess` is the index that
  /// is tried first.
  std::size_t find(std::string_view name, std::size_t guess) const noexcept;

 private:
  bool covered_ = false;
  std::vector<JsonField> fields_;
};

}  // namespace connectrpc::codec
