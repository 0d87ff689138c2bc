// What HTTP/2 demands of a message (RFC 9113 section 8), looked at field by field.
#include "http2/message_rules.h"

#include "base/ascii.h"
#include "base/decimal.h"
#include "http2/text.h"

namespace connectrpc::http2 {
namespace {

constexpr base::CharacterSet lower_token_characters = base::lower_letters.with("0123456789").with(base::token_marks);
constexpr base::CharacterSet authority_characters = base::host_characters.with("@");
constexpr base::CharacterSet scheme_characters = base::letters_and_digits.with("+-.");

// Neither blanks nor control characters.
bool is_path(std::string_view text) noexcept {
  return base::none_of(text, [](base::Chunk c) { return (c <= base::each(0x20)) | (c == base::each(0x7f)); });
}

bool is_authority(std::string_view text) noexcept {
  // Host names, IPv4 addresses, ports: letters, and what is between '-' and ':' but '/'.
  const bool plain = base::none_of(text, [](base::Chunk c) {
    return ~(base::are_between(c | base::each(0x20), 'a', 'z') |
             (base::are_between(c, '-', ':') & (c != base::each('/'))));
  });
  return plain || authority_characters.has_all(text);
}

bool is_scheme(std::string_view text) noexcept {
  return !text.empty() && base::letters.has(text.front()) && scheme_characters.has_all(text);
}

Fault te_fault(std::string_view value) noexcept {
  return base::equals_lower(value, "trailers") ? Fault::none : Fault::about_the_connection;
}

}  // namespace

std::string MessageRules::describe(Fault fault, std::string_view name) const {
  const auto field = [&](std::string_view before, std::string_view behind) {
    return std::string(before) + quoted(name) + std::string(behind);
  };
  switch (fault) {
    case Fault::none: break;
    case Fault::invalid_name: return field("invalid field ", "");
    case Fault::invalid_value: return field("invalid value of ", "");
    case Fault::unknown_pseudo_header: return field("unknown pseudo-header ", "");
    case Fault::repeated: return field("", " came twice");
    case Fault::misplaced: return field("misplaced field ", "");
    case Fault::about_the_connection: return field("", " is about a connection of HTTP/1.1");
    case Fault::incomplete_head: return "its pseudo-headers are incomplete or do not go together";
    case Fault::wrong_length:
      return "its body's length is not the announced " + std::to_string(length_.value_or(0)) + " bytes";
    case Fault::trailers_go_on: return "its trailers do not end the message";
    case Fault::no_head: return "its message has no head";
  }
  return {};
}

bool MessageRules::is_lower_token(std::string_view name) noexcept {
  return !name.empty() && lower_token_characters.has_all(name);
}

MessageRules::Method MessageRules::method_of(std::string_view text) noexcept {
  if (text == "HEAD") return Method::head;
  if (text == "CONNECT") return Method::connect;
  return text == "OPTIONS" ? Method::options : Method::other;
}

void MessageRules::begin_again() noexcept {
  const Method method = method_;
  *this = MessageRules();
  method_ = method;
}

Fault MessageRules::first(Seen field) noexcept {
  if ((seen_ & field) != 0) return Fault::repeated;
  seen_ = static_cast<std::uint8_t>(seen_ | field);
  return Fault::none;
}

Fault MessageRules::pseudo_header(Of of, std::string_view name, std::string_view value) noexcept {
  if (regular_) return Fault::misplaced;
  return of == Of::requests ? request_pseudo(name, value) : response_pseudo(name, value);
}

Fault MessageRules::request_pseudo(std::string_view name, std::string_view value) noexcept {
  if (name == ":path") {
    if (value.empty() || !is_path(value)) return Fault::invalid_value;
    path_ = value.front() == '/' ? Path::absolute : value == "*" ? Path::asterisk : Path::other;
    return first(seen_path);
  }
  if (name == ":method") {
    if (!base::is_token(value)) return Fault::invalid_value;
    method_ = method_of(value);
    return first(seen_method);
  }
  if (name == ":scheme") {
    if (!is_scheme(value)) return Fault::invalid_value;
    http_scheme_ = base::equals_lower(value, "http") || base::equals_lower(value, "https");
    return first(seen_scheme);
  }
  if (name == ":authority") {
    if (value.empty() || !is_authority(value)) return Fault::invalid_value;
    return first(seen_authority);
  }
  return Fault::unknown_pseudo_header;
}

Fault MessageRules::response_pseudo(std::string_view name, std::string_view value) noexcept {
  constexpr int switching_protocols = 101;  // HTTP/2 has none (section 8.6)
  if (name != ":status") return Fault::unknown_pseudo_header;
  if (status_ != 0) return Fault::repeated;
  if (value.size() != 3 || !base::digits.has_all(value)) return Fault::invalid_value;
  status_ = *base::parse_decimal<int>(value);
  return status_ < 100 || status_ == switching_protocols ? Fault::invalid_value : Fault::none;
}

Fault MessageRules::special_field(Of of, std::string_view name, std::string_view value) noexcept {
  if (is_about_the_connection(name)) return Fault::about_the_connection;
  if (name == "te") return te_fault(value);
  if (name == "content-length") return take_length(of, value);
  if (name == "host" && of == Of::requests) {
    if (value.empty() || !is_authority(value)) return Fault::invalid_value;
    return first(seen_host);
  }
  return Fault::none;
}

Fault MessageRules::special_trailer(std::string_view name, std::string_view value) noexcept {
  if (is_about_the_connection(name)) return Fault::about_the_connection;
  if (name == "content-length") return Fault::misplaced;
  return name == "te" ? te_fault(value) : Fault::none;
}

Fault MessageRules::take_length(Of of, std::string_view text) noexcept {
  if (length_) return Fault::repeated;
  const auto length = base::parse_decimal<std::uint64_t>(text);
  if (!length) return Fault::invalid_value;
  // Not in answers without a body (RFC 9110 section 8.6); some servers say 0 with 204.
  if (of == Of::responses && (status_ < 200 || (status_ == 204 && *length != 0))) return Fault::misplaced;
  length_ = length;
  return Fault::none;
}

Fault MessageRules::head_complete(Of of) noexcept {
  if (of == Of::responses) {
    if (status_ == 0) return Fault::incomplete_head;
    if (status_ == 204 || status_ == 304 || method_ == Method::head) {
      length_ = 0;
    } else if (method_ == Method::connect && status_ < 300) {
      length_.reset();  // what follows is a tunnel's
    }
    return Fault::none;
  }
  if (method_ == Method::connect) {
    if ((seen_ & (seen_scheme | seen_path)) != 0 || (seen_ & seen_authority) == 0) return Fault::incomplete_head;
    length_.reset();
    return Fault::none;
  }
  constexpr unsigned all = seen_method | seen_scheme | seen_path;
  if ((seen_ & all) != all || (seen_ & (seen_authority | seen_host)) == 0) return Fault::incomplete_head;
  const bool good_path =
      path_ == Path::absolute || !http_scheme_ || (path_ == Path::asterisk && method_ == Method::options);
  return good_path ? Fault::none : Fault::incomplete_head;
}

}  // namespace connectrpc::http2
