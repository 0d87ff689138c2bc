// Connect's unary calls on the client.
#include "protocol/connect/unary_client_call.h"

#include <utility>

#include "base/timeout_text.h"
#include "connectrpc/detail/error_access.h"
#include "connectrpc/detail/headers_access.h"
#include "protocol/connect/get_query.h"
#include "protocol/connect/request_fields.h"
#include "protocol/content_type.h"
#include "protocol/envelope_client_call.h"
#include "protocol/packing.h"
#include "protocol/request_head.h"

namespace connectrpc::protocol {
namespace {

using detail::HeadersAccess;

constexpr std::string_view encoding_name = "content-encoding";

// The fields "trailer-…", without the prefix (metadata.md C5).
Headers trailers_of(const Headers& headers) {
  constexpr std::string_view prefix = "trailer-";
  Headers stripped;
  for (const HeaderView pair : headers)
    if (pair.name.starts_with(prefix) && pair.name.size() > prefix.size())
      HeadersAccess::append(stripped, pair.name.substr(prefix.size()), pair.value);
  return stripped.empty() ? stripped : detail::user_metadata(stripped);
}

}  // namespace

ConnectUnaryClientCall::ConnectUnaryClientCall(Codec codec, const MethodSpec& method,
                                               const ClientSettings& settings) noexcept
    : method_(method),
      settings_(settings),
      codec_(codec),
      get_(settings.use_get && method.idempotency == Idempotency::no_side_effects) {}

void ConnectUnaryClientCall::open(const ClientTarget& target, const Headers& user_headers,
                                  std::optional<std::chrono::nanoseconds> timeout, ClientOutput&) {
  head_ = make_request_head(target, method_, user_headers);
  // First, so that a server to which the others are too many knows whom it answers.
  if (!get_) append_content_type();
  append_accept(head_.headers, "accept-encoding", settings_);
  if (timeout) HeadersAccess::append_own(head_.headers, connect_timeout_name, base::print_connect_timeout_ms(*timeout));
  append_user_headers(head_.headers, user_headers, protocol());
}

void ConnectUnaryClientCall::append_content_type() {
  HeadersAccess::append_own(head_.headers, "content-type", content_type_text(ContentKind::connect_unary, codec_));
}

Result<void> ConnectUnaryClientCall::send_message(std::string prefixed_payload, ClientOutput&) {
  Result<void> allowed = check_send_limit(settings_, prefixed_payload.size());
  if (!allowed) return allowed;
  packed_ = worth_packing(settings_, settings_.request_compression, prefixed_payload.size());
  if (packed_) {
    settings_.request_compression->compress(prefixed_payload, payload_);
  } else {
    payload_ = std::move(prefixed_payload);
  }
  return allowed;
}

bool ConnectUnaryClientCall::make_get() {
  std::string target =
      make_get_target(head_.target, codec_, packed_ ? settings_.request_compression : nullptr, payload_);
  if (target.size() > settings_.get_url_limit) {
    if (packed_ || settings_.request_compression == nullptr) return false;
    // Small enough once compressed?
    std::string packed;
    settings_.request_compression->compress(payload_, packed);
    target = make_get_target(head_.target, codec_, settings_.request_compression, packed);
    if (target.size() > settings_.get_url_limit) return false;
  }
  head_.method = "GET";
  head_.target = std::move(target);
  return true;
}

void ConnectUnaryClientCall::close_send(ClientOutput& out) {
  out.end = true;
  if (!get_ || !make_get()) {
    if (get_) append_content_type();
    HeadersAccess::append_own(head_.headers, connect_version_name, "1");
    if (packed_) HeadersAccess::append_own(head_.headers, encoding_name, settings_.request_compression->name());
    HeadersAccess::append_own(head_.headers, "content-length", std::to_string(payload_.size()));
    out.body = std::move(payload_);
  }
  out.head = std::move(head_);
}

std::optional<Error> ConnectUnaryClientCall::read_head(const http::ResponseHead& head) {
  head_read_ = true;
  headers_ = detail::user_metadata(head.headers, detail::TrailerPrefix::hidden);
  trailers_ = trailers_of(head.headers);
  if (head.status != 200) {
    failed_.emplace(head, FailedAnswer::Body::connect_error, settings_);
    return std::nullopt;
  }
  if (std::optional<Error> fault = content_type_fault(head.headers["content-type"], ContentKind::connect_unary, codec_))
    return fault;
  encoding_.set(head.headers[encoding_name], settings_);
  if (encoding_.unknown()) return encoding_.fault(settings_);
  return std::nullopt;
}

ClientInput ConnectUnaryClientCall::conclude(std::optional<Error> error) {
  ClientInput input;
  input.kind = ClientInput::Kind::end;
  if (error) {
    detail::ErrorAccess::set_response(*error, headers_, trailers_);
    input.error = std::move(error);
  }
  return input;
}

ClientInput ConnectUnaryClientCall::receive(const ClientArrived& arrived) {
  if (received_) return conclude(std::nullopt);
  if (arrived.head == nullptr) return {};
  if (!head_read_) {
    if (std::optional<Error> fault = read_head(*arrived.head)) return conclude(std::move(fault));
  }
  if (failed_) return receive_failed(arrived);
  const std::size_t limit =
      encoding_.compression() == nullptr ? settings_.receive_limit : packed_limit(settings_.receive_limit);
  const WholeBody whole = look_at_whole_body(arrived.body, arrived.ended, arrived.announced, limit);
  switch (whole.kind) {
    case WholeBody::Kind::complete: return message(arrived.body);
    case WholeBody::Kind::too_large: return conclude(receive_limit_error(whole.size, settings_.receive_limit));
    case WholeBody::Kind::need_more: break;
  }
  ClientInput input;
  input.wanted = static_cast<std::size_t>(whole.size);
  return input;
}

ClientInput ConnectUnaryClientCall::message(std::string_view body) {
  received_ = true;
  ClientInput input;
  input.kind = ClientInput::Kind::message;
  input.payload = body;
  input.consumed = body.size();
  if (encoding_.compression() == nullptr || body.empty()) return input;
  std::optional<Error> error =
      unpack(*encoding_.compression(), body, settings_.receive_limit, Code::internal, unpacked_);
  if (error) return conclude(std::move(error));
  input.payload = unpacked_;
  return input;
}

ClientInput ConnectUnaryClientCall::receive_failed(const ClientArrived& arrived) {
  failed_->take(arrived.body);
  ClientInput input;
  if (arrived.ended) input = conclude(failed_->error());
  input.consumed = arrived.body.size();
  return input;
}

Error ConnectUnaryClientCall::reset_error(const http::Reset& reset) {
  Error error = failed_ ? failed_->error() : make_reset_error(reset);
  detail::ErrorAccess::set_response(error, headers_, trailers_);
  return error;
}

}  // namespace connectrpc::protocol
