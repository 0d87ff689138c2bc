// The count that keeps remembered loop services honest.
#include "rpc/loop_service.h"

namespace connectrpc::rpc::detail {

std::atomic<std::uint64_t>& loop_service_generation() noexcept {
  static std::atomic<std::uint64_t> generation{1};
  return generation;
}

}  // namespace connectrpc::rpc::detail
