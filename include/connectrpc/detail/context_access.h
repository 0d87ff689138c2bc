// How the library fills a Context. Not API.
#pragma once

#include "connectrpc/context.h"

namespace connectrpc::detail {

class ContextAccess {
 public:
  struct Facts {
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

  /// The call outlives the context.
  static Context make(ServerCall& call) { return Context(call); }
  /// Everything that `facts` points to outlives the context.
  static void set(Context& context, const Facts& facts);
  /// The headers to be sent; from then on they are frozen. `last`: nobody will read them any more.
  static Headers take_response_headers(Context& context, bool last);
};

}  // namespace connectrpc::detail
