// Requests that are used again for later calls.
#include "connectrpc/detail/request_store.h"

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include <memory>
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

TEST(RequestStore, KeepsNothingUnderSanitizers) { EXPECT_EQ(borrow_request(type()), nullptr); }

#else

class RequestStore : public testing::Test {
 protected:
  void SetUp() override { drop_kept_requests(); }
};

TEST_F(RequestStore, GivesTheSameMessageAgainEmpty) {
  auto message = borrow_request(type());
  ASSERT_NE(message, nullptr);
  const MessageLite* const first = message.get();
  static_cast<StringValue&>(*message).set_value("of another call");
  give_back_request(type(), std::move(message));
  message = borrow_request(type());
  EXPECT_EQ(message.get(), first);
  EXPECT_EQ(message->ByteSizeLong(), 0U);
  give_back_request(type(), std::move(message));
}

TEST_F(RequestStore, LendsOneOfATypeAtATime) {
  auto message = borrow_request(type());
  EXPECT_EQ(borrow_request(type()), nullptr);
  const MessageLite& other = google::protobuf::BytesValue::default_instance();
  give_back_request(other, borrow_request(other));
  give_back_request(type(), std::move(message));
  message = borrow_request(type());
  EXPECT_NE(message, nullptr);
  give_back_request(type(), std::move(message));
}

TEST_F(RequestStore, MakesAMessageAnewAfterManyUses) {
  int uses = 0;
  for (bool anew = false; !anew && uses < 1000; ++uses) {
    auto message = borrow_request(type());
    ASSERT_NE(message, nullptr);
    // Its address would not tell, its memory does.
    anew = uses != 0 && static_cast<StringValue&>(*message).value().capacity() < 1000;
    static_cast<StringValue&>(*message).mutable_value()->reserve(2000);
    give_back_request(type(), std::move(message));
  }
  EXPECT_EQ(uses, 65);
}

TEST_F(RequestStore, ForgetsTheTypeThatWasNotUsedForLongest) {
  const MessageLite* const types[] = {
      &google::protobuf::BoolValue::default_instance(),   &google::protobuf::BytesValue::default_instance(),
      &google::protobuf::DoubleValue::default_instance(), &google::protobuf::FloatValue::default_instance(),
      &google::protobuf::Int32Value::default_instance(),  &google::protobuf::Int64Value::default_instance(),
      &google::protobuf::UInt32Value::default_instance(), &google::protobuf::UInt64Value::default_instance()};
  for (const MessageLite* each : types) give_back_request(*each, borrow_request(*each));
  give_back_request(*types[0], borrow_request(*types[0]));
  auto message = borrow_request(type());
  ASSERT_NE(message, nullptr);  // in the place of the second
  give_back_request(type(), std::move(message));
  for (const MessageLite* each : types) {
    auto other = borrow_request(*each);
    EXPECT_NE(other, nullptr);
    give_back_request(*each, std::move(other));
  }
}

TEST_F(RequestStore, RefusesWhereAllAreLent) {
  const MessageLite* const types[] = {
      &google::protobuf::BoolValue::default_instance(),   &google::protobuf::BytesValue::default_instance(),
      &google::protobuf::DoubleValue::default_instance(), &google::protobuf::FloatValue::default_instance(),
      &google::protobuf::Int32Value::default_instance(),  &google::protobuf::Int64Value::default_instance(),
      &google::protobuf::UInt32Value::default_instance(), &google::protobuf::UInt64Value::default_instance()};
  std::vector<std::unique_ptr<MessageLite>> lent;
  for (const MessageLite* each : types) lent.push_back(borrow_request(*each));
  EXPECT_EQ(borrow_request(type()), nullptr);
  for (std::size_t i = 0; i < lent.size(); ++i) give_back_request(*types[i], std::move(lent[i]));
}

TEST_F(RequestStore, TakesWhatAnotherThreadLent) {
  // On threads of their own: what is never given back stays lent.
  std::unique_ptr<MessageLite> message;
  std::thread([&] { message = borrow_request(type()); }).join();
  ASSERT_NE(message, nullptr);
  std::thread([&] { give_back_request(type(), std::move(message)); }).join();
  EXPECT_EQ(message, nullptr);
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
