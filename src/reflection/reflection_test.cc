// Reflection: what it tells of generated schemas and of others.
#include "connectrpc/reflection.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/text_format.h>
#include <grpc/reflection/v1/reflection.connect.h>
#include <grpc/reflection/v1alpha/reflection.connect.h>
#include <gtest/gtest.h>

#include <array>
#include <stdexcept>
#include <string>
#include <vector>

#include "connectrpc/client.h"
#include "connectrpc/testing/in_memory_server.h"

namespace connectrpc {
namespace {

using google::protobuf::FileDescriptorProto;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A pool of a program that reads its schemas while it runs.
const google::protobuf::DescriptorPool& other_pool() {
  static const auto* const pool = [] {
    auto* made = new google::protobuf::DescriptorPool();
    const char* const texts[] = {
        R"(name: "late/base.proto" package: "late" syntax: "proto2"
           message_type { name: "Base" extension_range { start: 100 end: 200 } })",
        R"(name: "late/late.proto" package: "late" syntax: "proto2" dependency: "late/base.proto"
           extension { name: "b" number: 120 extendee: ".late.Base" type: TYPE_INT32 label: LABEL_OPTIONAL }
           extension { name: "a" number: 110 extendee: ".late.Base" type: TYPE_STRING label: LABEL_OPTIONAL }
           service { name: "Late" method { name: "Go" input_type: ".late.Base" output_type: ".late.Base" } })"};
    for (const char* const text : texts) {
      FileDescriptorProto file;
      if (!google::protobuf::TextFormat::ParseFromString(text, &file) || made->BuildFile(file) == nullptr) {
        throw std::logic_error(text);
      }
    }
    return made;
  }();
  return *pool;
}

// A service that no code was generated for.
class LateService : public Service {
 public:
  std::string_view service_name() const noexcept override { return "late.Late"; }
  std::span<const MethodSpec* const> methods() const noexcept override { return methods_; }
  Task<> call(const MethodSpec&, detail::ServerCall&) override { throw Error(Code::unimplemented, "not here"); }

 private:
  static const google::protobuf::MethodDescriptor* go() { return other_pool().FindMethodByName("late.Late.Go"); }
  const MethodSpec go_{"/late.Late/Go", StreamType::unary, Idempotency::unknown, 0, &go};
  const std::array<const MethodSpec*, 1> methods_{&go_};
};

struct V1 {
  using Client = grpc::reflection::v1::ServerReflectionClientSync;
  using Request = grpc::reflection::v1::ServerReflectionRequest;
  using Response = grpc::reflection::v1::ServerReflectionResponse;
};
struct V1Alpha {
  using Client = grpc::reflection::v1alpha::ServerReflectionClientSync;
  using Request = grpc::reflection::v1alpha::ServerReflectionRequest;
  using Response = grpc::reflection::v1alpha::ServerReflectionResponse;
};

template <class Version>
class ReflectionTest : public ::testing::Test {
 protected:
  using Request = typename Version::Request;
  using Response = typename Version::Response;

  ReflectionTest() {
    add_reflection(server_);
    server_.add(late_).add(late_, "/api");
    ChannelOptions options;
    options.protocol = Protocol::grpc;
    options.timeout = std::chrono::seconds(20);
    client_.emplace(server_.channel(options));
  }

  // One stream with these questions.
  std::vector<Response> ask_all(const std::vector<Request>& requests) {
    auto call = client_->server_reflection_info();
    std::vector<Response> responses;
    for (const Request& request : requests) {
      call.send(request);
      responses.push_back(call.receive().value());
      EXPECT_EQ(responses.back().valid_host(), request.host());
      EXPECT_EQ(responses.back().original_request().SerializeAsString(), request.SerializeAsString());
    }
    call.close_send();
    EXPECT_FALSE(call.receive());
    return responses;
  }
  Response ask(const Request& request) { return ask_all({request}).front(); }

  static Request by_name(const std::string& name) {
    Request request;
    request.set_host("reflected.example");
    request.set_file_by_filename(name);
    return request;
  }
  static Request by_symbol(const std::string& name) {
    Request request;
    request.set_file_containing_symbol(name);
    return request;
  }
  static Request by_extension(const std::string& type, int number) {
    Request request;
    request.mutable_file_containing_extension()->set_containing_type(type);
    request.mutable_file_containing_extension()->set_extension_number(number);
    return request;
  }
  static Request numbers_of(const std::string& type) {
    Request request;
    request.set_all_extension_numbers_of_type(type);
    return request;
  }
  static std::vector<std::string> files_in(const Response& response) {
    std::vector<std::string> names;
    for (const std::string& bytes : response.file_descriptor_response().file_descriptor_proto()) {
      FileDescriptorProto file;
      EXPECT_TRUE(file.ParseFromString(bytes));
      names.push_back(file.name());
    }
    return names;
  }
  static std::string fault_in(const Response& response) {
    return std::to_string(response.error_response().error_code()) + " " + response.error_response().error_message();
  }

  LateService late_;
  testing::InMemoryServer server_;
  std::optional<typename Version::Client> client_;
};

using Versions = ::testing::Types<V1, V1Alpha>;
TYPED_TEST_SUITE(ReflectionTest, Versions);

TYPED_TEST(ReflectionTest, ListsTheServicesOfTheServerEachOnce) {
  typename TypeParam::Request request;
  request.set_list_services("");
  const auto response = this->ask(request);
  std::vector<std::string> names;
  for (const auto& service : response.list_services_response().service()) names.push_back(service.name());
  EXPECT_THAT(names, ElementsAre("grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection",
                                 "late.Late"));
}

TYPED_TEST(ReflectionTest, GivesFilesByName) {
  const auto response = this->ask(this->by_name("grpc/reflection/v1/reflection.proto"));
  ASSERT_EQ(response.file_descriptor_response().file_descriptor_proto_size(), 1);
  FileDescriptorProto file;
  ASSERT_TRUE(file.ParseFromString(response.file_descriptor_response().file_descriptor_proto(0)));
  EXPECT_EQ(file.package(), "grpc.reflection.v1");
  EXPECT_EQ(file.service(0).method_size(), 1);
  EXPECT_EQ(this->fault_in(this->ask(this->by_name("grpc/reflection/v2/reflection.proto"))),
            "5 no file \"grpc/reflection/v2/reflection.proto\"");
}

TYPED_TEST(ReflectionTest, GivesFilesBySymbolsOfEveryKind) {
  for (const char* symbol :
       {"grpc.reflection.v1.ServerReflection", "grpc.reflection.v1.ServerReflection.ServerReflectionInfo",
        "grpc.reflection.v1.ErrorResponse", "grpc.reflection.v1.ErrorResponse.error_code"}) {
    EXPECT_THAT(this->files_in(this->ask(this->by_symbol(symbol))), ElementsAre("grpc/reflection/v1/reflection.proto"))
        << symbol;
  }
  for (const char* symbol : {"late.b", "late.Late.Go"}) {
    EXPECT_THAT(this->files_in(this->ask(this->by_symbol(symbol))), ElementsAre("late/late.proto", "late/base.proto"));
  }
}

TYPED_TEST(ReflectionTest, ImportsAreGivenOnceAStream) {
  const auto responses =
      this->ask_all({this->by_name("late/late.proto"), this->by_symbol("late.Late"), this->by_name("late/base.proto"),
                     this->by_symbol("grpc.reflection.v1.ErrorResponse")});
  EXPECT_THAT(this->files_in(responses[0]), ElementsAre("late/late.proto", "late/base.proto"));
  EXPECT_THAT(this->files_in(responses[1]), ElementsAre("late/late.proto"));
  EXPECT_THAT(this->files_in(responses[2]), ElementsAre("late/base.proto"));
  EXPECT_THAT(this->files_in(responses[3]), ElementsAre("grpc/reflection/v1/reflection.proto"));
}

TYPED_TEST(ReflectionTest, KnowsExtensions) {
  EXPECT_THAT(this->files_in(this->ask(this->by_extension("late.Base", 110))),
              ElementsAre("late/late.proto", "late/base.proto"));
  EXPECT_EQ(this->fault_in(this->ask(this->by_extension("late.Base", 111))),
            "5 no file has an extension 111 of \"late.Base\"");
  EXPECT_EQ(this->fault_in(this->ask(this->by_extension("late.None", 110))),
            "5 no file has an extension 110 of \"late.None\"");
  const auto response = this->ask(this->numbers_of("late.Base"));
  EXPECT_EQ(response.all_extension_numbers_response().base_type_name(), "late.Base");
  EXPECT_THAT(response.all_extension_numbers_response().extension_number(), ElementsAre(110, 120));
  const auto none = this->ask(this->numbers_of("grpc.reflection.v1.ErrorResponse"));
  EXPECT_TRUE(none.has_all_extension_numbers_response());
  EXPECT_THAT(none.all_extension_numbers_response().extension_number(), IsEmpty());
  EXPECT_EQ(this->fault_in(this->ask(this->numbers_of("late.None"))), "5 no message \"late.None\"");
}

TYPED_TEST(ReflectionTest, OddQuestionsAreAnsweredInTheirStreamAndNothingIsPrinted) {
  ::testing::internal::CaptureStderr();
  const auto responses =
      this->ask_all({typename TypeParam::Request(), this->by_symbol(""), this->by_symbol("."),
                     this->by_symbol("a..b\"\n"), this->by_name("../../etc/passwd"), this->numbers_of(".late.Base"),
                     this->by_extension("", -1), this->by_symbol("grpc.reflection.v1.ServerReflection")});
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(this->fault_in(responses[0]), "3 the request asks for nothing that this server knows");
  for (std::size_t i = 1; i + 1 < responses.size(); ++i) {
    EXPECT_EQ(responses[i].error_response().error_code(), 5) << i << ": " << responses[i].ShortDebugString();
  }
  EXPECT_THAT(this->files_in(responses.back()), ElementsAre("grpc/reflection/v1/reflection.proto"));
}

TEST(ReflectionOptionsTest, MethodsAreNeeded) {
  EXPECT_THROW(make_reflection_v1(nullptr), std::invalid_argument);
  EXPECT_THROW(make_reflection_v1alpha(nullptr), std::invalid_argument);
}

}  // namespace
}  // namespace connectrpc
