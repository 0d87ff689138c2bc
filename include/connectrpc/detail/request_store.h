// Requests that are used again for later calls. Not API.
#pragma once

#include <memory>

namespace google::protobuf {
class MessageLite;
}

namespace connectrpc::detail {

/// An empty message like `type`, to be given back on the same thread; null if this thread has none to lend and would
/// not keep another. Keeping one saves what its strings and repeated fields need: 50 nested records of 17 KiB are
/// parsed in 34 µs instead of 49, in an arena in 44.
std::unique_ptr<google::protobuf::MessageLite> borrow_request(const google::protobuf::MessageLite& type);
/// Empties `message` and keeps it if it was borrowed on this thread.
void give_back_request(const google::protobuf::MessageLite& type,
                       std::unique_ptr<google::protobuf::MessageLite> message) noexcept;
/// Lets go of those that this thread keeps.
void drop_kept_requests() noexcept;

}  // namespace connectrpc::detail
