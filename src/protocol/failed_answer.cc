// An answer whose HTTP status is not 200.
#include "protocol/failed_answer.h"

#include <algorithm>

#include "base/ascii.h"
#include "connectrpc/detail/error_access.h"
#include "protocol/connect/error_json.h"
#include "protocol/content_type.h"
#include "protocol/packing.h"
#include "protocol/status_map.h"
#include "protocol/text.h"

namespace connectrpc::protocol {

FailedAnswer::FailedAnswer(const http::ResponseHead& head, Body body, const Settings& settings)
    : settings_(settings), status_(head.status) {
  const std::string_view encoding = head.headers["content-encoding"];
  if (!encoding.empty() && !base::equals_lower(encoding, "identity")) {
    compression_ = settings.compressions->find(encoding);
    if (compression_ == nullptr) return;
  }
  const std::string_view type_text = head.headers["content-type"];
  const ContentType type = parse_content_type(type_text);
  if (body == Body::connect_error && type.kind == ContentKind::connect_unary && type.codec == Codec::json) {
    kind_ = Kind::json;
    limit_ = packed_limit(control_limit(settings));
  } else if (compression_ == nullptr && base::starts_with_lower(type_text, "text/plain")) {
    // What a proxy has to say: quote() shows as much.
    kind_ = Kind::text;
    limit_ = 80;
  }
}

void FailedAnswer::take(std::string_view bytes) {
  if (kind_ == Kind::json && body_.size() + bytes.size() > limit_) {
    kind_ = Kind::nothing;
    std::string().swap(body_);
  }
  if (kind_ != Kind::nothing) body_ += bytes.substr(0, limit_ - std::min(limit_, body_.size()));
}

Error FailedAnswer::from_status() const {
  std::string message = "the server answered " + describe_http_status(status_);
  if (kind_ == Kind::text && !body_.empty()) {
    std::string_view line = body_;
    message.append(": ").append(quote(base::trim(line.substr(0, line.find_first_of("\r\n")))));
  }
  Error error(code_of_http_status(status_), std::move(message));
  detail::ErrorAccess::set_remote(error, true);
  return error;
}

Error FailedAnswer::error() const {
  if (kind_ != Kind::json) return from_status();
  std::string unpacked;
  std::string_view json = body_;
  if (compression_ != nullptr) {
    if (unpack(*compression_, body_, control_limit(settings_), Code::internal, unpacked)) return from_status();
    json = unpacked;
  }
  std::optional<WireError> wire = parse_error(json);
  if (!wire) return from_status();
  return std::move(*wire).to_error(code_of_http_status(status_));
}

}  // namespace connectrpc::protocol
