// Which compression an answer uses.
#include "protocol/answer_encoding.h"

#include "base/ascii.h"
#include "protocol/text.h"

namespace connectrpc::protocol {

void AnswerEncoding::set(std::string_view name, const Settings& settings) {
  if (name.empty() || base::equals_lower(name, "identity")) return;
  compression_ = settings.compressions->find(name);
  if (compression_ == nullptr) unknown_ = name;
}

Error AnswerEncoding::fault(const Settings& settings) const {
  if (!unknown()) {
    return Error(Code::internal, "a message is marked as compressed, but the answer names no compression");
  }
  const std::string& known = settings.compressions->names();
  return Error(Code::internal, "the answer uses the unknown compression " + quote(unknown_) + "; accepted was " +
                                   (known.empty() ? "none" : known));
}

}  // namespace connectrpc::protocol
