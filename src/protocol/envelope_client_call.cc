// What the protocols whose bodies are envelopes share on the client.
#include "protocol/envelope_client_call.h"

#include <array>
#include <utility>

#include "connectrpc/detail/error_access.h"
#include "connectrpc/detail/headers_access.h"
#include "protocol/header_fields.h"
#include "protocol/packing.h"
#include "protocol/status_map.h"
#include "protocol/text.h"

namespace connectrpc::protocol {

using detail::ErrorAccess;

std::optional<Error> content_type_fault(std::string_view type_text, ContentKind kind, Codec codec) {
  const ContentType type = parse_content_type(type_text);
  if (type.kind == kind && type.codec == codec) return std::nullopt;
  return Error(type.kind == kind ? Code::internal : Code::unknown, "the server answered with content type " +
                                                                       quote(type_text) + " instead of " +
                                                                       std::string(content_type_text(kind, codec)));
}

Error make_reset_error(const http::Reset& reset) {
  return Error(code_of_reset(reset.reason), reset.text.empty() ? "the stream was reset" : reset.text);
}

EnvelopeClientCall::EnvelopeClientCall(ContentKind kind, Codec codec, const MethodSpec& method,
                                       const ClientSettings& settings) noexcept
    : method_(method),
      settings_(settings),
      kind_(kind),
      codec_(codec),
      reader_(envelope_limits(settings)),
      single_(method.stream_type == StreamType::unary || method.stream_type == StreamType::client) {}

Result<void> EnvelopeClientCall::send_message(std::string prefixed_payload, ClientOutput& out) {
  Result<void> packed = pack_envelope(settings_, settings_.request_compression, prefixed_payload);
  if (!packed) return packed;
  if (out.body.empty()) {
    out.body = std::move(prefixed_payload);
  } else {
    out.body += prefixed_payload;
  }
  return packed;
}

std::optional<Error> EnvelopeClientCall::read_failed(const ClientArrived&) { return std::nullopt; }

std::optional<Error> EnvelopeClientCall::read_head(const http::ResponseHead& head) {
  head_read_ = true;
  headers_ = detail::user_metadata(head.headers);
  if (head.status != 200) {
    failed_.emplace(head, failed_body(), settings_);
    return std::nullopt;
  }
  const auto [encoding, type] =
      pick_fields(head.headers, std::array<std::string_view, 2>{encoding_name(), "content-type"});
  encoding_.set(encoding.first, settings_);
  return content_type_fault(type.first, kind_, codec_);
}

ClientInput EnvelopeClientCall::conclude(std::optional<Error> error) {
  ClientInput input;
  input.kind = ClientInput::Kind::end;
  if (!error && single_ && !received_)
    error = Error(Code::unimplemented, "the server answered without a message; this method gives exactly one");
  if (error) {
    ErrorAccess::set_response(*error, headers_, trailers_);
    input.error = std::move(error);
  }
  return input;
}

ClientInput EnvelopeClientCall::receive(const ClientArrived& arrived) {
  if (arrived.head == nullptr) return {};
  if (!head_read_) {
    if (std::optional<Error> fault = read_head(*arrived.head)) return conclude(std::move(fault));
  }
  if (failed_) return receive_failed(arrived);
  if (ending_read_) return receive_after_ending(arrived);
  const EnvelopeReader::Item item = reader_.read(arrived.body, arrived.ended);
  switch (item.kind) {
    case EnvelopeReader::Kind::need_more: {
      ClientInput input;
      input.wanted = item.size;
      return input;
    }
    case EnvelopeReader::Kind::envelope: {
      ClientInput input = input_of(item);
      if (input.kind != ClientInput::Kind::need_more) return input;
      // The protocol's ending was read.
      ClientArrived rest = arrived;
      rest.body.remove_prefix(input.consumed);
      ClientInput after = receive_after_ending(rest);
      after.consumed += input.consumed;
      return after;
    }
    case EnvelopeReader::Kind::end: return conclude(read_end(arrived));
    case EnvelopeReader::Kind::truncated: {
      // A server that gives up within a message may have said why.
      std::optional<Error> error = read_end(arrived);
      if (!error || !error->is_remote()) {
        error = Error(Code::internal,
                      "the answer ended within a message, " + std::to_string(item.size) + " bytes before its end");
      }
      return conclude(std::move(error));
    }
    case EnvelopeReader::Kind::too_large: break;
  }
  return conclude(receive_limit_error(item.size, settings_.receive_limit));
}

ClientInput EnvelopeClientCall::input_of(const EnvelopeReader::Item& item) {
  const bool message = (item.flags & ~flag_compressed) == 0;
  if (message && single_ && received_)
    return conclude(
        Error(Code::unimplemented, "the server answered with more than one message; this method gives exactly one"));
  ClientInput input;
  input.payload = item.payload;
  input.consumed = item.consumed;
  if ((item.flags & flag_compressed) != 0 && encoding_.compression() == nullptr) {
    return conclude(encoding_.fault(settings_));
  }
  // No bytes are an empty message, compressed or not.
  if ((item.flags & flag_compressed) != 0 && !(message && item.payload.empty())) {
    const std::size_t limit = message ? settings_.receive_limit : control_limit(settings_);
    std::optional<Error> error = unpack(*encoding_.compression(), item.payload, limit, Code::internal, unpacked_);
    if (error) return conclude(std::move(error));
    input.payload = unpacked_;
  }
  if (message) {
    received_ = true;
    input.kind = ClientInput::Kind::message;
    return input;
  }
  if (std::optional<Error> fault = read_ending(item.flags, input.payload)) return conclude(std::move(fault));
  ending_read_ = true;
  return input;
}

ClientInput EnvelopeClientCall::receive_after_ending(const ClientArrived& arrived) {
  if (!arrived.body.empty())
    return conclude(Error(
        Code::internal, "the server sent " + std::to_string(arrived.body.size()) + " bytes after the end of the call"));
  if (arrived.ended) return conclude(std::move(ending_));
  return {};
}

ClientInput EnvelopeClientCall::receive_failed(const ClientArrived& arrived) {
  failed_->take(arrived.body);
  failed_body_seen_ = failed_body_seen_ || !arrived.body.empty();
  ClientInput input;
  if (arrived.ended) {
    std::optional<Error> error = read_failed(arrived);
    input = conclude(error ? std::move(error) : failed_->error());
  }
  input.consumed = arrived.body.size();
  return input;
}

Error EnvelopeClientCall::reset_error(const http::Reset& reset) {
  Error error = failed_ ? failed_->error() : ending_ ? *ending_ : make_reset_error(reset);
  ErrorAccess::set_response(error, headers_, trailers_);
  return error;
}

}  // namespace connectrpc::protocol
