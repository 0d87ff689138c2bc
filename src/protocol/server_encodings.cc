// Which compression a request uses and which its answer may use.
#include "protocol/server_encodings.h"

#include "base/ascii.h"
#include "compression/accept_list.h"
#include "protocol/text.h"

namespace connectrpc::protocol {

ServerEncodings choose_encodings(const ServerSettings& settings, std::string_view sent, const Headers& headers,
                                 const Field& accept, std::string_view accept_name) {
  ServerEncodings chosen;
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

}  // namespace connectrpc::protocol
