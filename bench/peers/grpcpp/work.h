// What each of the three servers does with a message.
#pragma once

#include <algorithm>
#include <string>

#include "bench/v1/echo.pb.h"

// `request` is given up where the API lets it.
inline void echo(bench::v1::EchoRequest& request, bench::v1::EchoResponse& response) {
  response.mutable_text()->swap(*request.mutable_text());
  response.mutable_payload()->swap(*request.mutable_payload());
}

inline void echo(const bench::v1::EchoRequest& request, bench::v1::EchoResponse& response) {
  response.set_text(request.text());
  response.set_payload(request.payload());
}

inline void ingest(const bench::v1::IngestRequest& request, bench::v1::IngestResponse& response) {
  std::size_t bytes = 0;
  for (const auto& record : request.records()) {
    response.set_max_severity(std::max(response.max_severity(), record.severity()));
    for (const std::string* text : {&record.service(), &record.instance(), &record.message(), &record.trace_id(),
                                    &record.span_id(), &record.source().file(), &record.source().function()}) {
      bytes += text->size();
    }
    for (const auto& [key, value] : record.labels()) bytes += key.size() + value.size();
  }
  response.set_count(request.records_size());
  response.set_bytes(static_cast<std::int64_t>(bytes));
}

inline void count(const bench::v1::EchoRequest& request, bench::v1::IngestResponse& sum) {
  sum.set_count(sum.count() + 1);
  sum.set_bytes(sum.bytes() + static_cast<std::int64_t>(request.payload().size()));
}
