// EchoService with coroutines and with blocking handlers: the work that every peer does, too.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "bench/v1/echo.connect.h"

namespace bench {

inline void copy(const v1::EchoRequest& request, v1::EchoResponse& response) {
  response.set_text(request.text());
  response.set_payload(request.payload());
}

inline v1::EchoResponse same(const v1::EchoRequest& request) {
  v1::EchoResponse response;
  copy(request, response);
  return response;
}

inline v1::EchoResponse filled(int size) {
  v1::EchoResponse response;
  response.set_payload(std::string(static_cast<std::size_t>(std::max(size, 0)), 'x'));
  return response;
}

inline v1::IngestResponse sums(const v1::IngestRequest& request) {
  std::size_t bytes = 0;
  int severity = 0;
  for (const v1::LogRecord& record : request.records()) {
    severity = std::max(severity, record.severity());
    bytes += record.service().size() + record.instance().size() + record.message().size() + record.trace_id().size() +
             record.span_id().size() + record.source().file().size() + record.source().function().size();
    for (const auto& [key, value] : record.labels()) bytes += key.size() + value.size();
  }
  v1::IngestResponse response;
  response.set_count(request.records_size());
  response.set_max_severity(severity);
  response.set_bytes(static_cast<std::int64_t>(bytes));
  return response;
}

inline void add(const v1::EchoRequest& message, v1::IngestResponse& sum) {
  sum.set_count(sum.count() + 1);
  sum.set_bytes(sum.bytes() + static_cast<std::int64_t>(message.payload().size()));
}

class EchoService final : public v1::EchoServiceHandler {
  using Context = connectrpc::Context;
  template <class T = void>
  using Task = connectrpc::Task<T>;

  Task<v1::EchoResponse> echo(const v1::EchoRequest& request, Context&) override { co_return same(request); }
  Task<> stream(const v1::StreamRequest& request, connectrpc::StreamWriter<v1::EchoResponse>& responses,
                Context&) override {
    const v1::EchoResponse message = filled(request.size());
    bool more = true;
    for (int i = 0; i < request.count() && more; ++i)
      more = responses.try_send(message) || co_await responses.send(message);
  }
  Task<v1::IngestResponse> ingest(const v1::IngestRequest& request, Context&) override { co_return sums(request); }
  Task<> chat(connectrpc::StreamReader<v1::EchoRequest>& requests,
              connectrpc::StreamWriter<v1::EchoResponse>& responses, Context&) override {
    v1::EchoRequest request;
    v1::EchoResponse response;
    while (co_await requests.receive(request)) {
      copy(request, response);
      const bool more = responses.try_send(response) || co_await responses.send(response);
      if (!more) co_return;
    }
  }
  Task<v1::IngestResponse> upload(connectrpc::StreamReader<v1::EchoRequest>& requests, Context&) override {
    v1::IngestResponse sum;
    v1::EchoRequest request;
    for (bool more = true; more;) {
      more = requests.try_receive(request) || co_await requests.receive(request);
      if (more) add(request, sum);
    }
    co_return sum;
  }
};

class EchoServiceSync final : public v1::EchoServiceHandlerSync {
  using Context = connectrpc::Context;

  v1::EchoResponse echo(const v1::EchoRequest& request, Context&) override { return same(request); }
  void stream(const v1::StreamRequest& request, connectrpc::StreamWriterSync<v1::EchoResponse>& responses,
              Context&) override {
    const v1::EchoResponse message = filled(request.size());
    for (int i = 0; i < request.count(); ++i)
      if (!responses.send(message)) return;
  }
  v1::IngestResponse ingest(const v1::IngestRequest& request, Context&) override { return sums(request); }
  void chat(connectrpc::StreamReaderSync<v1::EchoRequest>& requests,
            connectrpc::StreamWriterSync<v1::EchoResponse>& responses, Context&) override {
    v1::EchoRequest request;
    v1::EchoResponse response;
    while (requests.receive(request)) {
      copy(request, response);
      if (!responses.send(response)) return;
    }
  }
  v1::IngestResponse upload(connectrpc::StreamReaderSync<v1::EchoRequest>& requests, Context&) override {
    v1::IngestResponse sum;
    v1::EchoRequest request;
    while (requests.receive(request)) add(request, sum);
    return sum;
  }
};

}  // namespace bench
