// The cases of metadata through every way to make a call: what was seen must be equal, and what was promised.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "metadata/compare.h"
#include "metadata/matrix.h"

namespace connectrpc::metadata_test {
namespace {

struct Case {
  std::string name;
  Script script;
};

// The same pairs in all four places, so that each case speaks of each.
Script everywhere(const Headers& pairs) {
  Script script;
  script.request_headers = pairs;
  script.response_headers = pairs;
  script.response_trailers = pairs;
  return script;
}

Script failing(const Headers& context_headers, const Headers& own, const Headers& context_trailers) {
  Script script;
  script.response_headers = context_headers;
  script.response_trailers = context_trailers;
  Error error(Code::failed_precondition, "not now");
  for (const auto& [name, value] : own) error.with_metadata(name, value);
  script.error = error;
  return script;
}

std::string bytes_of(int size) {
  std::string bytes;
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(i * 37 + 200);
  return bytes;
}

// A case for success and one for failure with the same pairs.
void add_both(std::vector<Case>& cases, const std::string& name, const Headers& pairs) {
  cases.push_back({name, everywhere(pairs)});
  Script script = failing(pairs, pairs, pairs);
  script.request_headers = pairs;
  cases.push_back({name + ", failing", script});
}

std::vector<Case> names_and_values() {
  std::vector<Case> cases;
  add_both(cases, "nothing", {});
  add_both(cases, "one pair", {{"a", "b"}});
  add_both(cases, "duplicates", {{"a", "1"}, {"a", "2"}, {"a", "1"}});
  add_both(cases, "interleaved", {{"a", "1"}, {"b", "x"}, {"a", "2"}, {"b", "y"}, {"a", "3"}});
  add_both(cases, "upper case", {{"UPPER", "1"}, {"MiXeD-Case", "2"}, {"upper", "3"}});
  add_both(cases, "all signs of names", {{"a_b-c.d0", "1"}, {"_", "2"}, {"-", "3"}, {".", "4"}, {"0", "5"}});
  add_both(cases, "a long name", {{std::string(8 * 1024, 'n'), "1"}});
  add_both(cases, "an empty value", {{"empty", ""}, {"empty", "x"}, {"empty", ""}});
  add_both(cases, "commas", {{"commas", "a,b, c ,,"}, {"commas", ","}});
  add_both(cases, "inner spaces and signs", {{"signs", "a  b !\"#$%&'()*+/:;<=>?@[\\]^`{|}~"}});
  add_both(cases, "percents", {{"percent", "%41%zz%"}});
  add_both(cases, "a long value", {{"long", std::string(64 * 1024, 'v')}});
  Headers many;
  for (int i = 0; i < 1000; ++i) many.add("n" + std::to_string(i % 500), "v" + std::to_string(i));
  add_both(cases, "a thousand", many);
  add_both(cases, "names like those of others",
           {{"trace-id", "1"}, {"x-grpc", "2"}, {"my-connect-x", "3"}, {"trailers", "4"}});
  add_both(cases, "free names of gRPC", {{"grpc-trace-bin", "AAE"}, {"grpc-tags-bin", "AAE"}});
  for (int size = 0; size <= 5; ++size) {
    Headers headers;
    headers.add_binary("data-bin", bytes_of(size));
    headers.add_binary("DATA-BIN", bytes_of(size + 1));
    add_both(cases, "binary, " + std::to_string(size) + " bytes", headers);
  }
  Headers vector;
  vector.set_binary("id-bin", std::string("\x0d\x16\xad\x85\x6c\xe4\x47\x73\xa1\xbe\x9f\x62\xb2\xe8\x86\xa3", 16));
  EXPECT_EQ(vector["id-bin"], "DRathWzkR3Ohvp9isuiGow");
  add_both(cases, "binary, the vector", vector);
  Headers large;
  large.add_binary("large-bin", bytes_of(30'000));
  add_both(cases, "binary, large", large);
  return cases;
}

std::vector<Case> errors() {
  std::vector<Case> cases;
  cases.push_back({"context and error with the same key", failing({{"k", "h"}}, {{"k", "e"}}, {{"k", "t"}})});
  cases.push_back({"only the error has metadata", failing({}, {{"k", "e"}}, {})});
  cases.push_back({"only headers", failing({{"k", "h"}}, {}, {})});
  cases.push_back({"only trailers", failing({}, {}, {{"k", "t"}})});
  for (const char* message :
       {"", " ", "50 % of it", "%41", "%zz%", "a\nb\r\nc\t", "\"quotes\" \\ and /", "ünïcödé ☃ 😀", "<b>&amp;</b>"}) {
    Script script = failing({}, {{"k", "e"}}, {});
    script.error = Error(Code::data_loss, message).with_metadata("k", "e");
    cases.push_back({"message \"" + std::string(message) + "\"", script});
  }
  for (int number = 1; number <= 16; ++number) {
    Script script;
    script.error = Error(*code_from_number(number), "code " + std::to_string(number));
    cases.push_back({"code " + std::to_string(number), script});
  }
  Script details = failing({}, {{"k", "e"}}, {});
  details.error->with_detail(ErrorDetail{"acme.v1.One", std::string("\0\x01\xff", 3)});
  details.error->with_detail(ErrorDetail{"acme.v1.Two", ""});
  details.error->with_detail(ErrorDetail{"acme.v1.One", "again"});
  cases.push_back({"details", details});
  for (const int messages : {0, 1, 3}) {
    Script script = failing({{"k", "h"}}, {{"k", "e"}}, {{"k", "t"}});
    script.messages = messages;
    cases.push_back({"an error after " + std::to_string(messages) + " messages", script});
  }
  return cases;
}

std::vector<Case> order() {
  std::vector<Case> cases;
  for (const HeadersFirst first : {HeadersFirst::no, HeadersFirst::yes}) {
    for (const bool fails : {false, true}) {
      Script script = everywhere({{"k", "v"}});
      if (fails) script = failing({{"k", "h"}}, {{"k", "e"}}, {{"k", "t"}});
      script.send_headers = true;
      script.headers_first = first;
      cases.push_back({std::string("headers sent first") + (first == HeadersFirst::yes ? ", waited for" : "") +
                           (fails ? ", then an error" : ""),
                       script});
    }
  }
  Script none = everywhere({{"k", "v"}});
  none.messages = 0;
  cases.push_back({"no message at all", none});
  return cases;
}

class MatrixTest : public ::testing::Test {
 protected:
  void check(const std::vector<Case>& cases) {
    for (const Case& each : cases) {
      std::string first;
      std::string first_way;
      for (const Way& way : all_ways()) {
        const std::string seen = describe(way, each.script, matrix().run(way, each.script));
        ++tally().combinations;
        if (first.empty()) {
          first = seen;
          first_way = way.name();
          EXPECT_EQ(seen, promised(each.script)) << each.name << ": " << first_way;
        } else if (seen != first) {
          ++tally().differences;
          ADD_FAILURE() << each.name << ": " << way.name() << "\n" << seen << "but " << first_way << "\n" << first;
        }
        if (HasFailure() && tally().differences > 20) return;
      }
    }
  }
  static Matrix& matrix() {
    static Matrix matrix;
    return matrix;
  }
};

TEST_F(MatrixTest, NamesAndValues) { check(names_and_values()); }
TEST_F(MatrixTest, Errors) { check(errors()); }
TEST_F(MatrixTest, Order) { check(order()); }

TEST_F(MatrixTest, UncaughtExceptionsSayNothing) {
  for (const Way& way : all_ways()) {
    Script script = everywhere({{"k", "v"}});
    script.crash = true;
    const Seen seen = matrix().run(way, script);
    ++tally().combinations;
    ASSERT_TRUE(seen.outcome.error) << way.name();
    EXPECT_EQ(seen.outcome.error->code(), Code::unknown) << way.name();
    EXPECT_EQ(seen.outcome.error->message().find("secret"), std::string::npos) << way.name();
    EXPECT_EQ(seen.outcome.error->metadata().get_all("k").size(), 2u) << way.name();
    const auto log = matrix().take_log();
    ASSERT_EQ(log.size(), 1u) << way.name();
    EXPECT_NE(log[0].find("secret of the house"), std::string::npos);
  }
}

}  // namespace
}  // namespace connectrpc::metadata_test
