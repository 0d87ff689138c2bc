// google.rpc.Status, by hand on protobuf's coded streams: the schema is not ours to carry.
#pragma once

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/wire_format_lite.h>

#include <string>
#include <utility>
#include <vector>

#include "interop/v1/interop.pb.h"

namespace interop {

inline void append_field(std::string& to, int number, const std::string& bytes) {
  using google::protobuf::internal::WireFormatLite;
  google::protobuf::io::StringOutputStream stream(&to);
  google::protobuf::io::CodedOutputStream coded(&stream);
  WireFormatLite::WriteBytes(number, bytes, &coded);
}

inline std::string encode_any(const google::protobuf::Message& message) {
  std::string any;
  append_field(any, 1, "type.googleapis.com/" + message.GetDescriptor()->full_name());
  append_field(any, 2, message.SerializeAsString());
  return any;
}

/// Code, message, the failure's details, and the response as the last of them.
inline std::string encode_status(const v1::Failure& failure, const v1::CallResponse& response) {
  std::string status;
  {
    google::protobuf::io::StringOutputStream stream(&status);
    google::protobuf::io::CodedOutputStream coded(&stream);
    google::protobuf::internal::WireFormatLite::WriteInt32(1, failure.code(), &coded);
  }
  append_field(status, 2, failure.message());
  for (const v1::Note& note : failure.details()) append_field(status, 3, encode_any(note));
  append_field(status, 3, encode_any(response));
  return status;
}

/// The fields of a message that are strings, by number; any other is skipped.
inline std::vector<std::pair<int, std::string>> string_fields(const std::string& bytes) {
  using google::protobuf::internal::WireFormatLite;
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                               static_cast<int>(bytes.size()));
  std::vector<std::pair<int, std::string>> fields;
  while (const std::uint32_t tag = input.ReadTag()) {
    if (WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      std::string value;
      if (!WireFormatLite::ReadBytes(&input, &value)) break;
      fields.emplace_back(WireFormatLite::GetTagFieldNumber(tag), std::move(value));
    } else if (!WireFormatLite::SkipField(&input, tag)) {
      break;
    }
  }
  return fields;
}

/// Puts the details of a status into an outcome.
inline void decode_details(const std::string& status, v1::Outcome& outcome) {
  for (const auto& [number, any] : string_fields(status)) {
    if (number != 3) continue;
    std::string type;
    std::string value;
    for (auto& [part, text] : string_fields(any)) (part == 1 ? type : value) = text;
    if (type.ends_with("/" + v1::Note::descriptor()->full_name())) {
      outcome.add_details()->ParseFromString(value);
    } else if (type.ends_with("/" + v1::CallResponse::descriptor()->full_name())) {
      outcome.mutable_response()->ParseFromString(value);
    }
  }
}

}  // namespace interop
