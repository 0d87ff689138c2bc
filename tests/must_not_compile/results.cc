// What must not be done to responses, results and errors.
#include <string>

#include "connectrpc/error.h"
#include "connectrpc/response.h"
#include "connectrpc/result.h"

connectrpc::Response<std::string> call();
connectrpc::Result<std::string> try_call();
connectrpc::Error fail();

void views_of_one_that_stays() {
  const connectrpc::Response<std::string> response = call();
  (void)response->size();
  (void)response.headers()["a"];
  (void)response.trailers()["a"];
  const connectrpc::Result<std::string> result = try_call();
  (void)result->size();
  const connectrpc::Error error = fail();
  (void)error.details();
  (void)error.metadata()["a"];
}

void values_of_a_temporary() {
  const std::string message = *call();
  const connectrpc::Headers headers = call().headers();
  const connectrpc::Headers trailers = call().trailers();
  const std::string value = *try_call();
  const connectrpc::Headers metadata = fail().metadata();
}

#ifdef MUST_NOT_COMPILE
void forms() {
#line 1 "arrow_of_temporary_response"  // deleted
  (void)call()->size();
#line 1 "header_of_temporary_response"  // deleted
  (void)call().headers()["a"];
#line 1 "trailer_of_temporary_response"  // deleted
  (void)call().trailers()["a"];
#line 1 "arrow_of_temporary_result"  // deleted
  (void)try_call()->size();
#line 1 "details_of_temporary_error"  // deleted
  (void)fail().details();
#line 1 "metadata_of_temporary_error"  // deleted
  (void)fail().metadata()["a"];
#line 1 "headers_of_temporary_error"  // deleted
  (void)fail().headers()["a"];
#line 1 "trailers_of_temporary_error"  // deleted
  (void)fail().trailers()["a"];
}
#endif
