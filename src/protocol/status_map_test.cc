// Codes, HTTP statuses and resets.
#include "protocol/status_map.h"

#include <gtest/gtest.h>

namespace connectrpc::protocol {
namespace {

TEST(StatusMap, SixteenCodesToHttp) {
  const std::pair<Code, int> rows[] = {
      {Code::canceled, 499},
      {Code::unknown, 500},
      {Code::invalid_argument, 400},
      {Code::deadline_exceeded, 504},
      {Code::not_found, 404},
      {Code::already_exists, 409},
      {Code::permission_denied, 403},
      {Code::resource_exhausted, 429},
      {Code::failed_precondition, 400},
      {Code::aborted, 409},
      {Code::out_of_range, 400},
      {Code::unimplemented, 501},
      {Code::internal, 500},
      {Code::unavailable, 503},
      {Code::data_loss, 500},
      {Code::unauthenticated, 401},
  };
  for (const auto& [code, status] : rows) EXPECT_EQ(http_status(code), status) << to_string(code);
}

TEST(StatusMap, HttpToCodes) {
  const std::pair<int, Code> rows[] = {
      {400, Code::internal},      {401, Code::unauthenticated}, {403, Code::permission_denied},
      {404, Code::unimplemented}, {429, Code::unavailable},     {502, Code::unavailable},
      {503, Code::unavailable},   {504, Code::unavailable},     {200, Code::unknown},
      {304, Code::unknown},       {409, Code::unknown},         {412, Code::unknown},
      {413, Code::unknown},       {415, Code::unknown},         {418, Code::unknown},
      {431, Code::unknown},       {500, Code::unknown},         {505, Code::unknown},
      {800, Code::unknown},       {0, Code::unknown},
  };
  for (const auto& [status, code] : rows) EXPECT_EQ(code_of_http_status(status), code) << status;
}

TEST(StatusMap, ResetsToCodes) {
  using http::ResetReason;
  const std::pair<ResetReason, Code> rows[] = {
      {ResetReason::canceled, Code::canceled},
      {ResetReason::refused, Code::unavailable},
      {ResetReason::connection_lost, Code::unavailable},
      {ResetReason::too_busy, Code::resource_exhausted},
      {ResetReason::too_large, Code::resource_exhausted},
      {ResetReason::inadequate_security, Code::permission_denied},
      {ResetReason::protocol_error, Code::internal},
      {ResetReason::flow_control_error, Code::internal},
      {ResetReason::internal_error, Code::internal},
      {ResetReason::no_error, Code::internal},
  };
  for (const auto& [reason, code] : rows) EXPECT_EQ(code_of_reset(reason), code);
}

TEST(StatusMap, Describes) {
  EXPECT_EQ(describe_http_status(503), "HTTP 503 Service Unavailable");
  EXPECT_EQ(describe_http_status(418), "HTTP 418");
}

}  // namespace
}  // namespace connectrpc::protocol
