// Requests that are used again for later calls.
#include "connectrpc/detail/request_store.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/sanitized.h"
#include "connectrpc/detail/request_message.h"

namespace connectrpc::detail {
namespace {

using google::protobuf::MessageLite;
using google::protobuf::StringValue;

const MessageLite& type() { return StringValue::default_instance(); }

#if CONNECTRPC_SANITIZED

TEST(RequestStore, KeepsNothingUnderSanitizers) { EXPECT_EQ(borrow_request(type(), 5000), nullptr); }

#else

class RequestStore : public testing::Test {
 protected:
  void SetUp() override { drop_kept_requests(); }

  static LentRequest borrow(const MessageLite& type) { return borrow_request(type, 5000); }
};

TEST_F(RequestStore, GivesTheSameMessageAgainEmpty) {
  LentRequest request = borrow(type());
  ASSERT_NE(request, nullptr);
  const MessageLite* const first = &message_of(*request);
  static_cast<StringValue&>(message_of(*request)).set_value("of another call");
  give_back_request(type(), std::move(request));
  request = borrow(type());
  EXPECT_EQ(&message_of(*request), first);
  EXPECT_EQ(message_of(*request).ByteSizeLong(), 0U);
  give_back_request(type(), std::move(request));
}

TEST_F(RequestStore, LendsOneOfATypeAtATime) {
  LentRequest request = borrow(type());
  EXPECT_EQ(borrow(type()), nullptr);
  const MessageLite& other = google::protobuf::BytesValue::default_instance();
  give_back_request(other, borrow(other));
  give_back_request(type(), std::move(request));
  request = borrow(type());
  EXPECT_NE(request, nullptr);
  give_back_request(type(), std::move(request));
}

TEST_F(RequestStore, MakesAMessageAnewAfterManyUses) {
  int uses = 0;
  for (bool anew = false; !anew && uses < 1000; ++uses) {
    LentRequest request = borrow(type());
    ASSERT_NE(request, nullptr);
    auto& message = static_cast<StringValue&>(message_of(*request));
    // Its address would not tell, its memory does.
    anew = uses != 0 && message.value().capacity() < 1000;
    message.mutable_value()->reserve(2000);
    give_back_request(type(), std::move(request));
  }
  EXPECT_EQ(uses, 65);
}

TEST_F(RequestStore, MakesAMessageAnewWhenItsArenaHasGrown) {
  const MessageLite& type = google::protobuf::Struct::default_instance();
  google::protobuf::Struct filled;
  for (int i = 0; i < 100; ++i) (*filled.mutable_fields())["number " + std::to_string(i)].set_number_value(i);
  const std::string bytes = filled.SerializeAsString();
  std::size_t least = 0;
  std::size_t most = 0;
  for (int i = 0; i < 200; ++i) {
    LentRequest request = borrow_request(type, bytes.size());
    ASSERT_NE(request, nullptr);
    auto& message = static_cast<google::protobuf::Struct&>(message_of(*request));
    EXPECT_EQ(message.fields_size(), 0);
    ASSERT_TRUE(message.ParseFromString(bytes));
    EXPECT_EQ(message.SerializeAsString().size(), bytes.size());
    const std::size_t used = message.GetArena()->SpaceUsed();
    if (i == 0) least = used;
    most = std::max(most, used);
    give_back_request(type, std::move(request));
  }
  EXPECT_GT(most, least);
  EXPECT_LT(most, 5 * least);
}

const MessageLite* const eight_types[] = {
    &google::protobuf::BoolValue::default_instance(),   &google::protobuf::BytesValue::default_instance(),
    &google::protobuf::DoubleValue::default_instance(), &google::protobuf::FloatValue::default_instance(),
    &google::protobuf::Int32Value::default_instance(),  &google::protobuf::Int64Value::default_instance(),
    &google::protobuf::UInt32Value::default_instance(), &google::protobuf::UInt64Value::default_instance()};

TEST_F(RequestStore, ForgetsTheTypeThatWasNotUsedForLongest) {
  for (const MessageLite* each : eight_types) give_back_request(*each, borrow(*each));
  give_back_request(*eight_types[0], borrow(*eight_types[0]));
  LentRequest request = borrow(type());
  ASSERT_NE(request, nullptr);  // in the place of the second
  give_back_request(type(), std::move(request));
  for (const MessageLite* each : eight_types) {
    LentRequest other = borrow(*each);
    EXPECT_NE(other, nullptr);
    give_back_request(*each, std::move(other));
  }
}

TEST_F(RequestStore, RefusesWhereAllAreLent) {
  std::vector<LentRequest> lent;
  for (const MessageLite* each : eight_types) lent.push_back(borrow(*each));
  EXPECT_EQ(borrow(type()), nullptr);
  for (std::size_t i = 0; i < lent.size(); ++i) give_back_request(*eight_types[i], std::move(lent[i]));
}

TEST_F(RequestStore, TakesWhatAnotherThreadLent) {
  // On threads of their own: what is never given back stays lent.
  LentRequest request;
  std::thread([&] { request = borrow(type()); }).join();
  ASSERT_NE(request, nullptr);
  static_cast<StringValue&>(message_of(*request)).set_value("of another thread");
  std::thread([&] { give_back_request(type(), std::move(request)); }).join();
  EXPECT_EQ(request, nullptr);
}

#endif

TEST(RequestMessage, IsEmptyAtEverySize) {
  for (const std::size_t size : {10U, 1000U, 1024U, 10'000U, 65'536U, 65'537U, 1'000'000U}) {
    for (int i = 0; i < 3; ++i) {
      RequestMessage<StringValue> message;
      MessageLite& made = message.make(size);
      EXPECT_EQ(made.ByteSizeLong(), 0U);
      static_cast<StringValue&>(made).set_value(std::string(size, 'x'));
      EXPECT_EQ((*message).value().size(), size);
    }
  }
}

TEST(RequestMessage, OfTwoAtOnceEachIsItsOwn) {
  RequestMessage<StringValue> one;
  RequestMessage<StringValue> two;
  static_cast<StringValue&>(one.make(5000)).set_value("one");
  static_cast<StringValue&>(two.make(5000)).set_value("two");
  EXPECT_EQ((*one).value(), "one");
  EXPECT_EQ((*two).value(), "two");
}

}  // namespace
}  // namespace connectrpc::detail
