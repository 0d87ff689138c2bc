// Calls without a server, to run generated handlers.
#pragma once

#include <google/protobuf/message_lite.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "connectrpc/detail/context_access.h"
#include "connectrpc/detail/request_message.h"
#include "connectrpc/detail/server_call.h"
#include "connectrpc/service.h"

namespace connectrpc::testing {

// What both kinds of call read and write: encoded messages.
struct FakeMessages {
  std::vector<std::string> requests;
  std::vector<std::string> responses;
  std::size_t next = 0;

  bool take(google::protobuf::MessageLite& message) {
    return next < requests.size() && message.ParseFromString(requests[next++]);
  }
  void put(const google::protobuf::MessageLite& message) { responses.push_back(message.SerializeAsString()); }
};

class FakeCall final : public detail::ServerCall {
 public:
  FakeMessages messages;

  Context& context() noexcept override { return context_; }
  Task<> receive(detail::RequestPlace& request) override {
    messages.take(request.make(0));
    co_return;
  }
  void respond(const google::protobuf::MessageLite& message) override { messages.put(message); }
  Task<bool> receive_next(google::protobuf::MessageLite& message) override {
    const bool more = messages.take(message);
    co_return more;
  }
  std::optional<bool> try_receive_next(google::protobuf::MessageLite& message) override {
    return messages.take(message);
  }
  Task<bool> send(const google::protobuf::MessageLite& message) override {
    messages.put(message);
    return sent();
  }
  bool try_send(const google::protobuf::MessageLite& message) override {
    messages.put(message);
    return true;
  }
  void send_headers() override {}
  bool compress_response(std::string_view) override { return false; }
  void warn(std::string_view) const override {}
  std::optional<CancelReason> cancelled() const noexcept override { return std::nullopt; }
  std::stop_token stop_token() override { return {}; }

 private:
  static Task<bool> sent() { co_return true; }
  Context context_ = detail::ContextAccess::make(*this, {});
};

class FakeCallSync final : public detail::ServerCallSync {
 public:
  FakeMessages messages;

  Context& context() noexcept override { return call_.context(); }
  void receive(detail::RequestPlace& request) override { messages.take(request.make(0)); }
  void respond(const google::protobuf::MessageLite& message) override { messages.put(message); }
  bool receive_next(google::protobuf::MessageLite& message) override { return messages.take(message); }
  bool send(const google::protobuf::MessageLite& message) override {
    messages.put(message);
    return true;
  }

 private:
  FakeCall call_;
};

}  // namespace connectrpc::testing
