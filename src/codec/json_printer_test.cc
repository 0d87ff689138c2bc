// Our JSON is protobuf's, byte for byte.
#include "codec/json_printer.h"

#include <gtest/gtest.h>

#include <limits>

#include "codec/json_plan.h"
#include "codec/json_shapes.pb.h"
#include "codec/json_shapes2.pb.h"
#include "codec/random_message_testlib.h"

namespace connectrpc::codec {
namespace {

using google::protobuf::Message;

bool is_covered() { return JsonPlan::of(*Shapes::descriptor()).covered(); }

std::string printed(const Message& message) {
  std::string json;
  return print_json(message, json) ? json : "left to protobuf";
}

void expect_same(const Message& message) {
  ASSERT_EQ(printed(message), printed_by_protobuf(message)) << message.DebugString();
}

std::string utf8(char32_t c) {
  const auto tail = [c](int shift) { return static_cast<char>(0x80 | (c >> shift & 0x3f)); };
  if (c < 0x80) return {static_cast<char>(c)};
  if (c < 0x800) return {static_cast<char>(0xc0 | c >> 6), tail(0)};
  if (c < 0x10000) return {static_cast<char>(0xe0 | c >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xf0 | c >> 18), tail(12), tail(6), tail(0)};
}

class JsonPrinter : public testing::Test {
 protected:
  void SetUp() override {
    if (!is_covered()) GTEST_SKIP() << "protobuf's own way is taken with this version of protobuf";
  }
};

TEST_F(JsonPrinter, Prints) {
  Shapes shapes;
  EXPECT_EQ(printed(shapes), "{}");
  shapes.mutable_a_leaf();
  shapes.set_an_int64(-5);
  shapes.set_a_bytes("ab");
  shapes.set_a_color(COLOR_CRIMSON);
  shapes.add_leaves()->set_name("<é>");
  shapes.add_leaves();
  shapes.set_maybe_string("");
  EXPECT_EQ(printed(shapes), R"({"anInt64":"-5","aBytes":"YWI=","aColor":"COLOR_RED","aLeaf":{},)"
                             R"("leaves":[{"name":"\u003cé\u003e"},{}],"maybeString":""})");
  expect_same(shapes);
}

TEST_F(JsonPrinter, AppendsAndKeepsTheOrderOfNumbers) {
  Shapes shapes;
  shapes.set_late("l");
  shapes.set_early("e");
  std::string json = "[";
  ASSERT_TRUE(print_json(shapes, json));
  EXPECT_EQ(json, R"([{"early":"e","late":"l"})");
}

TEST_F(JsonPrinter, NamesAreEscaped) {
  Shapes shapes;
  shapes.set_odd_name("o");
  shapes.set___x__y__("u");
  expect_same(shapes);
}

TEST_F(JsonPrinter, EveryCodePoint) {
  Leaf leaf;
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c == 0xd800) c = 0xe000;
    leaf.mutable_name()->append(utf8(c));
    if (leaf.name().size() < 0x10000 && c != 0x10ffff) continue;
    ASSERT_TRUE(printed(leaf) == printed_by_protobuf(leaf)) << "up to " << static_cast<std::uint32_t>(c);
    leaf.clear_name();
  }
}

TEST_F(JsonPrinter, PresenceIsPrinted) {
  Shapes shapes;
  shapes.set_maybe_int32(0);
  shapes.set_maybe_double(-0.0);
  shapes.set_maybe_bool(false);
  shapes.set_maybe_bytes("");
  shapes.set_maybe_color(COLOR_UNSPECIFIED);
  shapes.set_a_double(-0.0);
  shapes.set_a_float(-0.0F);
  shapes.set_chosen_int32(0);
  expect_same(shapes);
  Shapes2 shapes2;
  shapes2.set_number(7);
  shapes2.set_text("");
  shapes2.set_closed(CLOSED_TWO);
  shapes2.set_chosen_closed(CLOSED_ONE);
  expect_same(shapes2);
}

TEST_F(JsonPrinter, LeavesWhatItDoesNotKnowToProtobuf) {
  const auto is_left = [](const Message& message) {
    std::string json;
    return !print_json(message, json);
  };
  Uncovered uncovered;
  uncovered.set_name("n");
  expect_same(uncovered);
  for (const auto& set : std::initializer_list<void (*)(Uncovered&)>{
           [](Uncovered& m) { (*m.mutable_counts())["a"] = 1; }, [](Uncovered& m) { m.mutable_at(); },
           [](Uncovered& m) { m.mutable_any(); }, [](Uncovered& m) { m.mutable_wrapped(); },
           [](Uncovered& m) { m.mutable_structure(); }, [](Uncovered& m) { m.mutable_mask(); },
           [](Uncovered& m) { m.mutable_empty(); }, [](Uncovered& m) { m.mutable_lasting(); },
           [](Uncovered& m) { m.set_null(static_cast<google::protobuf::NullValue>(1)); }}) {
    uncovered.Clear();
    set(uncovered);
    EXPECT_TRUE(is_left(uncovered)) << uncovered.DebugString();
  }
  for (const auto& set : std::initializer_list<void (*)(Shapes2&)>{
           [](Shapes2& m) { m.mutable_needy()->set_number(1); }, [](Shapes2& m) { m.mutable_needy(); },
           [](Shapes2& m) { m.mutable_extendable(); }, [](Shapes2& m) { m.mutable_grouped(); },
           [](Shapes2& m) { m.ParseFromString("\x20\x63"); }}) {
    Shapes2 shapes2;
    set(shapes2);
    EXPECT_TRUE(is_left(shapes2)) << shapes2.DebugString();
  }
  EXPECT_TRUE(is_left(google::protobuf::StringValue()));
}

TEST_F(JsonPrinter, LeavesBrokenTextToProtobuf) {
  Shapes shapes;
  std::string json;
  shapes.set_a_string("plain, then \xff");
  EXPECT_FALSE(print_json(shapes, json));
  shapes.set_a_string("ok");
  shapes.add_leaves()->set_name("\xed\xa0\x80");
  EXPECT_FALSE(print_json(shapes, json));
}

TEST_F(JsonPrinter, EndsWithDepth) {
  Shapes shapes;
  Shapes* inner = &shapes;
  for (int i = 1; i < JsonPlan::most_depth; ++i) inner = inner->mutable_nested();
  expect_same(shapes);
  inner->mutable_nested();
  std::string json;
  EXPECT_FALSE(print_json(shapes, json));
}

TEST_F(JsonPrinter, RandomMessagesAreProtobufs) {
  RandomMessages random(7);
  for (int i = 0; i < 1500; ++i) {
    Shapes shapes;
    random.fill(shapes);
    expect_same(shapes);
    Shapes2 shapes2;
    random.fill(shapes2);
    if (const std::string json = printed(shapes2); json != "left to protobuf") {
      ASSERT_EQ(json, printed_by_protobuf(shapes2));
    }
  }
}

}  // namespace
}  // namespace connectrpc::codec
