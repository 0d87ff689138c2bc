// The set of algorithms that one side knows.
#include <algorithm>

#include "compression/accept_list.h"
#include "compression/gzip.h"
#include "connectrpc/compression.h"
#ifdef CONNECTRPC_WITH_BROTLI
#include "compression/brotli.h"
#endif
#ifdef CONNECTRPC_WITH_SNAPPY
#include "compression/snappy.h"
#endif
#ifdef CONNECTRPC_WITH_ZSTD
#include "compression/zstd.h"
#endif

namespace connectrpc {

const CompressionRegistry& CompressionRegistry::built_in() {
  static const CompressionRegistry registry = [] {
    CompressionRegistry all;
    // gzip first: every peer has it, and nothing here is faster at its size.
    all.add(std::make_shared<compression::Gzip>());
#ifdef CONNECTRPC_WITH_ZSTD
    all.add(std::make_shared<compression::Zstd>());
#endif
#ifdef CONNECTRPC_WITH_BROTLI
    all.add(std::make_shared<compression::Brotli>());
#endif
    all.add(std::make_shared<compression::Deflate>());
#ifdef CONNECTRPC_WITH_SNAPPY
    all.add(std::make_shared<compression::Snappy>());
#endif
    return all;
  }();
  return registry;
}

CompressionRegistry& CompressionRegistry::add(std::shared_ptr<const Compression> compression) {
  const auto same = std::find_if(compressions_.begin(), compressions_.end(),
                                 [&](const auto& known) { return known->name() == compression->name(); });
  if (same != compressions_.end()) {
    *same = std::move(compression);
    return *this;
  }
  compressions_.push_back(std::move(compression));
  if (!names_.empty()) names_ += ", ";
  names_ += compressions_.back()->name();
  return *this;
}

const Compression* CompressionRegistry::find(std::string_view name) const noexcept {
  for (const auto& compression : compressions_)
    if (base::iequals(compression->name(), name)) return compression.get();
  return nullptr;
}

const Compression* CompressionRegistry::negotiate(std::string_view accepted) const noexcept {
  const Compression* best = nullptr;
  int best_weight = 0;
  int identity_weight = 0;
  int any_weight = 0;
  compression::for_each_accepted(accepted, [&](std::string_view name, int weight) {
    if (name == "*") {
      any_weight = weight;
    } else if (base::equals_lower(name, "identity")) {
      identity_weight = weight;
    } else if (weight > best_weight) {
      const Compression* const known = find(name);
      if (known == nullptr) return true;
      best = known;
      best_weight = weight;
    }
    // Nothing can beat it.
    return best_weight != compression::whole_weight;
  });
  if (any_weight > best_weight) {
    // "*" stands for what the list does not name.
    const auto unnamed = [accepted](const auto& candidate) {
      bool named = false;
      compression::for_each_accepted(
          accepted, [&](std::string_view name, int) { return !(named = base::iequals(name, candidate->name())); });
      return !named;
    };
    const auto found = std::find_if(compressions_.begin(), compressions_.end(), unnamed);
    if (found != compressions_.end()) {
      best = found->get();
      best_weight = any_weight;
    }
  }
  return identity_weight > best_weight ? nullptr : best;
}

}  // namespace connectrpc
