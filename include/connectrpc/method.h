// What is known of a method before it is called.
#pragma once

#include <cstdint>
#include <string_view>

namespace google::protobuf {
class MessageLite;
class MethodDescriptor;
}  // namespace google::protobuf

namespace connectrpc {

/// Who may send more than one message.
enum class StreamType : std::uint8_t { unary, client, server, bidi };

/// What a proto's `idempotency_level` promises. `no_side_effects` allows Connect's GET.
enum class Idempotency : std::uint8_t { unknown, no_side_effects, idempotent };

/// "unary", "client", "server", "bidi". Static.
std::string_view to_string(StreamType type) noexcept;

/// One method of a service. Generated code holds one constant a method; a program may also make its own from a
/// descriptor at run time. A literal type: copies are views, the strings and functions must outlive every call.
struct MethodSpec {
  /// "/greet.v1.GreetService/Greet": the path on the wire, without a mount prefix.
  std::string_view path;
  StreamType stream_type = StreamType::unary;
  Idempotency idempotency = Idempotency::unknown;
  /// Position in its service, as the proto declares it.
  int index = 0;
  /// The descriptor, found when asked for; null where the program has none (lite runtime).
  const google::protobuf::MethodDescriptor* (*descriptor)() = nullptr;

  /// "greet.v1.GreetService"
  constexpr std::string_view service() const { return path.substr(1, path.rfind('/') - 1); }
  /// "Greet"
  constexpr std::string_view name() const { return path.substr(path.rfind('/') + 1); }
  /// "greet.v1.GreetService/Greet"
  constexpr std::string_view full_name() const { return path.substr(1); }
};

}  // namespace connectrpc
