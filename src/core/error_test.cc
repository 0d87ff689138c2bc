// Tests of errors and results.
#include "connectrpc/error.h"

#include <gmock/gmock.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/wrappers.pb.h>

#include <exception>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "connectrpc/detail/error_access.h"
#include "connectrpc/detail/headers_access.h"
#include "connectrpc/headers.h"
#include "connectrpc/result.h"

namespace connectrpc {
namespace {

using detail::ErrorAccess;
using google::protobuf::Duration;
using google::protobuf::StringValue;
using testing::ElementsAre;

static_assert(std::is_nothrow_copy_constructible_v<Error> && std::is_nothrow_copy_assignable_v<Error>);
static_assert(std::is_nothrow_move_constructible_v<Error> && std::is_nothrow_move_assignable_v<Error>);

Duration seconds(int count) {
  Duration duration;
  duration.set_seconds(count);
  return duration;
}

TEST(Error, CodeMessageWhat) {
  const Error error(Code::not_found, "no such user");
  EXPECT_EQ(error.code(), Code::not_found);
  EXPECT_EQ(error.message(), "no such user");
  EXPECT_STREQ(error.what(), "not_found: no such user");
  EXPECT_FALSE(error.is_remote());
  EXPECT_TRUE(error.details().empty());
  EXPECT_TRUE(error.metadata().empty());
  EXPECT_TRUE(error.headers().empty());
  EXPECT_TRUE(error.trailers().empty());
  EXPECT_STREQ(Error(Code::internal).what(), "internal");
}

TEST(Error, IsCaughtAsAnException) {
  try {
    throw Error(Code::aborted, "x");
  } catch (const std::exception& error) {
    EXPECT_STREQ(error.what(), "aborted: x");
  }
}

TEST(Error, MetadataInOrder) {
  Error error = Error(Code::not_found)
                    .with_metadata("A", "1")
                    .with_binary_metadata("b-bin", std::string("\0\1", 2))
                    .with_metadata(Headers{{"c", "3"}, {"a", "4"}});
  error.with_metadata("a", "5");
  EXPECT_THAT(error.metadata().get_all("a"), ElementsAre("1", "4", "5"));
  EXPECT_EQ(error.metadata()["b-bin"], "AAE");
  EXPECT_EQ(&ErrorAccess::own_metadata(error), &error.metadata());
  EXPECT_EQ(error.metadata().size(), 5U);
}

TEST(Error, Details) {
  StringValue text;
  text.set_value("hi");
  const Error error = Error(Code::internal)
                          .with_detail(text)
                          .with_detail(seconds(5))
                          .with_detail(ErrorDetail{"type.googleapis.com/google.protobuf.Duration", "\x08\x07"});
  ASSERT_EQ(error.details().size(), 3U);
  EXPECT_EQ(error.details()[0].type, "google.protobuf.StringValue");
  EXPECT_EQ(error.details()[2], (ErrorDetail{"google.protobuf.Duration", "\x08\x07"}));
  ASSERT_TRUE(error.detail<Duration>());
  EXPECT_EQ(error.detail<Duration>()->seconds(), 5);
  EXPECT_EQ(error.detail<StringValue>()->value(), "hi");
  EXPECT_FALSE(error.detail<google::protobuf::BoolValue>());
  StringValue wrong;
  EXPECT_FALSE(error.details()[1].unpack_to(wrong));
}

TEST(Error, BrokenDetailsAreSkipped) {
  const Error error =
      Error(Code::internal).with_detail(ErrorDetail{"google.protobuf.Duration", "\x08"}).with_detail(seconds(7));
  ASSERT_TRUE(error.detail<Duration>());
  EXPECT_EQ(error.detail<Duration>()->seconds(), 7);
}

TEST(Error, CopiesShareUntilOneIsChanged) {
  Error error = Error(Code::not_found, "text").with_metadata("a", "1");
  const Error copy = error;
  EXPECT_EQ(copy.what(), error.what());
  error.with_metadata("a", "2").with_detail(seconds(1));
  EXPECT_EQ(copy.metadata().size(), 1U);
  EXPECT_TRUE(copy.details().empty());
  EXPECT_EQ(error.metadata().size(), 2U);
  EXPECT_EQ(error.details().size(), 1U);
  Error other = error;
  ErrorAccess::set_code(other, Code::internal);
  ErrorAccess::set_message(other, "changed");
  ErrorAccess::set_remote(other, true);
  EXPECT_STREQ(other.what(), "internal: changed");
  EXPECT_TRUE(other.is_remote());
  EXPECT_STREQ(error.what(), "not_found: text");
  EXPECT_FALSE(error.is_remote());
  EXPECT_EQ(other.metadata(), error.metadata());
}

TEST(Error, CopiesMayLiveOnOtherThreads) {
  Error error = Error(Code::not_found, "text").with_metadata("a", "1");
  for (std::size_t i = 0; i < 200; ++i) {
    std::thread reader([copy = error]() mutable {
      Error last = std::move(copy);
      EXPECT_STREQ(last.what(), "not_found: text");
      EXPECT_EQ(last.metadata()["a"], "1");
      last = Error(Code::unknown);
    });
    error.with_metadata("a", "2");
    reader.join();
    EXPECT_EQ(error.metadata().size(), i + 2);
  }
}

TEST(Error, RefusedMetadataChangesNothing) {
  Error error = Error(Code::not_found).with_metadata("a", "1");
  const Error copy = error;
  EXPECT_THROW(error.with_metadata("grpc-status", "0"), std::invalid_argument);
  EXPECT_THROW(error.with_binary_metadata("a", "0"), std::invalid_argument);
  EXPECT_EQ(error.metadata(), copy.metadata());
  EXPECT_EQ(error.what(), copy.what());
}

TEST(Error, ArgumentsMayLieInTheErrorItself) {
  Error error = Error(Code::not_found).with_metadata("a", "1").with_detail(seconds(1));
  for (int i = 0; i < 7; ++i) error.with_metadata(error.metadata()).with_detail(error.details().back());
  EXPECT_EQ(error.metadata().size(), 128U);
  EXPECT_EQ(error.details().size(), 8U);
  const Error shared = error;
  error.with_metadata("b", error.metadata()["a"]).with_metadata(error.metadata());
  EXPECT_EQ(error.metadata().size(), 258U);
  EXPECT_EQ(shared.metadata().size(), 128U);
}

TEST(Error, OfAFailedCallHeadersThenTrailers) {
  Error error(Code::unavailable, "busy");
  ErrorAccess::set_remote(error, true);
  ErrorAccess::set_response(error, Headers{{"a", "h"}, {"b", "h"}}, Headers{{"a", "t"}, {"c", "t"}});
  EXPECT_TRUE(error.is_remote());
  EXPECT_EQ(error.headers().size(), 2U);
  EXPECT_EQ(error.trailers().size(), 2U);
  EXPECT_THAT(error.metadata().get_all("a"), ElementsAre("h", "t"));
  EXPECT_THAT(error.metadata().size(), 4U);
  EXPECT_TRUE(ErrorAccess::own_metadata(error).empty());
  error.with_metadata("a", "own");
  EXPECT_THAT(error.metadata().get_all("a"), ElementsAre("h", "t", "own"));
  EXPECT_THAT(ErrorAccess::own_metadata(error).get_all("a"), ElementsAre("own"));
  EXPECT_EQ(error.headers().size(), 2U);
}

TEST(Error, OneSideOfTheResponseMayBeEmpty) {
  Error only_trailers(Code::unavailable);
  ErrorAccess::set_response(only_trailers, Headers(), Headers{{"a", "t"}});
  EXPECT_EQ(only_trailers.metadata(), only_trailers.trailers());
  Error only_headers(Code::unavailable);
  ErrorAccess::set_response(only_headers, Headers{{"a", "h"}}, Headers());
  EXPECT_EQ(only_headers.metadata(), only_headers.headers());
}

TEST(Error, ValuesOfDyingErrors) {
  const auto make = [] {
    Error error = Error(Code::unavailable);
    ErrorAccess::set_response(error, Headers{{"a", "h"}}, Headers{{"b", "t"}});
    return error;
  };
  EXPECT_EQ(make().metadata().size(), 2U);
  EXPECT_EQ(make().headers(), (Headers{{"a", "h"}}));
  EXPECT_EQ(make().trailers(), (Headers{{"b", "t"}}));
}

TEST(Error, MovedFromIsStillAnError) {
  Error error(Code::not_found, "x");
  const Error moved = std::move(error);
  EXPECT_STREQ(moved.what(), "not_found: x");
  EXPECT_EQ(error.code(), Code::unknown);  // NOLINT(bugprone-use-after-move)
  EXPECT_STREQ(error.what(), "unknown");
  EXPECT_EQ(error.message(), "");
  EXPECT_TRUE(error.metadata().empty());
  EXPECT_TRUE(error.details().empty());
  error.with_metadata("a", "1");
  EXPECT_EQ(error.metadata()["a"], "1");
}

TEST(Result, ValueOrError) {
  const Result<int> value(5);
  EXPECT_TRUE(value);
  EXPECT_TRUE(value.has_value());
  EXPECT_EQ(*value, 5);
  EXPECT_EQ(value.value(), 5);
  const Result<int> error{Error(Code::not_found)};
  EXPECT_FALSE(error);
  EXPECT_EQ(error.error().code(), Code::not_found);
  EXPECT_THROW((void)error.value(), Error);
}

TEST(Result, MovesItsValueOut) {
  Result<std::unique_ptr<int>> value(std::make_unique<int>(5));
  EXPECT_EQ(*value.value(), 5);
  const std::unique_ptr<int> out = *std::move(value);
  EXPECT_EQ(*out, 5);
  Result<std::string> text(std::string("abc"));
  EXPECT_EQ(text->size(), 3U);
  text->push_back('d');
  EXPECT_EQ(std::move(text).value(), "abcd");
}

TEST(Result, OfNothing) {
  const Result<void> success;
  EXPECT_TRUE(success);
  EXPECT_NO_THROW(success.value());
  const Result<void> failure{Error(Code::aborted)};
  EXPECT_FALSE(failure);
  EXPECT_EQ(failure.error().code(), Code::aborted);
  EXPECT_THROW(failure.value(), Error);
}

}  // namespace
}  // namespace connectrpc
