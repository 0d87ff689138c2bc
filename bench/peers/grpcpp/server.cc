// grpcpp_server --port P [--api callback|queue|synchronous] [--tls FOLDER] [--gzip]
#include <grpcpp/grpcpp.h>

#include <fstream>
#include <sstream>
#include <string>

#include "callback.h"
#include "options.h"
#include "queue.h"
#include "synchronous.h"

static std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

int main(int argc, char** argv) {
  const std::string api = option(argc, argv, "--api", "callback");
  const std::string tls = option(argc, argv, "--tls", "");
  auto credentials = grpc::InsecureServerCredentials();
  if (!tls.empty()) {
    grpc::SslServerCredentialsOptions options;
    options.pem_key_cert_pairs.push_back({read(tls + "/key.pem"), read(tls + "/cert.pem")});
    credentials = grpc::SslServerCredentials(options);
  }
  grpc::ServerBuilder builder;
  if (flag(argc, argv, "--gzip")) builder.SetDefaultCompressionAlgorithm(GRPC_COMPRESS_GZIP);
  builder.AddListeningPort("127.0.0.1:" + option(argc, argv, "--port", "50051"), credentials);
  CallbackService callback;
  SynchronousService synchronous;
  AsyncService asynchronous;
  if (api == "queue") {
    builder.RegisterService(&asynchronous);
    const auto queue = builder.AddCompletionQueue();
    const auto server = builder.BuildAndStart();
    serve_queue(asynchronous, *queue);
  } else {
    builder.RegisterService(api == "callback" ? static_cast<grpc::Service*>(&callback) : &synchronous);
    builder.BuildAndStart()->Wait();
  }
}
