// A grpc++ server of InteropService: prints its addresses on one line and runs until it is ended.
#include <grpcpp/grpcpp.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>

#include "common/arguments.h"
#include "google_rpc_status.h"
#include "interop/v1/interop.grpc.pb.h"
#include "reply_names.h"

namespace interop {
namespace {

const std::string& value_of(const v1::Pair& pair) { return is_binary(pair.name()) ? pair.binary() : pair.value(); }

class Service final : public v1::InteropService::Service {
  grpc::Status Exchange(grpc::ServerContext* context, const v1::CallRequest* request,
                        v1::CallResponse* response) override {
    response->set_text(request->text());
    for (const std::string& name : request->observe()) {
      const auto [begin, end] = context->client_metadata().equal_range(name);
      for (auto at = begin; at != end; ++at) {
        v1::Pair& pair = *response->add_observed();
        pair.set_name(name);
        const std::string value(at->second.data(), at->second.size());
        is_binary(name) ? pair.set_binary(value) : pair.set_value(value);
      }
    }
    for (const v1::Pair& pair : request->headers()) context->AddInitialMetadata(pair.name(), value_of(pair));
    for (const v1::Pair& pair : request->failure().metadata())
      context->AddTrailingMetadata(pair.name(), value_of(pair));
    for (const v1::Pair& pair : request->trailers()) context->AddTrailingMetadata(pair.name(), value_of(pair));
    if (!request->has_failure()) return grpc::Status::OK;
    const v1::Failure& failure = request->failure();
    return grpc::Status(static_cast<grpc::StatusCode>(failure.code()), failure.message(),
                        encode_status(failure, *response));
  }
};

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

int run(const examples::Arguments& arguments) {
  Service service;
  grpc::ServerBuilder builder;
  int port = 0;
  int tls_port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  const bool tls = arguments.has("--cert");
  if (tls) {
    grpc::SslServerCredentialsOptions options;
    options.pem_key_cert_pairs.push_back({read_file(arguments.get("--key")), read_file(arguments.get("--cert"))});
    builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(options), &tls_port);
  }
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  std::cout << "http://127.0.0.1:" << port;
  if (tls) std::cout << " https://127.0.0.1:" << tls_port;
  std::cout << std::endl;
  server->Wait();
  return 0;
}

}  // namespace
}  // namespace interop

int main(int argc, char** argv) { return interop::run(examples::Arguments(argc, argv)); }
