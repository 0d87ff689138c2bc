// What generated handlers do: describe their methods, pass messages on, answer `unimplemented`.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <string>
#include <type_traits>
#include <vector>

#include "beside/v1/beside.connect.h"
#include "fake_call.h"

namespace beside::v1 {
namespace {

using connectrpc::testing::FakeCall;
using connectrpc::testing::FakeCallSync;
using testing::ElementsAre;

static_assert(ItemServiceHandler::full_name == "beside.v1.ItemService");
static_assert(ItemServiceHandler::get_method.path == "/beside.v1.ItemService/Get");
static_assert(ItemServiceHandler::get_method.name() == "Get");
static_assert(ItemServiceHandler::get_method.stream_type == connectrpc::StreamType::unary);
static_assert(ItemServiceHandler::get_method.idempotency == connectrpc::Idempotency::no_side_effects);
static_assert(ItemServiceHandler::split_method.stream_type == connectrpc::StreamType::server);
static_assert(ItemServiceHandler::collect_method.stream_type == connectrpc::StreamType::client);
static_assert(ItemServiceHandler::echo_method.stream_type == connectrpc::StreamType::bidi);
static_assert(ItemServiceHandler::echo_method.index == 3);
static_assert(std::has_virtual_destructor_v<ItemServiceHandler>);
static_assert(std::is_copy_constructible_v<ItemServiceClient>);
static_assert(!std::is_convertible_v<std::string, ItemServiceClient>);

Item item(std::string text) {
  Item result;
  result.set_text(std::move(text));
  return result;
}

class Items : public ItemServiceHandler {
 public:
  connectrpc::Task<List> get(const Item& request, connectrpc::Context&) override {
    List list;
    list.add_texts(request.text());
    co_return list;
  }
  connectrpc::Task<> split(const List& request, connectrpc::StreamWriter<Item>& responses,
                           connectrpc::Context&) override {
    for (const std::string& text : request.texts()) {
      const Item response = item(text);
      co_await responses.send(response);
    }
  }
  connectrpc::Task<List> collect(connectrpc::StreamReader<Item>& requests, connectrpc::Context&) override {
    List list;
    while (auto request = co_await requests.receive()) list.add_texts(request->text());
    co_return list;
  }
  connectrpc::Task<> echo(connectrpc::StreamReader<Item>& requests, connectrpc::StreamWriter<Item>& responses,
                          connectrpc::Context&) override {
    while (auto request = co_await requests.receive()) co_await responses.send(*request);
  }
};

class ItemsSync : public ItemServiceHandlerSync {
 public:
  List get(const Item& request, connectrpc::Context&) override {
    List list;
    list.add_texts(request.text());
    return list;
  }
  void split(const List& request, connectrpc::StreamWriterSync<Item>& responses, connectrpc::Context&) override {
    for (const std::string& text : request.texts()) responses.send(item(text));
  }
  List collect(connectrpc::StreamReaderSync<Item>& requests, connectrpc::Context&) override {
    List list;
    while (auto request = requests.receive()) list.add_texts(request->text());
    return list;
  }
  void echo(connectrpc::StreamReaderSync<Item>& requests, connectrpc::StreamWriterSync<Item>& responses,
            connectrpc::Context&) override {
    while (auto request = requests.receive()) responses.send(*request);
  }
};

std::vector<std::string> answers(connectrpc::Service& service, const connectrpc::MethodSpec& method,
                                 std::vector<std::string> requests) {
  FakeCall call;
  call.messages.requests = std::move(requests);
  boost::asio::io_context io(1);
  std::exception_ptr failure;
  boost::asio::co_spawn(io, service.call(method, call), [&](std::exception_ptr error) { failure = error; });
  io.run();
  if (failure) std::rethrow_exception(failure);
  return call.messages.responses;
}

std::vector<std::string> answers(connectrpc::ServiceSync& service, const connectrpc::MethodSpec& method,
                                 std::vector<std::string> requests) {
  FakeCallSync call;
  call.messages.requests = std::move(requests);
  service.call(method, call);
  return call.messages.responses;
}

template <class Service>
class Handlers : public testing::Test {
 public:
  Service service;
};
using Both = testing::Types<Items, ItemsSync>;
TYPED_TEST_SUITE(Handlers, Both);

TYPED_TEST(Handlers, PassMessagesOn) {
  const std::string a = item("a").SerializeAsString();
  const std::string b = item("b").SerializeAsString();
  List both;
  both.add_texts("a");
  both.add_texts("b");
  List one;
  one.add_texts("a");
  EXPECT_THAT(answers(this->service, ItemServiceHandler::get_method, {a}), ElementsAre(one.SerializeAsString()));
  EXPECT_THAT(answers(this->service, ItemServiceHandler::split_method, {both.SerializeAsString()}), ElementsAre(a, b));
  EXPECT_THAT(answers(this->service, ItemServiceHandler::collect_method, {a, b}),
              ElementsAre(both.SerializeAsString()));
  EXPECT_THAT(answers(this->service, ItemServiceHandler::echo_method, {a, b}), ElementsAre(a, b));
}

TYPED_TEST(Handlers, DescribeTheirMethods) {
  EXPECT_EQ(this->service.service_name(), "beside.v1.ItemService");
  EXPECT_THAT(this->service.methods(),
              ElementsAre(&ItemServiceHandler::get_method, &ItemServiceHandler::split_method,
                          &ItemServiceHandler::collect_method, &ItemServiceHandler::echo_method));
  for (const connectrpc::MethodSpec* method : this->service.methods()) {
    ASSERT_NE(method->descriptor(), nullptr);
    EXPECT_EQ(method->descriptor()->index(), method->index);
    EXPECT_EQ(method->descriptor()->name(), method->name());
    EXPECT_EQ(method->descriptor()->service()->full_name(), method->service());
  }
}

template <class Service>
class Defaults : public testing::Test {
 public:
  Service service;
};
using DefaultTypes = testing::Types<ItemServiceHandler, ItemServiceHandlerSync>;
TYPED_TEST_SUITE(Defaults, DefaultTypes);

TYPED_TEST(Defaults, AnswerUnimplemented) {
  for (const connectrpc::MethodSpec* method : this->service.methods()) {
    try {
      answers(this->service, *method, {""});
      ADD_FAILURE() << method->path << " answered";
    } catch (const connectrpc::Error& error) {
      EXPECT_EQ(error.code(), connectrpc::Code::unimplemented);
      EXPECT_EQ(error.message(), std::string(method->full_name()) + " is not implemented");
    }
  }
}

TYPED_TEST(Defaults, RefuseTheMethodOfAnotherService) {
  connectrpc::MethodSpec method = ItemServiceHandler::get_method;
  method.index = 4;
  EXPECT_THROW(answers(this->service, method, {}), connectrpc::Error);
}

}  // namespace
}  // namespace beside::v1
