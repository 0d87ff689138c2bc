// grpc.reflection: tells clients such as grpcurl what a server serves, and its schema.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "connectrpc/method.h"
#include "connectrpc/service.h"

namespace connectrpc {

/// The methods whose services reflection names. Called for each request that needs them, on any thread.
using ReflectedMethods = std::function<std::vector<const MethodSpec*>()>;

/// The services grpc.reflection.v1.ServerReflection and grpc.reflection.v1alpha.ServerReflection. Schemas come from the
/// pool of generated code, and from those of methods that have a descriptor from elsewhere. Whoever may call them may
/// read the schema of everything that the program has linked. std::invalid_argument: `methods` is empty.
/// Target connectrpc::reflection.
std::shared_ptr<Service> make_reflection_v1(ReflectedMethods methods);
std::shared_ptr<Service> make_reflection_v1alpha(ReflectedMethods methods);

/// Adds both to a server: they tell of every service that it has, also of those added later, and of themselves. A
/// Router may take the server's place; it must exist as long as they are called.
template <class AnyServer>
void add_reflection(AnyServer& server) {
  // The server owns them, so they do not outlive it.
  const ReflectedMethods methods = [&server] { return server.methods(); };
  server.add(make_reflection_v1(methods)).add(make_reflection_v1alpha(methods));
}

}  // namespace connectrpc
