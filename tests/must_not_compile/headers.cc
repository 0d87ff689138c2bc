// What must not be done to a Headers.
#include "connectrpc/headers.h"

connectrpc::Headers make();
void send(const connectrpc::Headers& headers);

void views_of_one_that_stays() {
  connectrpc::Headers headers = make();
  (void)headers.get("a");
  (void)headers["a"];
  (void)headers.get_all("a");
  (void)headers.begin();
  (void)headers.end();
  for (const auto [name, value] : make()) (void)name, (void)value;  // lives as long as the loop
  headers.set("a", "1");
}

void braces() {
  send({});
  send({{"a", "b"}});
  send({{"a", "b"}, {"c", "d"}});
}

#ifdef MUST_NOT_COMPILE
void forms() {
  connectrpc::Headers headers;
#line 1 "get_of_temporary"  // deleted
  (void)make().get("a");
#line 1 "index_of_temporary"  // deleted
  (void)make()["a"];
#line 1 "get_all_of_temporary"  // deleted
  (void)make().get_all("a");
#line 1 "begin_of_temporary"  // deleted
  (void)make().begin();
#line 1 "end_of_temporary"  // deleted
  (void)make().end();
#line 1 "third_brace"  // invalid initialization|no matching|could not convert
  send({{{"a", "b"}, {"c", "d"}}});
#line 1 "name_without_value"  // invalid initialization|no matching|could not convert
  send({{"a"}});
#line 1 "value_that_is_no_text"  // cannot convert|no matching|no viable
  headers.set("a", 1);
}
#endif
