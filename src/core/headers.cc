// Request headers, response headers, trailers and error metadata in one flat block.
#include "connectrpc/headers.h"

#include <google/protobuf/message_lite.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <stdexcept>

#include "base/ascii.h"
#include "base/base64.h"
#include "base/block_cache.h"
#include "base/chunk.h"
#include "connectrpc/detail/headers_access.h"
#include "core/quiet_parse.h"

namespace connectrpc {
namespace {

// Eight ordinary pairs, such as a request's to a server behind a proxy.
constexpr std::size_t first_block = 512;
// In front of every pair: the sizes of its name and value.
constexpr std::size_t prefix = 2 * sizeof(std::uint32_t);
// erase marks the pairs that go in the highest bit of the name's size, so sizes stay below it.
constexpr std::uint32_t erased_bit = 0x80000000U;
constexpr std::size_t largest_block = erased_bit - 1;
constexpr const char* too_large = "headers: more than 2 GiB";

std::uint32_t narrow(std::size_t size) noexcept { return static_cast<std::uint32_t>(size); }

std::uint32_t load(const char* at) noexcept {
  std::uint32_t size;
  std::memcpy(&size, at, sizeof size);
  return size;
}

void store(char* at, std::uint32_t size) noexcept { std::memcpy(at, &size, sizeof size); }

HeaderView pair_at(const char* at) noexcept {
  const std::size_t name_size = load(at) & ~erased_bit;
  const std::size_t value_size = load(at + sizeof(std::uint32_t));
  return {{at + prefix, name_size}, {at + prefix + name_size, value_size}};
}

std::size_t pair_size(const HeaderView& pair) noexcept { return prefix + pair.name.size() + pair.value.size(); }

// `stored` is lower-case.
[[gnu::noinline]] bool same_name(std::string_view stored, std::string_view name) noexcept {
  return base::equals_lower(name, stored);
}

// The first pair of a name in a block, or its end.
const char* find(const char* at, const char* end, std::string_view name) noexcept {
  const auto step = [](const char* here) { return here + prefix + load(here) + load(here + sizeof(std::uint32_t)); };
  if (name.empty()) {
    while (at != end && load(at) != 0) at = step(at);
    return at;
  }
  // Most others differ in size or in their last letter.
  const char last = base::to_lower(name.back());
  for (; at != end; at = step(at)) {
    const std::size_t size = load(at);
    if (size == name.size() && at[prefix + size - 1] == last && same_name({at + prefix, size}, name)) break;
  }
  return at;
}

// A user's key may be anything and of any length; an error's text is one short printable line.
std::string quoted(std::string_view key) {
  constexpr std::size_t most_shown = 64;
  std::string text = "\"";
  for (const char c : key.substr(0, most_shown)) {
    if (c >= 0x20 && c <= 0x7e && c != '"' && c != '\\') {
      text += c;
    } else {
      constexpr std::string_view hex = "0123456789abcdef";
      const auto value = static_cast<unsigned char>(c);
      text += {'\\', 'x', hex[value >> 4], hex[value & 15]};
    }
  }
  return text + (key.size() > most_shown ? "…\"" : "\"");
}

std::string fault_text(std::string_view name, std::string_view fault) {
  return "header " + quoted(name) + ": " + std::string(fault);
}

Error fault_error(std::string_view name, std::string_view fault) {
  return Error(Code::invalid_argument, fault_text(name, fault));
}

[[noreturn, gnu::noinline]] void throw_fault(std::string_view name, std::string_view fault) {
  throw std::invalid_argument(fault_text(name, fault));
}

void refuse(std::string_view name, std::string_view fault) {
  if (!fault.empty()) throw_fault(name, fault);
}

constexpr std::string_view bytes_need_suffix = "bytes live under names that end in \"-bin\"";
constexpr std::string_view not_base64 = "the value is not base64 in the standard alphabet";

std::string_view binary_name_fault(std::string_view name) noexcept {
  const std::string_view fault = detail::name_fault(name);
  return fault.empty() && !detail::is_binary_name(name) ? bytes_need_suffix : fault;
}

std::string_view as_text(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

namespace detail {

Headers::Block HeadersAccess::make_block(std::size_t bytes) {
  auto* const block = static_cast<char*>(base::allocate_block(bytes));
  if (block == nullptr) throw std::bad_alloc();
  return Headers::Block(block);
}

// Gives the block that was outgrown: what is to be put may lie in it.
Headers::Block HeadersAccess::make_room(Headers& headers, std::size_t bytes) {
  if (bytes > largest_block - headers.used_) throw std::length_error(too_large);
  const std::size_t needed = headers.used_ + bytes;
  if (needed <= headers.capacity_) return nullptr;
  const std::size_t doubled = std::min(largest_block, 2 * std::size_t{headers.capacity_});
  const std::size_t capacity = std::max(std::max(needed, doubled), first_block);
  Headers::Block block = make_block(capacity);
  base::copy_text(block.get(), {headers.block_.get(), headers.used_});
  headers.capacity_ = narrow(capacity);
  return std::exchange(headers.block_, std::move(block));
}

template <bool name_is_lower>
[[gnu::always_inline]] inline void HeadersAccess::put_by(Headers& headers, std::string_view name,
                                                         std::string_view value) {
  const std::size_t room = headers.capacity_ - headers.used_;
  const std::size_t bytes = prefix + name.size() + value.size();
  // The sizes by themselves as well, lest their sum wrap round.
  if (bytes > room || (name.size() | value.size()) > largest_block)
    return put_growing<name_is_lower>(headers, name, value);
  char* const at = headers.block_.get() + headers.used_;
  headers.used_ += narrow(bytes);
  ++headers.count_;
  store(at, narrow(name.size()));
  store(at + sizeof(std::uint32_t), narrow(value.size()));
  if constexpr (name_is_lower) {
    base::copy_short(at + prefix, name);
  } else {
    base::copy_lower(at + prefix, name);
  }
  base::copy_text(at + prefix + name.size(), value);
}

template <bool name_is_lower>
[[gnu::noinline]] void HeadersAccess::put_growing(Headers& headers, std::string_view name, std::string_view value) {
  if (name.size() > largest_block || value.size() > largest_block) throw std::length_error(too_large);
  // `name` and `value` may lie in it.
  const Headers::Block outgrown = make_room(headers, prefix + name.size() + value.size());
  put_by<name_is_lower>(headers, name, value);
}

void HeadersAccess::put(Headers& headers, std::string_view name, std::string_view value) {
  put_by<false>(headers, name, value);
}

void HeadersAccess::add_checked(Headers& headers, Checked checked) noexcept {
  headers.checked_ = std::max(headers.checked_, checked);
}

void HeadersAccess::put_encoded(Headers& headers, const char* pairs, std::size_t bytes, std::size_t count) {
  const Headers::Block outgrown = make_room(headers, bytes);
  base::copy_text(headers.block_.get() + headers.used_, {pairs, bytes});
  headers.used_ += narrow(bytes);
  headers.count_ += narrow(count);
}

inline void HeadersAccess::replace(Headers& headers, std::string_view name, std::string_view value) {
  const char* const begin = headers.block_.get();
  const char* const end = begin + headers.used_;
  const char* const first = find(begin, end, name);
  if (first == end) return put(headers, name, value);
  replace_from(headers, static_cast<std::size_t>(first - begin), name, value);
}

void HeadersAccess::replace_from(Headers& headers, std::size_t first, std::string_view name, std::string_view value) {
  if (value.size() > largest_block) throw std::length_error(too_large);
  char* const old = headers.block_.get();
  const char* const end = old + headers.used_;
  const HeaderView before = pair_at(old + first);
  const char* rest = old + first + pair_size(before);
  const char* next = find(rest, end, name);
  if (next == end && before.value.size() == value.size()) {
    std::memmove(old + first + prefix + name.size(), value.data(), value.size());
    return;
  }
  // Into a new block, since the value may lie in the old one.
  Headers changed;
  reserve(changed, 1, headers.used_ - pair_size(before) + name.size() + value.size());
  put_encoded(changed, old, first, 0);
  put(changed, name, value);
  std::size_t count = headers.count_;
  for (;; next = find(rest, end, name)) {
    put_encoded(changed, rest, static_cast<std::size_t>(next - rest), 0);
    if (next == end) break;
    rest = next + pair_size(pair_at(next));
    --count;
  }
  changed.count_ = narrow(count);
  changed.checked_ = headers.checked_;
  headers = std::move(changed);
}

void HeadersAccess::append(Headers& headers, std::string_view name, std::string_view value) {
  headers.checked_ = Checked::not_at_all;
  put(headers, name, value);
}

void HeadersAccess::append_lower(Headers& headers, std::string_view name, std::string_view value) {
  headers.checked_ = Checked::not_at_all;
  put_by<true>(headers, name, value);
}

void HeadersAccess::append_own(Headers& headers, std::string_view name, std::string_view value) {
  add_checked(headers, base::has_controls(value) ? Checked::not_at_all : Checked::for_wire);
  put_by<true>(headers, name, value);
}

void HeadersAccess::append_faultless(Headers& headers, std::string_view name, std::string_view value) {
  put(headers, name, value);
}

void HeadersAccess::append_all(Headers& headers, const Headers& from) {
  const std::size_t count = from.count_;
  const std::size_t bytes = from.used_;
  const Headers::Block outgrown = make_room(headers, bytes);
  put_encoded(headers, from.block_.get(), bytes, count);
  add_checked(headers, from.checked_);
}

void HeadersAccess::reserve(Headers& headers, std::size_t pairs, std::size_t bytes) {
  if (pairs > largest_block / prefix || bytes > largest_block) throw std::length_error(too_large);
  const Headers::Block outgrown = make_room(headers, pairs * prefix + bytes);
}

std::size_t HeadersAccess::byte_size(const Headers& headers) noexcept {
  return headers.used_ - prefix * headers.count_;
}

Headers HeadersAccess::visible_part(const Headers& raw, TrailerPrefix trailer_prefix) {
  Headers visible;
  // Pairs that follow one another are copied at once.
  const char* run = raw.block_.get();
  std::size_t run_bytes = 0;
  std::size_t run_pairs = 0;
  const auto put_run = [&] {
    if (run_pairs == 0) return;
    if (visible.empty()) reserve(visible, 0, raw.used_);
    put_encoded(visible, run, run_bytes, run_pairs);
  };
  for (const HeaderView pair : raw) {
    const std::size_t bytes = pair_size(pair);
    if (!begins_as_reserved(pair.name) || is_user_visible(pair.name, trailer_prefix)) {
      run_bytes += bytes;
      ++run_pairs;
      continue;
    }
    put_run();
    run = pair.name.data() - prefix + bytes;
    run_bytes = run_pairs = 0;
  }
  put_run();
  visible.checked_ = raw.checked_;
  return visible;
}

Headers user_metadata(const Headers& raw, TrailerPrefix trailer_prefix) {
  return HeadersAccess::visible_part(raw, trailer_prefix);
}

}  // namespace detail

using detail::HeadersAccess;

void Headers::FreeBlock::operator()(char* block) const noexcept { base::free_block(block); }

Headers::Headers(const Headers& other) { *this = other; }

Headers& Headers::operator=(const Headers& other) {
  if (this == &other) return *this;
  if (frozen_) refuse_change();
  if (capacity_ < other.used_) {
    block_ = detail::HeadersAccess::make_block(other.used_);
    capacity_ = other.used_;
  }
  base::copy_text(block_.get(), {other.block_.get(), other.used_});
  used_ = other.used_;
  count_ = other.count_;
  checked_ = other.checked_;
  return *this;
}

void Headers::refuse_change() { throw std::logic_error("these headers were sent: they cannot be changed any more"); }

std::optional<std::string_view> Headers::get(std::string_view name) const& noexcept {
  const char* const end = block_.get() + used_;
  const char* const found = find(block_.get(), end, name);
  if (found == end) return std::nullopt;
  return pair_at(found).value;
}

std::string_view Headers::operator[](std::string_view name) const& noexcept {
  return get(name).value_or(std::string_view());
}

bool Headers::contains(std::string_view name) const noexcept { return get(name).has_value(); }

std::vector<std::string_view> Headers::get_all(std::string_view name) const& {
  std::vector<std::string_view> values;
  for (const HeaderView pair : *this)
    if (same_name(pair.name, name)) values.push_back(pair.value);
  return values;
}

void Headers::set(std::string_view name, std::string_view value) {
  if (frozen_) refuse_change();
  refuse(name, detail::pair_fault(name, value));
  HeadersAccess::replace(*this, name, value);
}

void Headers::add(std::string_view name, std::string_view value) {
  if (frozen_) refuse_change();
  refuse(name, detail::pair_fault(name, value));
  HeadersAccess::put(*this, name, value);
}

Result<void> Headers::try_set(std::string_view name, std::string_view value) {
  if (frozen_) refuse_change();
  if (const std::string_view fault = detail::pair_fault(name, value); !fault.empty()) return fault_error(name, fault);
  HeadersAccess::replace(*this, name, value);
  return {};
}

Result<void> Headers::try_add(std::string_view name, std::string_view value) {
  if (frozen_) refuse_change();
  if (const std::string_view fault = detail::pair_fault(name, value); !fault.empty()) return fault_error(name, fault);
  HeadersAccess::put(*this, name, value);
  return {};
}

std::size_t Headers::erase(std::string_view name) {
  if (frozen_) refuse_change();
  // Marked first and closed up afterwards: `name` itself may lie in the block.
  std::size_t erased = 0;
  for (std::size_t at = 0; at < used_;) {
    char* const here = block_.get() + at;
    const HeaderView pair = pair_at(here);
    if (same_name(pair.name, name)) {
      store(here, load(here) | erased_bit);
      ++erased;
    }
    at += pair_size(pair);
  }
  if (erased == 0) return 0;
  std::size_t kept = 0;
  for (std::size_t at = 0; at < used_;) {
    const char* const here = block_.get() + at;
    const std::size_t size = pair_size(pair_at(here));
    if ((load(here) & erased_bit) == 0) {
      std::memmove(block_.get() + kept, here, size);
      kept += size;
    }
    at += size;
  }
  used_ = narrow(kept);
  count_ -= narrow(erased);
  return erased;
}

void Headers::clear() {
  if (frozen_) refuse_change();
  used_ = 0;
  count_ = 0;
  checked_ = {};
}

void Headers::set_binary(std::string_view name, std::string_view bytes) {
  if (frozen_) refuse_change();
  refuse(name, binary_name_fault(name));
  HeadersAccess::replace(*this, name, base::base64_encode_unpadded(bytes));
}

void Headers::set_binary(std::string_view name, std::span<const std::byte> bytes) { set_binary(name, as_text(bytes)); }

void Headers::add_binary(std::string_view name, std::string_view bytes) {
  if (frozen_) refuse_change();
  refuse(name, binary_name_fault(name));
  HeadersAccess::put(*this, name, base::base64_encode_unpadded(bytes));
}

void Headers::add_binary(std::string_view name, std::span<const std::byte> bytes) { add_binary(name, as_text(bytes)); }

Result<std::optional<std::string>> Headers::get_binary(std::string_view name) const {
  if (!detail::is_binary_name(name)) return fault_error(name, bytes_need_suffix);
  const std::optional<std::string_view> text = get(name);
  if (!text) return std::optional<std::string>();
  std::string bytes;
  if (!base::base64_decode(base::trim(text->substr(0, text->find(','))), bytes)) return fault_error(name, not_base64);
  return std::optional<std::string>(std::move(bytes));
}

Result<std::vector<std::string>> Headers::get_all_binary(std::string_view name) const {
  if (!detail::is_binary_name(name)) return fault_error(name, bytes_need_suffix);
  std::vector<std::string> values;
  for (const HeaderView pair : *this) {
    if (!same_name(pair.name, name)) continue;
    const bool decoded = base::for_each_comma_part(
        pair.value, [&values](std::string_view text) { return base::base64_decode(text, values.emplace_back()); });
    if (!decoded) return fault_error(name, not_base64);
  }
  return values;
}

void Headers::set_message(std::string_view name, const google::protobuf::MessageLite& message) {
  std::string bytes;
  if (!message.SerializePartialToString(&bytes)) throw std::length_error(too_large);
  set_binary(name, bytes);
}

bool Headers::get_message_into(std::string_view name, google::protobuf::MessageLite& message,
                               std::optional<Error>& error) const {
  const Result<std::optional<std::string>> bytes = get_binary(name);
  if (!bytes) {
    error = bytes.error();
    return false;
  }
  if (!bytes->has_value()) return false;
  const detail::QuietParse quiet;
  if (!message.ParsePartialFromString(**bytes) || !message.IsInitialized())
    error = fault_error(name, "the value is not a " + std::string(message.GetTypeName()));
  return !error;
}

bool operator==(const Headers& a, const Headers& b) {
  if (a.count_ != b.count_ || a.used_ != b.used_) return false;
  const auto by_name = [](const Headers& headers) {
    std::vector<HeaderView> pairs(headers.begin(), headers.end());
    // Pairs of one name stay in order: they lie in the block in order.
    std::sort(pairs.begin(), pairs.end(), [](const HeaderView& x, const HeaderView& y) {
      const int order = x.name.compare(y.name);
      return order < 0 || (order == 0 && x.name.data() < y.name.data());
    });
    return pairs;
  };
  return by_name(a) == by_name(b);
}

std::string encode_binary_header(std::string_view bytes) { return base::base64_encode_unpadded(bytes); }
std::string encode_binary_header(std::span<const std::byte> bytes) { return encode_binary_header(as_text(bytes)); }

Result<std::string> decode_binary_header(std::string_view text) {
  std::string bytes;
  if (!base::base64_decode(text, bytes)) return Error(Code::invalid_argument, std::string(not_base64));
  return bytes;
}

}  // namespace connectrpc
