// How the library fills a Context. Not API.
#pragma once

#include <utility>

#include "connectrpc/context.h"
#include "connectrpc/detail/server_call.h"

namespace connectrpc::detail {

/// What a context knows from the beginning.
struct ContextFacts {
  const MethodSpec* method = nullptr;
  const Headers* raw_request_headers = nullptr;
  const Peer* peer = nullptr;
  std::string_view http_method;
  std::string_view authority;
  Deadline deadline;
  Protocol protocol = Protocol::connect;
  Codec codec = Codec::proto;
  HttpVersion http_version = HttpVersion::http2;
};

class ContextAccess {
 public:
  /// The call, and everything that `facts` points to, outlive the context.
  static Context make(ContextCall& call, const ContextFacts& facts) { return {call, facts}; }
  /// The headers to be sent; from then on they are frozen. `last`: nobody will read them any more.
  static Headers take_response_headers(Context& context, bool last);

  static void warn(const Context& context, std::string_view text) { context.call_.warn(text); }

  /// A client's: what will be sent, in place of ContextFacts::raw_request_headers.
  static void set_request_headers(Context& context, Headers&& headers) {
    context.request_headers_ = std::move(headers);
    context.request_headers_made_ = true;
    context.raw_request_headers_ = &context.request_headers_;
  }
  static void set_http_version(Context& context, HttpVersion version) { context.http_version_ = version; }

  /// No hooks can be added from now on.
  static void fix_hooks(Context& context) noexcept { context.hooks_fixed_ = true; }
  static bool has_request_hooks(const Context& context) noexcept {
    return context.hooks_ && !context.hooks_->requests.empty();
  }
  static bool has_response_hooks(const Context& context) noexcept {
    return context.hooks_ && !context.hooks_->responses.empty();
  }
  static bool has_header_hooks(const Context& context) noexcept {
    return context.hooks_ && !context.hooks_->response_headers.empty();
  }
  static void run_request_hooks(const Context& context, google::protobuf::MessageLite& message);
  static void run_response_hooks(const Context& context, google::protobuf::MessageLite& message);
  static void run_header_hooks(const Context& context, Headers& headers);
};

}  // namespace connectrpc::detail

inline connectrpc::Context::Context(detail::ContextCall& call, const detail::ContextFacts& facts)
    : call_(call),
      method_(facts.method),
      raw_request_headers_(facts.raw_request_headers),
      peer_(facts.peer),
      http_method_(facts.http_method),
      authority_(facts.authority),
      deadline_(facts.deadline),
      protocol_(facts.protocol),
      codec_(facts.codec),
      http_version_(facts.http_version) {}
