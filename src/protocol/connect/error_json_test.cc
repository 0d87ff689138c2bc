// Connect's errors and ends of streams as JSON.
#include "protocol/connect/error_json.h"

#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include "protocol/connect/end_stream.h"
#include "protocol/test_support.h"

namespace connectrpc::protocol {
namespace {

std::string printed(const Error& error) {
  std::string out;
  print_error(error, out);
  return out;
}

std::string printed_end(const Error* error, const Headers& metadata) {
  std::string out;
  print_end_stream(error, metadata, out);
  return out;
}

TEST(ErrorJson, Prints) {
  EXPECT_EQ(printed(Error(Code::not_found)), R"({"code":"not_found"})");
  EXPECT_EQ(printed(Error(Code::canceled, "a \"b\"\n👋")), R"({"code":"canceled","message":"a \"b\"\n👋"})");
}

TEST(ErrorJson, PrintsDetailsUnpaddedAndReadable) {
  google::protobuf::FileDescriptorProto known;
  known.set_name("test.proto");
  Error error(Code::out_of_range, "oops");
  error.with_detail(known).with_detail(ErrorDetail{"nobody.Knows", "\x01\x02"});
  EXPECT_EQ(
      printed(error),
      R"({"code":"out_of_range","message":"oops","details":[)"
      R"({"type":"google.protobuf.FileDescriptorProto","value":"Cgp0ZXN0LnByb3Rv","debug":{"name":"test.proto"}},)"
      R"({"type":"nobody.Knows","value":"AQI"}]})");
}

TEST(ErrorJson, ReadsWhatItPrints) {
  Error error(Code::out_of_range, "oops é");
  error.with_detail(ErrorDetail{"a.B", std::string("\0\xff", 2)}).with_detail(ErrorDetail{"c.D", ""});
  std::optional<WireError> wire = parse_error(printed(error));
  ASSERT_TRUE(wire);
  const Error read = std::move(*wire).to_error(Code::unknown);
  EXPECT_EQ(read.code(), Code::out_of_range);
  EXPECT_EQ(read.message(), "oops é");
  EXPECT_TRUE(read.is_remote());
  EXPECT_TRUE(std::equal(read.details().begin(), read.details().end(), error.details().begin(), error.details().end()));
}

TEST(ErrorJson, IsLenient) {
  struct Case {
    std::string_view json;
    std::optional<Code> code;
    std::string_view message;
    std::size_t details = 0;
  };
  const Case cases[] = {
      {R"({})", {}, ""},
      {R"({"code":null,"message":"oops"})", {}, "oops"},
      {R"({"code":"foobar","message":"oops"})", {}, "oops"},
      {R"({"code":"Not_Found"})", {}, ""},
      {R"({"code":5,"message":7,"details":{}})", {}, ""},
      {R"({"code":"internal","message":null})", Code::internal, ""},
      {R"({"code":"internal","more":{"x":[1]}})", Code::internal, ""},
      {R"({"details":[{"type":"a.B","value":"AQI="},{"type":"a.B","value":"AQI"}]})", {}, "", 2},
      {R"({"details":[{"type":"x/a.B","value":"AQI","debug":"garbage","frob":1}]})", {}, "", 1},
      {R"({"details":[{"type":"a.B","value":"?"},{"type":"a.B"},{"value":"AQI"},7,null,{"type":1,"value":2}]})",
       {},
       ""},
  };
  for (const Case& c : cases) {
    const std::optional<WireError> wire = parse_error(c.json);
    ASSERT_TRUE(wire) << c.json;
    EXPECT_EQ(wire->code, c.code) << c.json;
    EXPECT_EQ(wire->message, c.message) << c.json;
    EXPECT_EQ(wire->details.size(), c.details) << c.json;
    for (const ErrorDetail& detail : wire->details) EXPECT_EQ(detail, (ErrorDetail{"a.B", "\x01\x02"}));
  }
}

TEST(ErrorJson, IsNoErrorWhatIsNoObject) {
  for (const std::string_view json : {"", "null", "[]", "\"x\"", "{", "{}x", "<html>", R"({"code":"internal")"})
    EXPECT_FALSE(parse_error(json)) << json;
}

TEST(ErrorJson, DeepDebugDoesNotHideTheError) {
  const std::string json = R"({"code":"internal","details":[{"type":"a.B","value":"AQI","debug":)" +
                           std::string(100, '[') + std::string(100, ']') + "}]}";
  const std::optional<WireError> wire = parse_error(json);
  ASSERT_TRUE(wire);
  EXPECT_EQ(wire->details.size(), 1U);
}

TEST(EndStream, Prints) {
  EXPECT_EQ(printed_end(nullptr, {}), "{}");
  EXPECT_EQ(printed_end(nullptr, {{"a", "1"}, {"b", "2"}, {"a", "3"}}), R"({"metadata":{"a":["1","3"],"b":["2"]}})");
  const Error error(Code::aborted, "x");
  EXPECT_EQ(printed_end(&error, {}), R"({"error":{"code":"aborted","message":"x"}})");
  EXPECT_EQ(printed_end(&error, {{"a", "\"q\""}}),
            R"({"error":{"code":"aborted","message":"x"},"metadata":{"a":["\"q\""]}})");
}

TEST(EndStream, Reads) {
  struct Case {
    std::string_view json;
    bool error;
    Headers metadata;
  };
  const Case cases[] = {
      {"{}", false, {}},
      {R"({"error":null})", false, {}},
      {R"({"error":{}})", true, {}},
      {R"({"error":{"code":"foobar"}})", true, {}},
      {R"({"error":"oops"})", true, {}},
      {R"({"error":[]})", true, {}},
      {R"({"code":"out_of_range"})", false, {}},
      {R"({"metadata":null})", false, {}},
      {R"({"metadata":{"X-A":["1","2"],"x-a":["3"],"B-Bin":["AQI"]}})",
       false,
       {{"x-a", "1"}, {"x-a", "2"}, {"x-a", "3"}, {"b-bin", "AQI"}}},
      {R"({"metadata":{"a":"alone","b":[1,null,"x"],"c":7,"":["x"],"d":[" t\t"]}})",
       false,
       {{"a", "alone"}, {"b", "x"}, {"d", "t"}}},
      {R"({"error":{"code":"internal"},"metadata":{"a":["1"]},"later":[{}]})", true, {{"a", "1"}}},
  };
  for (const Case& c : cases) {
    const std::optional<EndStream> end = parse_end_stream(c.json);
    ASSERT_TRUE(end) << c.json;
    EXPECT_EQ(end->error.has_value(), c.error) << c.json;
    EXPECT_EQ(end->metadata, c.metadata) << c.json;
  }
  for (const std::string_view json : {"", "null", "{", "[]", "{}{}", R"({"metadata":{"a":["1"})"})
    EXPECT_FALSE(parse_end_stream(json)) << json;
}

}  // namespace
}  // namespace connectrpc::protocol
