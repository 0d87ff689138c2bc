// Hostile texts against what says how a call ended: Connect's JSON, google.rpc.Status, gRPC-Web's trailers; and against
// the query of a GET and the content type. The first byte picks the subject.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "protocol/connect/end_stream.h"
#include "protocol/connect/get_query.h"
#include "protocol/content_type.h"
#include "protocol/grpc/status.h"
#include "protocol/grpc_web/trailer_block.h"

namespace connectrpc::protocol {
namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

// What was read and is printed again reads the same.
void fuzz_end_stream(std::string_view json) {
  std::optional<EndStream> end = parse_end_stream(json);
  if (!end) return;
  std::optional<Error> error;
  if (end->error) error = std::move(*end->error).to_error(Code::unknown);
  std::string printed;
  print_end_stream(error ? &*error : nullptr, end->metadata, printed);
  std::optional<EndStream> again = parse_end_stream(printed);
  check(again && again->metadata == end->metadata && again->error.has_value() == error.has_value());
  if (!error) return;
  const Error same = std::move(*again->error).to_error(Code::internal);
  check(same.code() == error->code() && same.message() == error->message());
  check(same.details().size() == error->details().size());
}

void fuzz_status(std::string_view bytes) {
  const std::optional<DecodedStatus> status = decode_status(bytes);
  if (!status) return;
  const std::optional<DecodedStatus> again =
      decode_status(encode_status(status->code, status->message, status->details));
  check(again && again->code == status->code && again->message == status->message);
  check(again->details.size() == status->details.size());
}

void fuzz_trailers(std::string_view block) {
  const std::optional<Headers> trailers = parse_trailer_block(block);
  if (!trailers) return;
  std::string printed;
  print_trailer_block(*trailers, printed);
  const std::optional<Headers> again = parse_trailer_block(printed);
  check(again && *again == *trailers);
  static_cast<void>(read_status(*trailers));
}

void run(unsigned subject, std::string_view input) {
  switch (subject % 5) {
    case 0: return fuzz_end_stream(input);
    case 1: return fuzz_status(input);
    case 2: return fuzz_trailers(input);
    case 3: static_cast<void>(parse_get_query(input)); return;
    default: static_cast<void>(parse_content_type(input)); return;
  }
}

}  // namespace
}  // namespace connectrpc::protocol

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size != 0) connectrpc::protocol::run(data[0], {reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
