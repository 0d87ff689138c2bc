// EchoService on grpc++'s synchronous API.
#pragma once

#include <grpcpp/grpcpp.h>

#include <string>

#include "bench/v1/echo.grpc.pb.h"
#include "work.h"

class SynchronousService final : public bench::v1::EchoService::Service {
  using EchoRequest = bench::v1::EchoRequest;
  using EchoResponse = bench::v1::EchoResponse;
  using IngestResponse = bench::v1::IngestResponse;

  grpc::Status Echo(grpc::ServerContext*, const EchoRequest* request, EchoResponse* response) override {
    echo(*request, *response);
    return grpc::Status::OK;
  }
  grpc::Status Ingest(grpc::ServerContext*, const bench::v1::IngestRequest* request,
                      IngestResponse* response) override {
    ingest(*request, *response);
    return grpc::Status::OK;
  }
  grpc::Status Stream(grpc::ServerContext*, const bench::v1::StreamRequest* request,
                      grpc::ServerWriter<EchoResponse>* writer) override {
    EchoResponse message;
    message.set_payload(std::string(static_cast<std::size_t>(request->size()), 'x'));
    for (int left = request->count(); left > 0; --left)
      if (!writer->Write(message)) return grpc::Status::CANCELLED;
    return grpc::Status::OK;
  }
  grpc::Status Chat(grpc::ServerContext*, grpc::ServerReaderWriter<EchoResponse, EchoRequest>* stream) override {
    EchoRequest request;
    EchoResponse response;
    while (stream->Read(&request)) {
      echo(request, response);
      if (!stream->Write(response)) return grpc::Status::CANCELLED;
    }
    return grpc::Status::OK;
  }
  grpc::Status Upload(grpc::ServerContext*, grpc::ServerReader<EchoRequest>* reader,
                      IngestResponse* response) override {
    EchoRequest request;
    while (reader->Read(&request)) count(request, *response);
    return grpc::Status::OK;
  }
};
