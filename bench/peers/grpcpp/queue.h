// EchoService on one of grpc++'s completion queues, emptied by one thread.
#pragma once

#include <grpcpp/grpcpp.h>

#include <string>

#include "bench/v1/echo.grpc.pb.h"
#include "work.h"

using AsyncService = bench::v1::EchoService::AsyncService;

/// A call, or one that is waited for; the queue gives it back with each of its steps.
class QueuedCall {
 public:
  QueuedCall(AsyncService& service, grpc::ServerCompletionQueue& queue) : service_(service), queue_(queue) {}
  virtual ~QueuedCall() = default;
  /// Takes the next step; deletes itself after the last.
  void step(bool ok) {
    if (!started_ && ok) {
      started_ = true;
      wait_for_another();
      begin();
    } else if (!started_ || finished_) {
      delete this;
    } else {
      go_on(ok);
    }
  }

 protected:
  virtual void wait_for_another() = 0;
  virtual void begin() = 0;
  virtual void go_on(bool ok) = 0;

  AsyncService& service_;
  grpc::ServerCompletionQueue& queue_;
  grpc::ServerContext context_;
  bool finished_ = false;

 private:
  bool started_ = false;
};

template <class In, class Out, auto Wait, auto Handle>
class UnaryCall final : public QueuedCall {
 public:
  UnaryCall(AsyncService& service, grpc::ServerCompletionQueue& queue)
      : QueuedCall(service, queue), responder_(&context_) {
    (service_.*Wait)(&context_, &request_, &responder_, &queue_, &queue_, this);
  }

 private:
  void wait_for_another() override { new UnaryCall(service_, queue_); }
  void begin() override {
    Handle(request_, response_);
    finished_ = true;
    responder_.Finish(response_, grpc::Status::OK, this);
  }
  void go_on(bool) override {}

  In request_;
  Out response_;
  grpc::ServerAsyncResponseWriter<Out> responder_;
};

class StreamCall final : public QueuedCall {
 public:
  StreamCall(AsyncService& service, grpc::ServerCompletionQueue& queue)
      : QueuedCall(service, queue), writer_(&context_) {
    service_.RequestStream(&context_, &request_, &writer_, &queue_, &queue_, this);
  }

 private:
  void wait_for_another() override { new StreamCall(service_, queue_); }
  void begin() override {
    left_ = request_.count();
    message_.set_payload(std::string(static_cast<std::size_t>(request_.size()), 'x'));
    go_on(true);
  }
  void go_on(bool ok) override {
    if (ok && left_-- > 0) return writer_.Write(message_, this);
    finished_ = true;
    writer_.Finish(grpc::Status::OK, this);
  }

  bench::v1::StreamRequest request_;
  bench::v1::EchoResponse message_;
  grpc::ServerAsyncWriter<bench::v1::EchoResponse> writer_;
  int left_ = 0;
};

class ChatCall final : public QueuedCall {
 public:
  ChatCall(AsyncService& service, grpc::ServerCompletionQueue& queue) : QueuedCall(service, queue), stream_(&context_) {
    service_.RequestChat(&context_, &stream_, &queue_, &queue_, this);
  }

 private:
  void wait_for_another() override { new ChatCall(service_, queue_); }
  void begin() override { stream_.Read(&request_, this); }
  void go_on(bool ok) override {
    if (!ok) {
      finished_ = true;
      stream_.Finish(grpc::Status::OK, this);
    } else if (writing_) {
      writing_ = false;
      stream_.Read(&request_, this);
    } else {
      writing_ = true;
      echo(request_, response_);
      stream_.Write(response_, this);
    }
  }

  bench::v1::EchoRequest request_;
  bench::v1::EchoResponse response_;
  grpc::ServerAsyncReaderWriter<bench::v1::EchoResponse, bench::v1::EchoRequest> stream_;
  bool writing_ = false;
};

class UploadCall final : public QueuedCall {
 public:
  UploadCall(AsyncService& service, grpc::ServerCompletionQueue& queue)
      : QueuedCall(service, queue), reader_(&context_) {
    service_.RequestUpload(&context_, &reader_, &queue_, &queue_, this);
  }

 private:
  void wait_for_another() override { new UploadCall(service_, queue_); }
  void begin() override { reader_.Read(&request_, this); }
  void go_on(bool ok) override {
    if (ok) {
      count(request_, sum_);
      reader_.Read(&request_, this);
    } else {
      finished_ = true;
      reader_.Finish(sum_, grpc::Status::OK, this);
    }
  }

  bench::v1::EchoRequest request_;
  bench::v1::IngestResponse sum_;
  grpc::ServerAsyncReader<bench::v1::IngestResponse, bench::v1::EchoRequest> reader_;
};

inline void echo_queued(bench::v1::EchoRequest& request, bench::v1::EchoResponse& response) { echo(request, response); }

inline void serve_queue(AsyncService& service, grpc::ServerCompletionQueue& queue) {
  new UnaryCall<bench::v1::EchoRequest, bench::v1::EchoResponse, &AsyncService::RequestEcho, echo_queued>(service,
                                                                                                          queue);
  new UnaryCall<bench::v1::IngestRequest, bench::v1::IngestResponse, &AsyncService::RequestIngest, ingest>(service,
                                                                                                           queue);
  new StreamCall(service, queue);
  new ChatCall(service, queue);
  new UploadCall(service, queue);
  void* tag = nullptr;
  bool ok = false;
  while (queue.Next(&tag, &ok)) static_cast<QueuedCall*>(tag)->step(ok);
}
