// The tokens of JSON.
#include "codec/json_scanner.h"

#include <gtest/gtest.h>

#include <optional>

namespace connectrpc::codec {
namespace {

std::optional<std::string> string_of(std::string_view json) {
  JsonScanner scanner(json);
  std::string string = "old";
  if (!scanner.string(string) || !scanner.at_end()) return std::nullopt;
  return string;
}

TEST(JsonScanner, TakesCharactersBehindBlanks) {
  JsonScanner scanner(" \t\r\n{ }");
  EXPECT_FALSE(scanner.take('}'));
  EXPECT_TRUE(scanner.take('{'));
  EXPECT_EQ(scanner.peek(), '}');
  EXPECT_FALSE(scanner.at_end());
  EXPECT_TRUE(scanner.take('}'));
  EXPECT_TRUE(scanner.at_end());
  EXPECT_EQ(scanner.peek(), '\0');
  EXPECT_FALSE(scanner.take('\0'));
  EXPECT_FALSE(JsonScanner("").take('{'));
}

TEST(JsonScanner, Strings) {
  EXPECT_EQ(string_of(R"("")"), "");
  EXPECT_EQ(string_of(R"( "héllo")"), "héllo");
  EXPECT_EQ(string_of(R"("\"\\\/\b\f\n\r\t")"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(string_of(R"("a\u00E9b\u20ac\u007f")"), "aéb€\x7f");
  EXPECT_EQ(string_of(R"("\u0000")"), std::string(1, '\0'));
  EXPECT_EQ(string_of(R"("before \\\" after")"), R"(before \" after)");
}

TEST(JsonScanner, StringsThatItDoesNotTake) {
  for (const std::string_view json :
       {R"()", R"(")", R"("a)", R"(a")", R"("a" b)", R"("\")", R"("\x")", R"("\u12")", R"("\u12g4")", R"("\u-123")",
        R"("\u")", R"("\ud83d\udc4b")", R"("\udc4b")", R"("\)"})
    EXPECT_EQ(string_of(json), std::nullopt) << json;
}

TEST(JsonScanner, PlainStrings) {
  std::string_view string;
  EXPECT_TRUE(JsonScanner(R"("name":1)").plain_string(string));
  EXPECT_EQ(string, "name");
  EXPECT_FALSE(JsonScanner(R"("n\u0061me")").plain_string(string));
  EXPECT_FALSE(JsonScanner(R"("name)").plain_string(string));
  EXPECT_FALSE(JsonScanner(R"(name")").plain_string(string));
}

TEST(JsonScanner, Words) {
  EXPECT_EQ(JsonScanner(" true}").word(), "true");
  EXPECT_EQ(JsonScanner("-1.5e3 ,").word(), "-1.5e3");
  EXPECT_EQ(JsonScanner("1]").word(), "1");
  EXPECT_EQ(JsonScanner("1").word(), "1");
  EXPECT_EQ(JsonScanner(",").word(), "");
}

TEST(JsonScanner, Numbers) {
  for (const std::string_view word : {"0", "-0", "7", "10", "-12.50", "1e5", "1E+5", "0.0e-0", "123456789012345678901"})
    EXPECT_TRUE(is_json_number(word)) << word;
  for (const std::string_view word : {"", "-", "+1", "01", "-01", ".5", "5.", "5.e1", "1e", "1e+", "0x10", "1 ", "NaN",
                                      "inf", "1.2.3", "--1", "1e5.0"})
    EXPECT_FALSE(is_json_number(word)) << word;
}

}  // namespace
}  // namespace connectrpc::codec
