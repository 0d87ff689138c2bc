// What our parser takes means what protobuf says, and the rest is left to protobuf.
#include "codec/json_parser.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "codec/json_plan.h"
#include "codec/json_shapes.pb.h"
#include "codec/json_shapes2.pb.h"
#include "codec/message_codec.h"
#include "codec/random_message_testlib.h"

namespace connectrpc::codec {
namespace {

using google::protobuf::Message;

template <class T>
bool takes(std::string_view json) {
  T message;
  return parse_json(json, message);
}

// Whether our parser took the text; if so, as protobuf does.
template <class T>
testing::AssertionResult agrees(std::string_view json, bool& taken) {
  T ours;
  taken = parse_json(json, ours);
  if (!taken) return testing::AssertionSuccess();
  T protobufs;
  if (!parsed_by_protobuf(json, protobufs)) return testing::AssertionFailure() << "protobuf refuses " << json;
  if (ours.SerializeAsString() == protobufs.SerializeAsString()) return testing::AssertionSuccess();
  return testing::AssertionFailure() << json << "\nours: " << ours.ShortDebugString()
                                     << "\nprotobuf's: " << protobufs.ShortDebugString();
}

class JsonParser : public testing::Test {
 protected:
  void SetUp() override {
    if (!JsonPlan::of(*Shapes::descriptor()).covered())
      GTEST_SKIP() << "protobuf's own way is taken with this version of protobuf";
  }
};

TEST_F(JsonParser, TakesWhatProgramsWrite) {
  for (const std::string_view json : {
           R"({})",
           " \n{\t} \r\n",
           R"({"anInt32":-2147483648,"aUint32":4294967295})",
           R"({"anInt32":"-5","anInt64":-5})",
           R"({"anInt64":"-9223372036854775808","aUint64":"18446744073709551615"})",
           R"({"anInt64":9223372036854775807,"aUint64":18446744073709551615})",
           R"({"an_int32":1,"a_string":"by its own name"})",
           R"({ "aString" : "a" , "aBool" : true , "maybeBool" : false })",
           R"({"aDouble":1.5,"aFloat":-0.25,"maybeDouble":0})",
           R"({"aDouble":1e300,"aFloat":1.5E+10,"doubles":[-0.0,0.1,1e-300,12345678901234567890.0]})",
           R"({"aDouble":9007199254740992,"aFloat":16777216})",
           R"({"aDouble":"NaN","aFloat":"-Infinity","doubles":["Infinity"]})",
           R"({"aBytes":"","maybeBytes":"YQ==","byteses":["YWI=","YWJj","+/+/"]})",
           R"({"aColor":"COLOR_CRIMSON","colors":["COLOR_RED","COLOR_UNSPECIFIED"]})",
           R"({"aString":"\u003cé\u20AC\n\/","strings":["","\""]})",
           R"({"aLeaf":{},"leaves":[{},{"name":"n"}],"nested":{"nested":{"lateX":""}}})",
           R"({"int32s":[],"leaves":[]})",
           R"({"maybeInt32":0,"maybeString":"","chosenInt32":0})",
           R"({"chosenLeaf":{"count":3}})",
           R"({"__x__y__":"x"})",
           "{\"aString\":\"raw \x01\n\t\x7f controls\"}",
       }) {
    bool taken = false;
    EXPECT_TRUE(agrees<Shapes>(json, taken));
    EXPECT_EQ(taken, json.find("lateX") == std::string_view::npos) << json;
  }
  bool taken = false;
  EXPECT_TRUE(agrees<Shapes2>(R"({"number":7,"text":"","data":"","closed":"CLOSED_ONE","chosenText":""})", taken));
  EXPECT_TRUE(taken);
}

TEST_F(JsonParser, LeavesTheUnusualToProtobuf) {
  for (const std::string_view json : {
           "",
           "null",
           "[]",
           "{",
           "{} x",
           "{}{}",
           R"({"later":1})",
           R"({"aString":null})",
           R"({"aString":"a","aString":"b"})",
           R"({"aString":"a","a_string":"b"})",
           R"({"aString":"a",})",
           R"({"aString" "a"})",
           R"({aString:"a"})",
           R"({'aString':'a'})",
           R"({"aStrin\u0067":"a"})",
           R"({"aString":1})",
           R"({"aString":"\ud83d\udc4b"})",
           "{\"aString\":\"\xff\"}",
           R"({"anInt32":2147483648})",
           R"({"anInt32":1.0})",
           R"({"anInt32":1e2})",
           R"({"anInt32":01})",
           R"({"anInt32":-0})",
           R"({"anInt32":+1})",
           R"({"anInt32":" 1"})",
           R"({"anInt32":""})",
           R"({"anInt32":})",
           R"({"aUint32":-1})",
           R"({"anInt64":"9223372036854775808"})",
           R"({"anInt64":1.5})",
           R"({"aDouble":"1.5"})",
           R"({"aDouble":1e999})",
           R"({"aDouble":9007199254740993})",
           R"({"aDouble":-0})",
           R"({"aDouble":NaN})",
           R"({"aDouble":.5})",
           R"({"aFloat":16777217})",
           R"({"aFloat":1e39})",
           R"({"aFloat":1e-40})",
           R"({"aBool":"true"})",
           R"({"aBool":1})",
           R"({"aBool":trueish})",
           R"({"aBytes":"YQ"})",
           R"({"aBytes":"YR=="})",
           R"({"aBytes":"YWJ="})",
           R"({"aBytes":"-_-_"})",
           R"({"aBytes":"Y Q="})",
           R"({"aBytes":"===="})",
           R"({"aColor":1})",
           R"({"aColor":"color_red"})",
           R"({"aColor":"COLOR_GREEN"})",
           R"({"aLeaf":[]})",
           R"({"int32s":1})",
           R"({"int32s":[1,]})",
           R"({"int32s":[1 2]})",
           R"({"int32s":[null]})",
           R"({"int32s":[[1]]})",
           R"({"chosenInt32":1,"chosenString":""})",
       })
    EXPECT_FALSE(takes<Shapes>(json)) << json;
  for (const std::string_view json :
       {R"({"counts":{"a":1}})", R"({"at":"1970-01-01T00:00:00Z"})", R"({"any":{}})", R"({"wrapped":"w"})",
        R"({"structure":{}})", R"({"value":null})", R"({"mask":"a"})", R"({"null":null})", R"({"empty":{}})"})
    EXPECT_FALSE(takes<Uncovered>(json)) << json;
  for (const std::string_view json :
       {R"({"needy":{"number":1}})", R"({"extendable":{}})", R"({"grouped":{}})", R"({"closed":3})"})
    EXPECT_FALSE(takes<Shapes2>(json)) << json;
  EXPECT_FALSE(takes<google::protobuf::StringValue>(R"("text")"));
}

TEST_F(JsonParser, EveryByteAndEveryEscapeInAString) {
  bool taken = false;
  for (int c = 0; c < 0x80; ++c) {
    const std::string byte(1, static_cast<char>(c));
    EXPECT_TRUE(agrees<Shapes>(R"({"aString":"a)" + byte + R"(b"})", taken));
    EXPECT_TRUE(agrees<Shapes>(R"({"aString":"a\)" + byte + R"(b"})", taken));
  }
  constexpr std::string_view digits = "0123456789aBcDeF";
  std::string escapes;
  for (std::size_t unit = 0; unit < 0x10000; ++unit) {
    if (unit == 0xd800) unit = 0xe000;
    escapes += "\\u";
    for (const int shift : {12, 8, 4, 0}) escapes += digits[unit >> shift & 15];
  }
  EXPECT_TRUE(agrees<Shapes>(R"({"aString":")" + escapes + R"("})", taken));
  EXPECT_TRUE(taken);
}

TEST_F(JsonParser, EndsWithDepth) {
  const auto nested = [](int levels) {
    std::string json = "{}";
    for (int i = 1; i < levels; ++i) json = R"({"nested":)" + json + '}';
    return json;
  };
  EXPECT_TRUE(takes<Shapes>(nested(JsonPlan::most_depth)));
  EXPECT_FALSE(takes<Shapes>(nested(JsonPlan::most_depth + 1)));
}

TEST_F(JsonParser, WhatWasParsedBeforeGivingUpIsForgotten) {
  Leaf leaf;
  ASSERT_TRUE(message_codec(Codec::json).decode(R"({"name":"n","count":1.0})", leaf));
  EXPECT_EQ(leaf.ShortDebugString(), "name: \"n\" count: 1");
  leaf.set_name("old");
  ASSERT_FALSE(message_codec(Codec::json).decode(R"({"name":"n","count":"x"})", leaf));
  EXPECT_EQ(leaf.ShortDebugString(), "");
}

TEST_F(JsonParser, RandomMessagesAreProtobufs) {
  RandomMessages random(11);
  int texts = 0;
  int taken_texts = 0;
  for (int i = 0; i < 800; ++i) {
    Shapes shapes;
    random.fill(shapes);
    bool taken = false;
    ASSERT_TRUE(agrees<Shapes>(printed_by_protobuf(shapes), taken));
    texts += 1;
    taken_texts += taken;
    Shapes2 shapes2;
    random.fill(shapes2);
    ASSERT_TRUE(agrees<Shapes2>(printed_by_protobuf(shapes2), taken));
  }
  // Unknown numbers of enums, and numbers at the edges of float and double, are protobuf's.
  EXPECT_GT(taken_texts, texts / 3);
}

std::string mutated(std::string json, RandomMessages& random) {
  static constexpr std::string_view tokens[] = {
      "null",    "true", "false", "{}", "[]", ",", ":", "\"\"", "0",  "-",  "1e5", "1.5", "\"1\"", "\\u00e9",
      "\\ud83d", " ",    "\n",    "\t", "[",  "]", "{", "}",    "\"", "\\", "=",   "/",   "\x01"};
  for (std::uint32_t changes = 1 + random.below(3); changes != 0; --changes) {
    const auto size = static_cast<std::uint32_t>(json.size());
    const std::size_t at = random.below(size + 1);
    switch (random.below(5)) {
      case 0:
        if (at < size) json[at] = static_cast<char>(json[at] ^ (1 << random.below(8)));
        break;
      case 1: json.insert(at, tokens[random.below(std::size(tokens))]); break;
      case 2: json.erase(at, random.below(4)); break;
      case 3:
        json.replace(at, std::min<std::size_t>(random.below(6), size - at), tokens[random.below(std::size(tokens))]);
        break;
      case 4:
        if (at < size) json[at] = json[random.below(size)];
        break;
    }
  }
  return json;
}

TEST_F(JsonParser, WhatItTakesOfMutatedTextsProtobufTakesToo) {
  RandomMessages random(13);
  int taken_texts = 0;
  for (int i = 0; i < 1200; ++i) {
    Shapes shapes;
    random.fill(shapes, 1);
    const std::string json = printed_by_protobuf(shapes);
    for (int j = 0; j < 40; ++j) {
      bool taken = false;
      ASSERT_TRUE(agrees<Shapes>(mutated(json, random), taken));
      taken_texts += taken;
    }
  }
  EXPECT_GT(taken_texts, 1000);
}

}  // namespace
}  // namespace connectrpc::codec
