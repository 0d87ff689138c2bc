// The fields of one HEADERS frame on their way out.
#include "http2/field_list.h"

namespace connectrpc::http2 {
namespace {

// Connection-specific fields make a message malformed; `host` is what :authority says.
bool is_forbidden(std::string_view name) noexcept {
  switch (name.empty() ? '\0' : name.front()) {
    case 'c': return name == "connection";
    case 'h': return name == "host";
    case 'k': return name == "keep-alive";
    case 'p': return name == "proxy-connection";
    case 't': return name == "transfer-encoding";
    case 'u': return name == "upgrade";
    default: return false;
  }
}

// Fields that differ from call to call would push out of the peer's table what repeats.
bool is_volatile(std::string_view name) noexcept {
  switch (name.empty() ? '\0' : name.front()) {
    case 'c': return name == "connect-timeout-ms";
    case 'g':
      return name == "grpc-timeout" || name == "grpc-message" || name == "grpc-trace-bin" ||
             name == "grpc-status-details-bin";
    case 't': return name == "traceparent";
    default: return false;
  }
}

std::uint8_t* bytes_of(std::string_view text) noexcept {
  // nghttp2_nv is used for reading only, but its members are not const.
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
}

}  // namespace

void FieldList::add(std::string_view name, std::string_view value) {
  if (name.size() + value.size() > peer_limit_) {
    oversized_ = {name, value};
    return;
  }
  unsigned flags = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE;
  if (is_volatile(name)) flags |= NGHTTP2_NV_FLAG_NO_INDEX;
  fields_.push_back({bytes_of(name), bytes_of(value), name.size(), value.size(), static_cast<std::uint8_t>(flags)});
}

void FieldList::add_all(const Headers& headers) {
  for (const HeaderView field : headers)
    if (!is_forbidden(field.name)) add(field.name, field.value);
}

}  // namespace connectrpc::http2
