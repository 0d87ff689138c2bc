// Which compression a request uses and which its answer may use.
#include "protocol/server_encodings.h"

#include "base/ascii.h"
#include "compression/accept_list.h"
#include "protocol/text.h"

namespace connectrpc::protocol {

ServerEncodings choose_encodings(const ServerSettings& settings, std::string_view sent, const Headers& headers,
                                 const Field& accept, std::string_view accept_name) {
  ServerEncodings chosen;
  chosen.settings = &settings;
  chosen.headers = &headers;
  chosen.accept_name = accept_name;
  if (!sent.empty() && !base::equals_lower(sent, "identity")) {
    chosen.request = settings.compressions->find(sent);
    if (chosen.request == nullptr) {
      const std::string& known = settings.compressions->names();
      chosen.fault = Error(Code::unimplemented, "unknown compression " + quote(sent) + ": this server knows " +
                                                    (known.empty() ? "none" : known));
      return chosen;
    }
  }
  if (!settings.compress_responses) return chosen;
  if (!accept.present) {
    // Who sends it can read it.
    chosen.response = chosen.request;
    return chosen;
  }
  std::string joined;
  std::string_view accepted = accept.first;
  if (accept.repeated) accepted = joined = join_values(headers, accept_name);
  const bool mirrored = chosen.request != nullptr && compression::accepts(accepted, chosen.request->name());
  chosen.response = mirrored ? chosen.request : settings.compressions->negotiate(accepted);
  return chosen;
}

std::optional<const Compression*> ServerEncodings::find(std::string_view name) const {
  if (name.empty() || base::equals_lower(name, "identity")) return nullptr;
  const Compression* found = settings == nullptr ? nullptr : settings->compressions->find(name);
  if (found == nullptr) return std::nullopt;
  if (found == request || compression::accepts(join_values(*headers, accept_name), found->name())) return found;
  return std::nullopt;
}

}  // namespace connectrpc::protocol
