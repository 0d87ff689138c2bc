// What the protocols whose bodies are envelopes share on the server.
#include "protocol/envelope_server_call.h"

#include <utility>

#include "protocol/packing.h"

namespace connectrpc::protocol {
namespace {

ServerInput failed(Error error) {
  ServerInput input;
  input.kind = ServerInput::Kind::failed;
  input.error = std::move(error);
  return input;
}

}  // namespace

EnvelopeServerCall::EnvelopeServerCall(const MethodSpec& method, const ServerSettings& settings) noexcept
    : settings_(settings),
      reader_(envelope_limits(settings)),
      single_(method.stream_type == StreamType::unary || method.stream_type == StreamType::server) {}

ServerInput EnvelopeServerCall::receive(std::string_view body, bool ended, std::optional<std::uint64_t> announced) {
  if (single_) {
    if (std::optional<Error> fault = single_fault(body, ended, announced)) return failed(*std::move(fault));
  }
  const EnvelopeReader::Item item = reader_.read(body, ended);
  ServerInput input;
  input.consumed = item.consumed;
  switch (item.kind) {
    case EnvelopeReader::Kind::need_more: break;
    case EnvelopeReader::Kind::envelope:
      received_ = true;
      input.kind = ServerInput::Kind::message;
      input.payload = item.payload;
      if (item.flags != 0) {
        if (std::optional<Error> fault = unpack_flagged(item, input.payload)) return failed(*std::move(fault));
      }
      break;
    case EnvelopeReader::Kind::end:
      if (single_ && !received_)
        return failed(Error(Code::unimplemented, "the request has no message; this method takes exactly one"));
      input.kind = ServerInput::Kind::end;
      break;
    case EnvelopeReader::Kind::truncated:
      return failed(Error(Code::internal, "the request ended within a message, " + std::to_string(item.size) +
                                              " bytes before its end"));
    case EnvelopeReader::Kind::too_large: return failed(receive_limit_error(item.size, settings_.receive_limit));
  }
  return input;
}

std::optional<Error> EnvelopeServerCall::single_fault(std::string_view body, bool ended,
                                                      std::optional<std::uint64_t> announced) const {
  if (!ended && announced && !reader_.touched() && body.size() < envelope_prefix) {
    const std::size_t limit =
        encodings_.request == nullptr ? settings_.receive_limit : packed_limit(settings_.receive_limit);
    if (*announced > envelope_prefix && *announced - envelope_prefix > limit)
      return receive_limit_error(*announced - envelope_prefix, settings_.receive_limit);
  }
  if (received_ && !body.empty())
    return Error(Code::unimplemented, "the request has more than one message; this method takes exactly one");
  return std::nullopt;
}

std::optional<Error> EnvelopeServerCall::unpack_flagged(const EnvelopeReader::Item& item, std::string_view& payload) {
  if ((item.flags & ~flag_compressed) != 0)
    return Error(Code::internal, "a message of the request has the unknown flags " + std::to_string(item.flags));
  if (encodings_.request == nullptr)
    return Error(Code::internal, "a message is marked as compressed, but the request names no compression");
  if (item.payload.empty()) return std::nullopt;
  std::optional<Error> error =
      unpack(*encodings_.request, item.payload, settings_.receive_limit, Code::invalid_argument, unpacked_);
  if (!error) payload = unpacked_;
  return error;
}

Result<void> EnvelopeServerCall::send_message(std::string& body, std::size_t at) {
  return pack_envelope(settings_, encodings_.response, body, at);
}

}  // namespace connectrpc::protocol
