// How gRPC and gRPC-Web say how a call ended.
#include "protocol/grpc/status.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <limits>
#include <utility>

#include "base/base64.h"
#include "base/decimal.h"
#include "base/percent.h"
#include "base/utf8.h"
#include "codec/wire.h"
#include "connectrpc/detail/error_access.h"
#include "connectrpc/detail/headers_access.h"
#include "protocol/header_fields.h"
#include "protocol/text.h"
#include "protocol/user_fields.h"

namespace connectrpc::protocol {
namespace {

using codec::make_tag;
using codec::WireType;
using detail::ErrorAccess;
using detail::HeadersAccess;
using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;

constexpr std::string_view status_name = "grpc-status";
constexpr std::string_view message_name = "grpc-message";
constexpr std::string_view details_name = "grpc-status-details-bin";

constexpr std::string_view type_prefix = "type.googleapis.com/";

// google.rpc.Status and google.protobuf.Any.
constexpr std::uint32_t status_code_field = 1;
constexpr std::uint32_t status_message_field = 2;
constexpr std::uint32_t status_details_field = 3;
constexpr std::uint32_t any_type_field = 1;
constexpr std::uint32_t any_value_field = 2;

void write_bytes(CodedOutputStream& out, std::uint32_t field, std::string_view bytes) {
  out.WriteTag(make_tag(field, WireType::length_delimited));
  out.WriteVarint32(static_cast<std::uint32_t>(bytes.size()));
  out.WriteRaw(bytes.data(), static_cast<int>(bytes.size()));
}

std::string encode_any(const ErrorDetail& detail) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    CodedOutputStream out(&stream);
    write_bytes(out, any_type_field, std::string(type_prefix) + to_utf8(detail.type));
    write_bytes(out, any_value_field, detail.value);
  }
  return bytes;
}

bool read_bytes(CodedInputStream& in, std::string& bytes) {
  int size;
  return in.ReadVarintSizeAsInt(&size) && in.ReadString(&bytes, size);
}

CodedInputStream input(std::string_view bytes) {
  return CodedInputStream(reinterpret_cast<const std::uint8_t*>(bytes.data()), static_cast<int>(bytes.size()));
}

bool decode_any(std::string_view bytes, ErrorDetail& detail) {
  CodedInputStream in = input(bytes);
  while (const std::uint32_t tag = in.ReadTag()) {
    const bool text = codec::wire_type(tag) == WireType::length_delimited;
    const bool read = text && codec::field_number(tag) == any_type_field    ? read_bytes(in, detail.type)
                      : text && codec::field_number(tag) == any_value_field ? read_bytes(in, detail.value)
                                                                            : codec::skip_value(in, tag);
    if (!read) return false;
  }
  if (const std::size_t slash = detail.type.rfind('/'); slash != std::string::npos) detail.type.erase(0, slash + 1);
  return in.ConsumedEntireMessage();
}

bool decode_field(CodedInputStream& in, std::uint32_t tag, DecodedStatus& status) {
  const std::uint32_t field = codec::field_number(tag);
  if (codec::wire_type(tag) == WireType::varint && field == status_code_field) {
    std::uint64_t code;
    if (!in.ReadVarint64(&code)) return false;
    status.code = static_cast<int>(static_cast<std::uint32_t>(code));
    return true;
  }
  if (codec::wire_type(tag) != WireType::length_delimited) return codec::skip_value(in, tag);
  if (field == status_message_field) return read_bytes(in, status.message);
  if (field != status_details_field) return codec::skip_value(in, tag);
  std::string any;
  return read_bytes(in, any) && decode_any(any, status.details.emplace_back());
}

Error remote(Code code, std::string message) {
  Error error(code, std::move(message));
  ErrorAccess::set_remote(error, true);
  return error;
}

// The error of a grpc-status that is not 0.
Error status_error(std::string_view number_text, std::string_view message_text, std::string_view details_text) {
  const auto number = base::parse_decimal<int>(number_text);
  std::string message = base::percent_decode_message(message_text);
  if (!number) {
    return remote(Code::unknown, "the answer's grpc-status is no number: " + quote(number_text) +
                                     (message.empty() ? "" : "; its grpc-message is: " + message));
  }
  const Code code = code_from_number(*number).value_or(Code::unknown);
  std::string bytes;
  if (!details_text.empty() && base::base64_decode(details_text, bytes)) {
    std::optional<DecodedStatus> decoded = decode_status(bytes);
    // What contradicts the status is not about this status.
    if (decoded && decoded->code == number) {
      // Not percent-encoded, so nothing was lost on the way.
      if (!decoded->message.empty() && base::is_valid_utf8(decoded->message)) message = std::move(decoded->message);
      Error error = remote(code, to_utf8(message));
      for (ErrorDetail& detail : decoded->details) error.with_detail(std::move(detail));
      return error;
    }
  }
  return remote(code, to_utf8(message));
}

}  // namespace

std::string encode_status(int code, std::string_view message, std::span<const ErrorDetail> details) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    CodedOutputStream out(&stream);
    out.WriteTag(make_tag(status_code_field, WireType::varint));
    out.WriteVarint32(static_cast<std::uint32_t>(code));
    if (!message.empty()) write_bytes(out, status_message_field, message);
    for (const ErrorDetail& detail : details) write_bytes(out, status_details_field, encode_any(detail));
  }
  return bytes;
}

std::optional<DecodedStatus> decode_status(std::string_view bytes) {
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) return std::nullopt;
  DecodedStatus status;
  CodedInputStream in = input(bytes);
  while (const std::uint32_t tag = in.ReadTag())
    if (!decode_field(in, tag, status)) return std::nullopt;
  if (!in.ConsumedEntireMessage()) return std::nullopt;
  return status;
}

Headers make_status_trailers(const Error* error, Headers trailers) {
  if (error == nullptr) {
    static const Headers success = [] {
      Headers fields;
      HeadersAccess::append_own(fields, status_name, "0");
      return fields;
    }();
    if (trailers.empty()) return success;
    keep_sendable_trailers(trailers);
    HeadersAccess::append_all(trailers, success);
    return trailers;
  }
  const int number = static_cast<int>(error->code());
  const std::string message = to_utf8(error->message());
  Headers fields;
  HeadersAccess::append_own(fields, status_name, std::to_string(number));
  if (!message.empty()) HeadersAccess::append_own(fields, message_name, base::percent_encode_message(message));
  if (!error->details().empty()) {
    HeadersAccess::append_own(fields, details_name,
                              base::base64_encode_unpadded(encode_status(number, message, error->details())));
  }
  append_sendable_trailers(fields, ErrorAccess::own_metadata(*error));
  append_sendable_trailers(fields, trailers);
  return fields;
}

Status read_status(const Headers& fields) {
  static constexpr std::array names = {status_name, message_name, details_name};
  const auto [number, message, details] = pick_fields(fields, names);
  Status status;
  status.present = number.present;
  if (number.present && number.first != "0") status.error = status_error(number.first, message.first, details.first);
  return status;
}

}  // namespace connectrpc::protocol
