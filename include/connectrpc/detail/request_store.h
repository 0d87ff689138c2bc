// Requests that are used again for later calls. Not API.
#pragma once

#include <cstddef>
#include <memory>

namespace google::protobuf {
class MessageLite;
}

namespace connectrpc::detail {

class KeptRequest;

struct DropKeptRequest {
  void operator()(KeptRequest* request) const noexcept;
};

/// A message that is lent, with the arena that it lives in.
using LentRequest = std::unique_ptr<KeptRequest, DropKeptRequest>;

/// An empty message like `type`, to be given back on the same thread; null if this thread has none to lend and would
/// not keep another. `bytes`: what will be parsed into it. Keeping one saves what its strings and repeated fields need,
/// and its arena what protobuf allocates for each call all the same: nested messages and maps.
LentRequest borrow_request(const google::protobuf::MessageLite& type, std::size_t bytes);
google::protobuf::MessageLite& message_of(KeptRequest& request) noexcept;
/// Empties the message and keeps it if it was borrowed on this thread.
void give_back_request(const google::protobuf::MessageLite& type, LentRequest request) noexcept;
/// Lets go of those that this thread keeps.
void drop_kept_requests() noexcept;

}  // namespace connectrpc::detail
