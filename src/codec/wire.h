// Reading protobuf's wire format without a generated class.
#pragma once

#include <google/protobuf/io/coded_stream.h>

#include <cstdint>

namespace connectrpc::codec {

/// How a field is encoded: the low bits of its tag.
enum class WireType : std::uint8_t {
  varint = 0,
  fixed64 = 1,
  length_delimited = 2,
  group = 3,
  group_end = 4,
  fixed32 = 5
};

constexpr WireType wire_type(std::uint32_t tag) noexcept { return static_cast<WireType>(tag & 7); }
constexpr std::uint32_t field_number(std::uint32_t tag) noexcept { return tag >> 3; }
constexpr std::uint32_t make_tag(std::uint32_t number, WireType type) noexcept {
  return number << 3 | static_cast<std::uint32_t>(type);
}

/// Skips the value behind a tag; false where the wire format ends or breaks, and for groups, which proto3 does not
/// have.
inline bool skip_value(google::protobuf::io::CodedInputStream& in, std::uint32_t tag) {
  std::uint64_t number;
  std::uint32_t small;
  int size;
  switch (wire_type(tag)) {
    case WireType::varint: return in.ReadVarint64(&number);
    case WireType::fixed64: return in.ReadLittleEndian64(&number);
    case WireType::length_delimited: return in.ReadVarintSizeAsInt(&size) && in.Skip(size);
    case WireType::fixed32: return in.ReadLittleEndian32(&small);
    case WireType::group:
    case WireType::group_end: break;
  }
  return false;
}

}  // namespace connectrpc::codec
