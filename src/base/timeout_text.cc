// Parsing and printing of timeouts in whole numbers; nothing here overflows.
#include "base/timeout_text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/ascii.h"

namespace connectrpc::base {
namespace {

using std::chrono::nanoseconds;

constexpr std::int64_t century = std::chrono::nanoseconds(std::chrono::years(100)).count();
constexpr std::int64_t most_grpc = 99'999'999;
constexpr std::int64_t most_connect = 9'999'999'999;
constexpr std::size_t grpc_digits = 8;
constexpr std::size_t connect_digits = 10;
constexpr std::int64_t nanoseconds_per_millisecond = 1'000'000;

struct Unit {
  char letter;
  std::int64_t nanoseconds;
};
constexpr Unit units[] = {{'n', 1},
                          {'u', 1'000},
                          {'m', nanoseconds_per_millisecond},
                          {'S', 1'000'000'000},
                          {'M', 60'000'000'000},
                          {'H', 3'600'000'000'000}};

// The number that `text` is; empty unless it is one to `most_digits` digits and nothing else.
std::optional<std::int64_t> parse_number(std::string_view text, std::size_t most_digits) noexcept {
  if (text.empty() || text.size() > most_digits || !std::all_of(text.begin(), text.end(), is_digit))
    return std::nullopt;
  std::int64_t number = 0;
  for (const char c : text) number = number * 10 + (c - '0');
  return number;
}

std::int64_t divide_up(std::int64_t dividend, std::int64_t divisor) noexcept {
  return dividend / divisor + (dividend % divisor == 0 ? 0 : 1);
}

// The smallest unit that can say it, but not finer than five digits: a whole timeout keeps its text although some
// microseconds have passed since the call began, so that header compression finds it again.
const Unit& unit_for(std::int64_t timeout) noexcept {
  if (timeout < 100'000) return units[0];
  if (timeout < 100'000'000) return units[1];
  for (const Unit* unit : {units + 2, units + 3, units + 4})
    if (divide_up(timeout, unit->nanoseconds) <= most_grpc) return *unit;
  return units[5];
}

}  // namespace

std::optional<nanoseconds> parse_grpc_timeout(std::string_view text) noexcept {
  if (text.empty()) return std::nullopt;
  const auto unit = std::find_if(std::begin(units), std::end(units),
                                 [letter = text.back()](const Unit& candidate) { return candidate.letter == letter; });
  const std::optional<std::int64_t> number = parse_number(text.substr(0, text.size() - 1), grpc_digits);
  if (unit == std::end(units) || !number) return std::nullopt;
  if (*number > century / unit->nanoseconds) return nanoseconds::max();
  return nanoseconds(*number * unit->nanoseconds);
}

std::string print_grpc_timeout(nanoseconds timeout) {
  if (timeout.count() <= 0) return "0n";
  const Unit& unit = unit_for(timeout.count());
  return std::to_string(divide_up(timeout.count(), unit.nanoseconds)) + unit.letter;
}

std::optional<nanoseconds> parse_connect_timeout_ms(std::string_view text) noexcept {
  const std::optional<std::int64_t> number = parse_number(text, connect_digits);
  if (!number) return std::nullopt;
  return nanoseconds(*number * nanoseconds_per_millisecond);
}

std::string print_connect_timeout_ms(nanoseconds timeout) {
  if (timeout.count() <= 0) return "0";
  return std::to_string(std::min(divide_up(timeout.count(), nanoseconds_per_millisecond), most_connect));
}

}  // namespace connectrpc::base
