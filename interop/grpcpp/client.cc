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
#include "reply_names.h"
#include "scenario_file.h"

namespace interop {
namespace {

using Metadata = std::multimap<grpc::string_ref, grpc::string_ref>;

template <class Pairs>
void pick(const Metadata& metadata, const std::vector<std::string>& names, Pairs* to) {
  for (const std::string& name : names) {
    const auto [begin, end] = metadata.equal_range(name);
    for (auto at = begin; at != end; ++at) {
      v1::Pair& pair = *to->Add();
      pair.set_name(name);
      const std::string value(at->second.data(), at->second.size());
      is_binary(name) ? pair.set_binary(value) : pair.set_value(value);
    }
  }
}

v1::Outcome run_scenario(v1::InteropService::Stub& stub, const v1::Scenario& scenario, bool gzip) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  if (gzip) context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  for (const v1::Pair& pair : scenario.headers())
    context.AddMetadata(pair.name(), is_binary(pair.name()) ? pair.binary() : pair.value());
  v1::Outcome outcome;
  outcome.set_scenario(scenario.name());
  v1::CallResponse response;
  const grpc::Status status = stub.Exchange(&context, scenario.request(), &response);
  const auto names = reply_names(scenario.request());
  pick(context.GetServerInitialMetadata(), names, outcome.mutable_headers());
  pick(context.GetServerTrailingMetadata(), names, outcome.mutable_trailers());
  if (status.ok()) {
    *outcome.mutable_response() = response;
  } else {
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
