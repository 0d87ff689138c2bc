// A grpc++ server of InteropService: prints its addresses on one line and runs until it is ended.
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>

#include "common/arguments.h"
#include "google_rpc_status.h"
#include "interop/v1/interop.grpc.pb.h"
#include "metadata.h"

namespace interop {
namespace {

class Answer {
 public:
  Answer(const v1::CallRequest& request, grpc::ServerContext& context) : request_(request) {
    response_.set_text(request.text());
    pick(context.client_metadata(), request.observe(), response_.mutable_observed());
    const auto left = context.deadline() - std::chrono::system_clock::now();
    // No deadline is one that never comes.
    if (left < std::chrono::hours(10'000))
      response_.set_timeout_ms(std::chrono::duration_cast<std::chrono::milliseconds>(left).count());
    for (const v1::Pair& pair : request.headers()) context.AddInitialMetadata(pair.name(), value_of(pair));
    for (const v1::Pair& pair : request.failure().metadata()) context.AddTrailingMetadata(pair.name(), value_of(pair));
    for (const v1::Pair& pair : request.trailers()) context.AddTrailingMetadata(pair.name(), value_of(pair));
  }

  v1::CallResponse response(const std::string& text) const {
    v1::CallResponse response = response_;
    response.set_text(text);
    return response;
  }
  grpc::Status finish() const {
    std::this_thread::sleep_for(std::chrono::milliseconds(request_.delay_ms()));
    if (!request_.has_failure()) return grpc::Status::OK;
    const v1::Failure& failure = request_.failure();
    return grpc::Status(static_cast<grpc::StatusCode>(failure.code()), failure.message(),
                        encode_status(failure, response_));
  }

 private:
  const v1::CallRequest& request_;
  v1::CallResponse response_;
};

class Service final : public v1::InteropService::Service {
  grpc::Status Exchange(grpc::ServerContext* context, const v1::CallRequest* request,
                        v1::CallResponse* response) override {
    const Answer answer(*request, *context);
    *response = answer.response(request->text());
    return answer.finish();
  }

  grpc::Status Download(grpc::ServerContext* context, const v1::CallRequest* request,
                        grpc::ServerWriter<v1::CallResponse>* responses) override {
    const Answer answer(*request, *context);
    responses->SendInitialMetadata();
    for (const std::string& text : request->texts()) responses->Write(answer.response(text));
    return answer.finish();
  }

  grpc::Status Converse(grpc::ServerContext* context,
                        grpc::ServerReaderWriter<v1::CallResponse, v1::CallRequest>* stream) override {
    const auto opening = context->client_metadata().find("interop-opening-bin");
    v1::CallRequest request;
    if (opening == context->client_metadata().end() ||
        !request.ParseFromArray(opening->second.data(), static_cast<int>(opening->second.size()))) {
      return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "interop-opening-bin has no CallRequest");
    }
    const Answer answer(request, *context);
    stream->SendInitialMetadata();
    v1::CallRequest next;
    while (stream->Read(&next)) stream->Write(answer.response(next.text()));
    return answer.finish();
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
