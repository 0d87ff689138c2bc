// Reading JSON without building a tree.
#include "protocol/json_reader.h"

#include <gtest/gtest.h>

namespace connectrpc::protocol {
namespace {

bool valid(std::string_view json) {
  JsonReader reader(json);
  return reader.skip() && reader.at_end();
}

TEST(JsonReader, TakesWhatTheGrammarTakes) {
  for (const std::string_view json :
       {"null", "true", "false", "0", "-0", "12", "-1.5e+10", "1E5", "0.25", R"("")", R"("\"\\\/\b\f\n\r\t\u00e9")",
        "[]", "{}", "[1,2]", " [ 1 , [ ] , { } ] \n", R"({"a":1,"b":{"c":[null,true]}})", "\t\r\n{}\t\r\n"}) {
    EXPECT_TRUE(valid(json)) << json;
  }
}

TEST(JsonReader, RefusesWhatItDoesNot) {
  using std::string_view_literals::operator""sv;
  for (const std::string_view json : {""sv,
                                      " "sv,
                                      "nul"sv,
                                      "nulll"sv,
                                      "True"sv,
                                      "01"sv,
                                      "-"sv,
                                      "1."sv,
                                      ".5"sv,
                                      "1e"sv,
                                      "+1"sv,
                                      "NaN"sv,
                                      "'a'"sv,
                                      "\"a"sv,
                                      "\"\\x\""sv,
                                      "\"\\u12\""sv,
                                      "\"\\u12g4\""sv,
                                      "\"\n\""sv,
                                      "\"\0\""sv,
                                      "[1,]"sv,
                                      "[,1]"sv,
                                      "[1 2]"sv,
                                      "["sv,
                                      "]"sv,
                                      "{"sv,
                                      "{\"a\"}"sv,
                                      "{\"a\":}"sv,
                                      "{\"a\":1,}"sv,
                                      "{a:1}"sv,
                                      "{1:1}"sv,
                                      "{\"a\":1 \"b\":2}"sv,
                                      "[}"sv,
                                      "{]"sv,
                                      "1 2"sv,
                                      "{}{}"sv,
                                      "\0"sv,
                                      "null\0"sv,
                                      "\xef\xbb\xbf{}"sv,
                                      "/**/1"sv}) {
    EXPECT_FALSE(valid(json)) << json;
  }
}

TEST(JsonReader, EveryTruncationIsBroken) {
  const std::string_view json = R"({"a":[1,-2.5e3,"x\u00e9\n",true,null,{"b":{}}],"c":"\ud83d\udc4b"})";
  ASSERT_TRUE(valid(json));
  for (std::size_t size = 0; size < json.size(); ++size) EXPECT_FALSE(valid(json.substr(0, size))) << size;
}

TEST(JsonReader, Strings) {
  struct Case {
    std::string_view json;
    std::string_view text;
  };
  const Case cases[] = {
      {R"("plain")", "plain"},
      {R"("\u00e9\u20ac\ud83d\udc4b")", "é€👋"},
      {R"("\u0041\n")", "A\n"},
      {R"("\ud83d")", "\xef\xbf\xbd"},
      {R"("\ud83dx")", "\xef\xbf\xbdx"},
      {R"("\ud83d\u0041")",
       "\xef\xbf\xbd"
       "A"},
      {R"("\udc4b\ud83d")", "\xef\xbf\xbd\xef\xbf\xbd"},
      {"\"\xff\"", "\xef\xbf\xbd"},
  };
  for (const Case& c : cases) {
    JsonReader reader(c.json);
    std::string text;
    EXPECT_TRUE(reader.read_string(text)) << c.json;
    EXPECT_EQ(text, c.text) << c.json;
    EXPECT_TRUE(reader.at_end());
  }
}

TEST(JsonReader, NestingIsBounded) {
  EXPECT_TRUE(valid(std::string(200, '[') + std::string(200, ']')));
  EXPECT_FALSE(valid(std::string(201, '[') + std::string(201, ']')));
  EXPECT_FALSE(valid(std::string(1'000'000, '[')));
  std::string wide = "[";
  for (int i = 0; i < 1000; ++i) wide += "[],";
  EXPECT_TRUE(valid(wide + "[]]"));
}

TEST(JsonReader, StaysBrokenOnceBroken) {
  JsonReader reader("[1,?]");
  EXPECT_FALSE(reader.skip());
  std::string text;
  EXPECT_FALSE(reader.skip());
  EXPECT_FALSE(reader.read_string(text));
  EXPECT_FALSE(reader.read_array([] { return true; }));
  EXPECT_FALSE(reader.read_object([](std::string_view) { return true; }));
  EXPECT_FALSE(reader.at_end());
}

}  // namespace
}  // namespace connectrpc::protocol
