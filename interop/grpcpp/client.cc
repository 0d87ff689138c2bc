// A grpc++ client of InteropService: runs the scenarios of a file, prints one Outcome a line as JSON.
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "common/arguments.h"
#include "google_rpc_status.h"
#include "interop/v1/interop.grpc.pb.h"
#include "metadata.h"
#include "scenario_file.h"

namespace interop {
namespace {

void add_message(const v1::CallResponse& response, v1::Outcome& outcome) {
  if (outcome.texts_size() == 0) *outcome.mutable_response() = response;
  outcome.add_texts(response.text());
}

grpc::Status converse(v1::InteropService::Stub& stub, grpc::ClientContext& context, const v1::Scenario& scenario,
                      v1::Outcome& outcome) {
  context.AddMetadata("interop-opening-bin", scenario.request().SerializeAsString());
  const auto call = stub.Converse(&context);
  v1::CallResponse response;
  if (scenario.waits_for_headers()) call->WaitForInitialMetadata();
  for (const std::string& text : scenario.request().texts()) {
    v1::CallRequest request;
    request.set_text(text);
    if (!call->Write(request) || !call->Read(&response)) return call->Finish();
    add_message(response, outcome);
  }
  call->WritesDone();
  while (call->Read(&response)) add_message(response, outcome);
  return call->Finish();
}

grpc::Status download(v1::InteropService::Stub& stub, grpc::ClientContext& context, const v1::Scenario& scenario,
                      v1::Outcome& outcome) {
  const auto call = stub.Download(&context, scenario.request());
  call->WaitForInitialMetadata();
  v1::CallResponse response;
  while (call->Read(&response)) add_message(response, outcome);
  return call->Finish();
}

v1::Outcome run_scenario(v1::InteropService::Stub& stub, const v1::Scenario& scenario, bool gzip) {
  grpc::ClientContext context;
  const int timeout = scenario.timeout_ms() == 0 ? 20'000 : scenario.timeout_ms();
  if (timeout > 0) context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(timeout));
  if (gzip) context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  for (const v1::Pair& pair : scenario.headers()) context.AddMetadata(pair.name(), value_of(pair));
  v1::Outcome outcome;
  outcome.set_scenario(scenario.name());
  grpc::Status status;
  if (scenario.method() == v1::Scenario::CONVERSE) {
    status = converse(stub, context, scenario, outcome);
  } else if (scenario.method() == v1::Scenario::DOWNLOAD) {
    status = download(stub, context, scenario, outcome);
  } else {
    status = stub.Exchange(&context, scenario.request(), outcome.mutable_response());
  }
  const auto names = reply_names(scenario.request());
  pick(context.GetServerInitialMetadata(), names, outcome.mutable_headers());
  pick(context.GetServerTrailingMetadata(), names, outcome.mutable_trailers());
  if (!status.ok()) {
    outcome.set_code(status.error_code());
    outcome.set_message(status.error_message());
    decode_details(status.error_details(), outcome);
  }
  return outcome;
}

int run(const examples::Arguments& arguments) {
  std::string target = arguments.get("--url");
  const bool tls = target.starts_with("https://");
  target.erase(0, target.find("//") + 2);
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (tls) {
    std::ifstream file(arguments.get("--ca"));
    grpc::SslCredentialsOptions options;
    options.pem_root_certs.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    credentials = grpc::SslCredentials(options);
  }
  v1::InteropService::Stub stub(grpc::CreateChannel(target, credentials));
  const v1::Scenarios table = read_scenarios(arguments.get("--scenarios"));
  for (const v1::Scenario& scenario : table.scenarios())
    print_outcome(run_scenario(stub, scenario, arguments.has("--gzip")));
  return 0;
}

}  // namespace
}  // namespace interop

int main(int argc, char** argv) { return interop::run(examples::Arguments(argc, argv)); }
