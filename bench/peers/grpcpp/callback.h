// EchoService on grpc++'s callback API, which polls with threads of its own.
#pragma once

#include <grpcpp/grpcpp.h>

#include <string>

#include "bench/v1/echo.grpc.pb.h"
#include "work.h"

class CallbackService final : public bench::v1::EchoService::CallbackService {
  using EchoRequest = bench::v1::EchoRequest;
  using EchoResponse = bench::v1::EchoResponse;
  using IngestRequest = bench::v1::IngestRequest;
  using IngestResponse = bench::v1::IngestResponse;

  class Sender final : public grpc::ServerWriteReactor<EchoResponse> {
   public:
    explicit Sender(const bench::v1::StreamRequest& request) : left_(request.count()) {
      message_.set_payload(std::string(static_cast<std::size_t>(request.size()), 'x'));
      OnWriteDone(true);
    }
    void OnWriteDone(bool ok) override {
      if (ok && left_-- > 0) {
        StartWrite(&message_);
      } else {
        Finish(ok ? grpc::Status::OK : grpc::Status::CANCELLED);
      }
    }
    void OnDone() override { delete this; }

   private:
    EchoResponse message_;
    int left_;
  };

  class Chatter final : public grpc::ServerBidiReactor<EchoRequest, EchoResponse> {
   public:
    Chatter() { StartRead(&request_); }
    void OnReadDone(bool ok) override {
      if (!ok) return Finish(grpc::Status::OK);
      echo(request_, response_);
      StartWrite(&response_);
    }
    void OnWriteDone(bool ok) override {
      if (!ok) return Finish(grpc::Status::CANCELLED);
      StartRead(&request_);
    }
    void OnDone() override { delete this; }

   private:
    EchoRequest request_;
    EchoResponse response_;
  };

  class Receiver final : public grpc::ServerReadReactor<EchoRequest> {
   public:
    explicit Receiver(IngestResponse* sum) : sum_(sum) { StartRead(&request_); }
    void OnReadDone(bool ok) override {
      if (!ok) return Finish(grpc::Status::OK);
      count(request_, *sum_);
      StartRead(&request_);
    }
    void OnDone() override { delete this; }

   private:
    EchoRequest request_;
    IngestResponse* sum_;
  };

  static grpc::ServerUnaryReactor* done(grpc::CallbackServerContext* context) {
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  grpc::ServerUnaryReactor* Echo(grpc::CallbackServerContext* context, const EchoRequest* request,
                                 EchoResponse* response) override {
    echo(*request, *response);
    return done(context);
  }
  grpc::ServerUnaryReactor* Ingest(grpc::CallbackServerContext* context, const IngestRequest* request,
                                   IngestResponse* response) override {
    ingest(*request, *response);
    return done(context);
  }
  grpc::ServerWriteReactor<EchoResponse>* Stream(grpc::CallbackServerContext*,
                                                 const bench::v1::StreamRequest* request) override {
    return new Sender(*request);
  }
  grpc::ServerBidiReactor<EchoRequest, EchoResponse>* Chat(grpc::CallbackServerContext*) override {
    return new Chatter;
  }
  grpc::ServerReadReactor<EchoRequest>* Upload(grpc::CallbackServerContext*, IngestResponse* response) override {
    return new Receiver(response);
  }
};
