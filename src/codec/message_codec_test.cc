// Messages to bytes and back, and what is said about those that cannot.
#include "codec/message_codec.h"

#include <gmock/gmock.h>
#include <google/protobuf/any.pb.h>
#include <google/protobuf/api.pb.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/type.pb.h>
#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "codec/detail_json.h"
#include "codec/json_shapes.pb.h"
#include "codec/random_message_testlib.h"

namespace connectrpc::codec {
namespace {

using google::protobuf::StringValue;
using google::protobuf::Struct;
using google::protobuf::Type;
using google::protobuf::UninterpretedOption;
using testing::HasSubstr;
using testing::Not;

const MessageCodec& proto = message_codec(Codec::proto);
const MessageCodec& json = message_codec(Codec::json);

StringValue text(std::string value) {
  StringValue message;
  message.set_value(std::move(value));
  return message;
}

std::string encoded(const MessageCodec& codec, const google::protobuf::MessageLite& message) {
  std::string out;
  codec.encode(message, out, false).value();
  return out;
}

template <class T>
T decoded(const MessageCodec& codec, std::string_view bytes) {
  T message;
  codec.decode(bytes, message).value();
  return message;
}

template <class T>
Error fault(const MessageCodec& codec, std::string_view bytes) {
  T message;
  const Result<void> result = codec.decode(bytes, message);
  if (result) return Error(Code::unknown, "no fault");
  EXPECT_THAT(result.error().message(), Not(HasSubstr("\n")));
  return result.error();
}

TEST(MessageCodec, KnowsItself) {
  EXPECT_EQ(proto.codec(), Codec::proto);
  EXPECT_EQ(json.codec(), Codec::json);
}

TEST(MessageCodec, ProtoGoesThereAndBack) {
  EXPECT_EQ(encoded(proto, text("hi")), "\x0a\x02hi");
  EXPECT_EQ(decoded<StringValue>(proto, "\x0a\x02hi").value(), "hi");
  EXPECT_EQ(encoded(proto, StringValue()), "");
  EXPECT_EQ(decoded<StringValue>(proto, "").value(), "");
}

TEST(MessageCodec, JsonGoesThereAndBack) {
  Type message;
  message.set_name("n");
  message.add_oneofs("o");
  message.set_syntax(google::protobuf::SYNTAX_PROTO3);
  message.mutable_source_context()->set_file_name("f");
  const std::string expected =
      R"({"name":"n","oneofs":["o"],"sourceContext":{"fileName":"f"},"syntax":"SYNTAX_PROTO3"})";
  EXPECT_EQ(encoded(json, message), expected);
  EXPECT_EQ(decoded<Type>(json, expected).SerializeAsString(), message.SerializeAsString());
}

TEST(MessageCodec, EncodeAppends) {
  for (const MessageCodec* codec : {&proto, &json}) {
    for (const bool stable : {false, true}) {
      std::string out = "12345";
      ASSERT_TRUE(codec->encode(text("hi"), out, stable));
      EXPECT_EQ(out, "12345" + encoded(*codec, text("hi")));
    }
  }
}

TEST(MessageCodec, DecodeReplaces) {
  StringValue message = text("old");
  ASSERT_TRUE(proto.decode("", message));
  EXPECT_EQ(message.value(), "");
  Type type;
  type.set_name("old");
  type.add_oneofs("old");
  ASSERT_TRUE(json.decode(R"({"oneofs":["new"]})", type));
  EXPECT_EQ(type.name(), "");
  EXPECT_EQ(type.oneofs_size(), 1);
}

TEST(MessageCodec, StableEncodingDoesNotDependOnHistory) {
  Struct one;
  Struct other;
  for (int i = 0; i < 100; ++i) (*one.mutable_fields())["key" + std::to_string(i)].set_number_value(i);
  for (int i = 99; i >= 0; --i) (*other.mutable_fields())["key" + std::to_string(i)].set_number_value(i);
  for (const MessageCodec* codec : {&proto, &json}) {
    std::string a;
    std::string b;
    ASSERT_TRUE(codec->encode(one, a, true));
    ASSERT_TRUE(codec->encode(other, b, true));
    EXPECT_EQ(a, b);
    EXPECT_EQ(decoded<Struct>(*codec, a).fields_size(), 100);
  }
}

TEST(MessageCodec, StableJsonIsProtobufsOwn) {
  RandomMessages random(17);
  for (int i = 0; i < 100; ++i) {
    Shapes shapes;
    random.fill(shapes);
    std::string stable;
    ASSERT_TRUE(json.encode(shapes, stable, true));
    EXPECT_EQ(stable, printed_by_protobuf(shapes));
    EXPECT_EQ(stable, encoded(json, shapes));
  }
}

TEST(MessageCodec, JsonIgnoresUnknownFields) {
  EXPECT_EQ(decoded<Type>(json, R"({"name":"n","later":{"x":[1,2,{}]}})").name(), "n");
}

TEST(MessageCodec, BrokenProtoSaysWhere) {
  struct Case {
    std::string_view bytes;
    std::string_view says;
  };
  using std::string_view_literals::operator""sv;
  const Case cases[] = {
      {"\x0a\x05hi"sv, "field 1 at byte 0 is broken or cut off"},
      {"\x0a\x02hi\x10\x80"sv, "field 2 at byte 4 is broken or cut off"},
      {"\x0a"sv, "field 1 at byte 0"},
      {"\x00"sv, "no field begins at byte 0"},
      {"\x0a\x01\xff"sv, "not UTF-8"},
  };
  for (const Case& c : cases) {
    const Error error = fault<StringValue>(proto, c.bytes);
    EXPECT_EQ(error.code(), Code::invalid_argument);
    EXPECT_THAT(error.message(), HasSubstr(std::string(c.says)));
    EXPECT_THAT(error.message(), HasSubstr("google.protobuf.StringValue"));
  }
}

TEST(MessageCodec, BrokenJsonSaysWhereInOneLine) {
  struct Case {
    std::string_view json;
    std::string_view says;
  };
  const Case cases[] = {
      {R"({"name" 1})", "(line 1, column 9)"},
      {"{\"name\":\"n\",\n \"oneofs\" 5, \"fields\":[]}", "line 2, column 11"},
      {R"({"name": 1})", "(name): invalid value 1"},
      {R"({"fields":[{"number":"x"}]})", "(fields[0].number)"},
      {R"({"name": {}})", "for type name"},
      {"", "at the end"},
      {"null", "must be a message"},
      {R"({"name":"n"} x)", "(line 1, column 14)"},
      {"{\"name\":\"\xff\"}", "UTF-8"},
  };
  for (const Case& c : cases) {
    const Error error = fault<Type>(json, c.json);
    EXPECT_EQ(error.code(), Code::invalid_argument);
    EXPECT_THAT(error.message(), HasSubstr(std::string(c.says))) << c.json;
    EXPECT_THAT(error.message(), testing::StartsWith("cannot decode google.protobuf.Type from JSON: "));
  }
}

TEST(MessageCodec, FaultsAreShortWhateverTheyQuote) {
  const std::string long_value = R"({"fields":[{"number":")" + std::string(100'000, 'x') + R"("}]})";
  EXPECT_LT(fault<Type>(json, long_value).message().size(), 300U);
  EXPECT_EQ(fault<google::protobuf::Value>(json, std::string(100'000, '[')).code(), Code::invalid_argument);
}

TEST(MessageCodec, JsonRefusesStringsThatAreNotText) {
  Type message;
  message.add_fields();
  message.add_fields()->set_json_name(
      "ab\xff"
      "cd");
  std::string out = "kept";
  const Result<void> result = json.encode(message, out, false);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::internal);
  EXPECT_THAT(result.error().message(), HasSubstr("fields.json_name is not UTF-8"));
  EXPECT_EQ(out, "kept");

  Type repeated;
  repeated.add_oneofs("fine");
  repeated.add_oneofs("\xc3");
  EXPECT_FALSE(json.encode(repeated, out, false));
  Struct key;
  (*key.mutable_fields())["\xff"].set_bool_value(true);
  EXPECT_FALSE(json.encode(key, out, false));
  EXPECT_TRUE(json.encode(text("héllo, 世界 👋"), out, false));
}

TEST(MessageCodec, NothingThatIsReceivedIsPrinted) {
  testing::internal::CaptureStderr();
  const std::string no_text = "\x0a\x02\xff\xfe";
  EXPECT_THAT(fault<StringValue>(proto, no_text).message(), HasSubstr("not UTF-8"));
  EXPECT_THAT(fault<UninterpretedOption>(proto, std::string("\x12\x00", 2)).message(), HasSubstr("required"));
  fault<StringValue>(json, "\"\xff\xfe\"");
  fault<Struct>(json, "{\"a\": \xff}");
  ErrorDetail detail{"google.protobuf.StringValue", no_text};
  StringValue message;
  EXPECT_FALSE(detail.unpack_to(message));
  Headers headers;
  headers.set_binary("text-bin", no_text);
  EXPECT_FALSE(headers.get_message<StringValue>("text-bin"));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(MessageCodec, MissingRequiredFieldsAreErrorsNotAborts) {
  UninterpretedOption message;
  message.add_name();
  std::string out;
  for (const MessageCodec* codec : {&proto, &json}) {
    const Result<void> result = codec->encode(message, out, false);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Code::internal);
    EXPECT_THAT(result.error().message(), HasSubstr("name_part"));
  }
  EXPECT_EQ(out, "");
  EXPECT_THAT(fault<UninterpretedOption>(proto, std::string_view("\x12\x00", 2)).message(), HasSubstr("name_part"));
  EXPECT_EQ(fault<UninterpretedOption>(json, R"({"name":[{"isExtension":true}]})").code(), Code::invalid_argument);
}

TEST(MessageCodec, JsonThatCannotBePrintedLeavesNothingBehind) {
  google::protobuf::Timestamp far;
  far.set_seconds(400'000'000'000);
  std::string out = "kept";
  const Result<void> result = json.encode(far, out, false);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::internal);
  EXPECT_EQ(out, "kept");
  google::protobuf::Any unknown;
  unknown.set_type_url("type.googleapis.com/nobody.Knows");
  unknown.set_value("x");
  EXPECT_FALSE(json.encode(unknown, out, false));
  EXPECT_EQ(out, "kept");
}

TEST(DetailJson, IsBestEffort) {
  EXPECT_EQ(detail_json("google.protobuf.StringValue", "\x0a\x02hi"), "\"hi\"");
  EXPECT_EQ(detail_json("google.protobuf.Type", "\x0a\x02hi"), R"({"name":"hi"})");
  EXPECT_EQ(detail_json("nobody.Knows", "x"), "");
  EXPECT_EQ(detail_json("google.protobuf.Type", "\x0a\x05hi"), "");
  EXPECT_EQ(detail_json("", ""), "");
}

}  // namespace
}  // namespace connectrpc::codec
