// What must not be done to the answer of a call, awaited or not.
#include "connectrpc/client.h"
#include "connectrpc/service.h"

struct Message {
  int value() const { return 1; }
};
connectrpc::Task<connectrpc::Response<Message>> greet(connectrpc::CallOptions options = connectrpc::CallOptions());
connectrpc::Response<Message> greet_sync(connectrpc::CallOptions options = connectrpc::CallOptions());

connectrpc::Task<> forms_that_are_fine() {
  auto response = co_await greet({{"a", "b"}, {"c", "d"}});
  (void)response->value();
  (void)response.headers()["a"];
  (void)response.trailers().get("a");
  const Message message = *co_await greet();
  (void)message.value();
  const connectrpc::Headers headers = (co_await greet()).headers();
  (void)headers["a"];
  (void)(*greet_sync({{"a", "b"}})).value();
  // CallOptions are made from a Headers, too: the same two pairs.
  (void)co_await greet({{{"a", "b"}, {"c", "d"}}});
}

#ifdef MUST_NOT_COMPILE
connectrpc::Task<> forms(connectrpc::Context& context) {
#line 1 "arrow_of_awaited"  // deleted
  (void)(co_await greet())->value();
#line 1 "header_of_awaited"  // deleted
  (void)(co_await greet()).headers()["a"];
#line 1 "trailer_of_awaited"  // deleted
  (void)(co_await greet()).trailers().get("a");
#line 1 "arrow_of_blocking"  // deleted
  (void)greet_sync()->value();
#line 1 "header_of_blocking"  // deleted
  (void)greet_sync().headers()["a"];
#line 1 "third_brace_in_send_headers"  // invalid initialization|no matching|could not convert|cannot convert
  co_await context.send_headers({{{"a", "b"}, {"c", "d"}}});
}
#endif
