// services --url URL: asks a server's health and reflection services with grpc++, prints what they say, and watches
// until the server goes away.
#include <google/protobuf/descriptor.pb.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <string>

#include "common/arguments.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"

namespace interop {
namespace {

namespace health = grpc::health::v1;
namespace v1 = grpc::reflection::v1;
namespace v1alpha = grpc::reflection::v1alpha;

const std::string greeter = "greet.v1.GreetService";
const std::string unknown = "acme.Unknown";

// As grpc-go spells them.
std::string name_of(grpc::StatusCode code) {
  if (code == grpc::StatusCode::NOT_FOUND) return "NotFound";
  if (code == grpc::StatusCode::UNAVAILABLE) return "Unavailable";
  return std::to_string(code);
}
std::string name_of(const health::HealthCheckResponse& response) {
  return health::HealthCheckResponse::ServingStatus_Name(response.status());
}
void set_deadline(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
}

void ask_health(health::Health::Stub& stub) {
  for (const std::string& service : {std::string(), greeter, unknown}) {
    grpc::ClientContext context;
    set_deadline(context);
    health::HealthCheckRequest request;
    request.set_service(service);
    health::HealthCheckResponse response;
    const grpc::Status status = stub.Check(&context, request, &response);
    std::cout << "check \"" << service << "\": " << (status.ok() ? name_of(response) : name_of(status.error_code()))
              << "\n";
  }
  grpc::ClientContext context;
  set_deadline(context);
  health::HealthListResponse response;
  stub.List(&context, health::HealthListRequest(), &response);
  const std::map<std::string, health::HealthCheckResponse> statuses(response.statuses().begin(),
                                                                    response.statuses().end());
  std::cout << "list:";
  const char* comma = " ";
  for (const auto& [service, status] : statuses) {
    std::cout << comma << "\"" << service << "\" " << name_of(status);
    comma = ", ";
  }
  std::cout << "\n";
}

template <class Response>
std::string file_name(const Response& response) {
  const auto& files = response.file_descriptor_response().file_descriptor_proto();
  google::protobuf::FileDescriptorProto file;
  if (files.empty() || !file.ParseFromString(files[0])) return "nothing";
  return file.name();
}

void ask_reflection_v1(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::ClientContext context;
  set_deadline(context);
  const auto stub = v1::ServerReflection::NewStub(channel);
  const auto stream = stub->ServerReflectionInfo(&context);
  v1::ServerReflectionResponse response;
  v1::ServerReflectionRequest request;
  request.set_list_services("");
  stream->Write(request);
  stream->Read(&response);
  std::cout << "v1 services:";
  for (const auto& service : response.list_services_response().service()) std::cout << " " << service.name();
  request.set_file_containing_symbol(greeter);
  stream->Write(request);
  stream->Read(&response);
  std::cout << "\nv1 file: " << file_name(response) << "\n";
  request.set_file_by_filename("no/such.proto");
  stream->Write(request);
  stream->Read(&response);
  std::cout << "v1 no file: " << response.error_response().error_code() << "\n";
  stream->WritesDone();
  stream->Finish();
}

void ask_reflection_v1alpha(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::ClientContext context;
  set_deadline(context);
  const auto stub = v1alpha::ServerReflection::NewStub(channel);
  const auto stream = stub->ServerReflectionInfo(&context);
  v1alpha::ServerReflectionRequest request;
  v1alpha::ServerReflectionResponse response;
  request.set_file_containing_symbol(greeter);
  stream->Write(request);
  stream->Read(&response);
  std::cout << "v1alpha file: " << file_name(response) << "\n";
  stream->WritesDone();
  stream->Finish();
}

void watch(health::Health::Stub& stub) {
  health::HealthCheckRequest request;
  health::HealthCheckResponse response;
  {
    grpc::ClientContext context;
    set_deadline(context);
    request.set_service(unknown);
    const auto stream = stub.Watch(&context, request);
    stream->Read(&response);
    std::cout << "watch \"" << unknown << "\": " << name_of(response) << "\n";
    context.TryCancel();
    stream->Finish();
  }
  grpc::ClientContext context;
  set_deadline(context);
  request.set_service(greeter);
  const auto stream = stub.Watch(&context, request);
  while (stream->Read(&response)) std::cout << "watch \"" << greeter << "\": " << name_of(response) << std::endl;
  std::cout << "watch \"" << greeter << "\": " << name_of(stream->Finish().error_code()) << "\n";
}

}  // namespace
}  // namespace interop

int main(int argc, char** argv) {
  std::string target = examples::Arguments(argc, argv).get("--url");
  target.erase(0, target.find("//") + 2);
  const auto channel = grpc::CreateChannel(target, grpc::InsecureChannelCredentials());
  const auto health = grpc::health::v1::Health::NewStub(channel);
  interop::ask_health(*health);
  interop::ask_reflection_v1(channel);
  interop::ask_reflection_v1alpha(channel);
  interop::watch(*health);
  return 0;
}
