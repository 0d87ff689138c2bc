// The fields of one HEADERS frame on their way out.
#include "http2/field_list.h"

#include <algorithm>

#include "connectrpc/detail/headers_access.h"
#include "http2/message_rules.h"

namespace connectrpc::http2 {
namespace {

enum class Kind {
  ordinary,
  /// Differs from call to call, and would push out of the peer's table what repeats.
  passing,
  /// About the connection, which makes a message malformed (`host` is what :authority says).
  forbidden,
};

Kind kind_of(std::string_view name) noexcept {
  if (!detail::begins_as_reserved(name)) return Kind::ordinary;
  bool passing = false;
  switch (name.front()) {
    case 'c': passing = name == "connect-timeout-ms"; break;
    case 'g':
      passing = name == "grpc-timeout" || name == "grpc-message" || name == "grpc-trace-bin" ||
                name == "grpc-status-details-bin";
      break;
    case 't': passing = name == "traceparent"; break;
    default: break;
  }
  if (passing) return Kind::passing;
  return name == "host" || is_about_the_connection(name) ? Kind::forbidden : Kind::ordinary;
}

std::uint8_t* bytes_of(std::string_view text) noexcept {
  // nghttp2_nv is used for reading only, but its members are not const.
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
}

void put(nghttp2_nv& field, std::string_view name, std::string_view value, unsigned flags) noexcept {
  field.name = bytes_of(name);
  field.value = bytes_of(value);
  field.namelen = name.size();
  field.valuelen = value.size();
  field.flags = static_cast<std::uint8_t>(flags | NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE);
}

}  // namespace

void FieldList::make_room(std::size_t count) {
  if (fields_.size() - size_ < count) fields_.resize(std::max(size_ + count, 2 * fields_.size()));
}

void FieldList::add(std::string_view name, std::string_view value) {
  make_room(1);
  if (fits(name, value)) put(fields_[size_++], name, value, NGHTTP2_NV_FLAG_NONE);
}

void FieldList::add_all(const Headers& headers) {
  make_room(headers.size());
  nghttp2_nv* next = fields_.data() + size_;
  for (const auto& [name, value] : headers) {
    const Kind kind = kind_of(name);
    if (kind == Kind::forbidden || !fits(name, value)) continue;
    put(*next++, name, value, kind == Kind::passing ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE);
  }
  size_ = static_cast<std::size_t>(next - fields_.data());
}

}  // namespace connectrpc::http2
