// Generated code of protoc (with cc_generic_services), of grpc++ and of this project for the same protos, in one
// program.
#include <gtest/gtest.h>

#include <type_traits>

#include "beside/v1/beside.connect.h"
#include "beside/v1/beside.grpc.pb.h"
#include "beside/v1/beside.pb.h"
#include "beside/v1/plain.connect.h"
#include "beside/v1/plain.grpc.pb.h"

namespace beside::v1 {
namespace {

// cc_generic_services takes the service's own name, so grpc++'s class is generated into a namespace of its own.
static_assert(std::is_base_of_v<google::protobuf::Service, ItemService>);
static_assert(std::is_base_of_v<grpc::Service, with_grpc::ItemService::Service>);
static_assert(std::is_base_of_v<connectrpc::Service, ItemServiceHandler>);
// Without it grpc++ takes that name.
static_assert(std::is_base_of_v<grpc::Service, PlainService::Service>);
static_assert(std::is_base_of_v<connectrpc::Service, PlainServiceHandler>);

struct Generic : ItemService {};
struct WithGrpc : with_grpc::ItemService::Service {};
struct Plain : PlainService::Service {};

TEST(Beside, DescribeTheSameService) {
  Generic generic;
  WithGrpc with_grpc;
  ItemServiceHandler handler;
  ItemServiceHandlerSync blocking;
  EXPECT_EQ(generic.GetDescriptor()->full_name(), ItemServiceHandler::full_name);
  EXPECT_EQ(generic.GetDescriptor()->method(0), ItemServiceHandler::get_method.descriptor());
  EXPECT_EQ(with_grpc::ItemService::service_full_name(), handler.service_name());
  EXPECT_EQ(blocking.service_name(), handler.service_name());
}

TEST(Beside, DescribeTheSamePlainService) {
  Plain plain;
  PlainServiceHandler handler;
  EXPECT_EQ(PlainService::service_full_name(), handler.service_name());
  EXPECT_EQ(handler.methods().size(), 1U);
}

}  // namespace
}  // namespace beside::v1
