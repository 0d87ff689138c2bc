// Tests of status codes.
#include "connectrpc/code.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace connectrpc {
namespace {

TEST(Code, WordsAndNumbersOfTheProtocols) {
  const struct {
    int number;
    Code code;
    std::string_view word;
  } cases[] = {{1, Code::canceled, "canceled"},
               {2, Code::unknown, "unknown"},
               {3, Code::invalid_argument, "invalid_argument"},
               {4, Code::deadline_exceeded, "deadline_exceeded"},
               {5, Code::not_found, "not_found"},
               {6, Code::already_exists, "already_exists"},
               {7, Code::permission_denied, "permission_denied"},
               {8, Code::resource_exhausted, "resource_exhausted"},
               {9, Code::failed_precondition, "failed_precondition"},
               {10, Code::aborted, "aborted"},
               {11, Code::out_of_range, "out_of_range"},
               {12, Code::unimplemented, "unimplemented"},
               {13, Code::internal, "internal"},
               {14, Code::unavailable, "unavailable"},
               {15, Code::data_loss, "data_loss"},
               {16, Code::unauthenticated, "unauthenticated"}};
  for (const auto& [number, code, word] : cases) {
    EXPECT_EQ(static_cast<int>(code), number);
    EXPECT_EQ(code_from_number(number), code);
    EXPECT_EQ(to_string(code), word);
    EXPECT_EQ(code_from_string(word), code);
  }
}

TEST(Code, NothingElseIsACode) {
  for (const int number : {0, -1, 17, 100, 1 << 30}) EXPECT_EQ(code_from_number(number), std::nullopt);
  for (const std::string_view word :
       {"", "ok", "cancelled", "NOT_FOUND", "Not_Found", "not_found ", " not_found", "not-found", "5"})
    EXPECT_EQ(code_from_string(word), std::nullopt) << word;
  EXPECT_EQ(to_string(static_cast<Code>(0)), "unknown");
  EXPECT_EQ(to_string(static_cast<Code>(99)), "unknown");
}

}  // namespace
}  // namespace connectrpc
