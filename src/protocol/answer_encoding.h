// Which compression an answer uses.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "connectrpc/error.h"
#include "protocol/settings.h"

namespace connectrpc::protocol {

class AnswerEncoding {
 public:
  /// `name`: what the answer's head says, "" for nothing.
  void set(std::string_view name, const Settings& settings);
  /// Null: identity, or fault().
  const Compression* compression() const noexcept { return compression_; }
  /// What to say of a compressed message where there is no compression(): Code::internal.
  Error fault(const Settings& settings) const;
  /// Whether the head names an algorithm that is not known here.
  bool unknown() const noexcept { return !unknown_.empty(); }

 private:
  const Compression* compression_ = nullptr;
  std::string unknown_;
};

}  // namespace connectrpc::protocol
