// What Connect's requests have in common, unary or not.
#include "protocol/connect/request_fields.h"

#include "protocol/text.h"

namespace connectrpc::protocol {

std::optional<Error> version_fault(const Field& version, const ServerSettings& settings) {
  if (!version.present) {
    if (!settings.require_connect_version) return std::nullopt;
    return Error(Code::invalid_argument, "this server requires the header connect-protocol-version: 1");
  }
  if (version.first == "1") return std::nullopt;
  return Error(Code::invalid_argument, "connect-protocol-version must be \"1\", not " + quote(version.first));
}

}  // namespace connectrpc::protocol
