// The reflection services.
#include "connectrpc/reflection.h"

#include <grpc/reflection/v1/reflection.connect.h>
#include <grpc/reflection/v1alpha/reflection.connect.h>

#include <stdexcept>
#include <utility>

#include "reflection/conversation.h"
#include "reflection/schema.h"

namespace connectrpc {

namespace {

namespace v1 = ::grpc::reflection::v1;
namespace v1alpha = ::grpc::reflection::v1alpha;

template <class Base, class Request, class Response>
class Reflection final : public Base {
 public:
  explicit Reflection(ReflectedMethods methods) : schema_(std::move(methods)) {}

 private:
  Task<> server_reflection_info(StreamReader<Request>& requests, StreamWriter<Response>& responses, Context&) override {
    reflection::Conversation<Request, Response> conversation(schema_);
    while (const auto request = co_await requests.receive()) {
      const Response response = conversation.answer(*request);
      const bool more = co_await responses.send(response);
      if (!more) co_return;
    }
  }

  const reflection::Schema schema_;
};

using ReflectionV1 = Reflection<v1::ServerReflectionHandler, v1::ServerReflectionRequest, v1::ServerReflectionResponse>;
using ReflectionV1Alpha =
    Reflection<v1alpha::ServerReflectionHandler, v1alpha::ServerReflectionRequest, v1alpha::ServerReflectionResponse>;

template <class Service>
std::shared_ptr<Service> make(ReflectedMethods methods) {
  if (!methods) throw std::invalid_argument("make_reflection: `methods` is empty");
  return std::make_shared<Service>(std::move(methods));
}

}  // namespace

std::shared_ptr<Service> make_reflection_v1(ReflectedMethods methods) { return make<ReflectionV1>(std::move(methods)); }
std::shared_ptr<Service> make_reflection_v1alpha(ReflectedMethods methods) {
  return make<ReflectionV1Alpha>(std::move(methods));
}

}  // namespace connectrpc
