// A context for tests that call a handler's methods directly.
#include "connectrpc/testing/fake_context.h"

#include <atomic>
#include <stop_token>
#include <string_view>
#include <utility>

#include "connectrpc/detail/context_access.h"
#include "connectrpc/detail/server_call.h"

namespace connectrpc::testing {

class FakeContext::State final : private detail::ContextCall {
 public:
  State(const MethodSpec& method, FakeCall call)
      : call_(std::move(call)),
        context_(detail::ContextAccess::make(*this, {.method = &method,
                                                     .raw_request_headers = &call_.request_headers,
                                                     .peer = &call_.peer,
                                                     .http_method = "POST",
                                                     .authority = call_.authority,
                                                     .deadline = call_.deadline,
                                                     .protocol = call_.protocol,
                                                     .codec = call_.codec,
                                                     .http_version = call_.http_version})) {}

  Context& context() noexcept { return context_; }
  void cancel(CancelReason reason) {
    int none = -1;
    if (reason_.compare_exchange_strong(none, static_cast<int>(reason))) stop_.request_stop();
  }

 private:
  void send_headers() override { static_cast<void>(detail::ContextAccess::take_response_headers(context_, false)); }
  void respond(const google::protobuf::MessageLite&) override {}
  bool compress_response(std::string_view) override { return true; }
  std::optional<CancelReason> cancelled() const noexcept override {
    const int reason = reason_.load();
    return reason < 0 ? std::nullopt : std::optional(static_cast<CancelReason>(reason));
  }
  std::stop_token stop_token() override { return stop_.get_token(); }
  void warn(std::string_view) const override {}

  FakeCall call_;
  std::stop_source stop_;
  std::atomic<int> reason_{-1};
  Context context_;
};

FakeContext::FakeContext(const MethodSpec& method, FakeCall call)
    : state_(std::make_unique<State>(method, std::move(call))) {}
FakeContext::~FakeContext() = default;

Context& FakeContext::context() noexcept { return state_->context(); }
void FakeContext::cancel(CancelReason reason) { state_->cancel(reason); }

}  // namespace connectrpc::testing
