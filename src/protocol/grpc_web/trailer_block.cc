// gRPC-Web's trailers: a block of HTTP/1.1 fields in the body.
#include "protocol/grpc_web/trailer_block.h"

#include "base/ascii.h"
#include "connectrpc/detail/headers_access.h"

namespace connectrpc::protocol {

void print_trailer_block(const Headers& trailers, std::string& out) {
  for (const HeaderView pair : trailers) out.append(pair.name).append(": ").append(pair.value).append("\r\n");
}

std::optional<Headers> parse_trailer_block(std::string_view block) {
  Headers trailers;
  while (!block.empty()) {
    const std::size_t end = block.find('\n');
    std::string_view line = block.substr(0, end);
    block.remove_prefix(end == std::string_view::npos ? block.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    const std::size_t colon = line.find(':');
    const std::string_view name = line.substr(0, colon);
    if (colon == std::string_view::npos || name.empty() || name.find_first_of(" \t") != std::string_view::npos)
      return std::nullopt;
    detail::HeadersAccess::append(trailers, name, base::trim(line.substr(colon + 1)));
  }
  return trailers;
}

}  // namespace connectrpc::protocol
