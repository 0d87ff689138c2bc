// Cutting bodies into envelopes and collecting whole ones.
#include "protocol/envelope.h"

#include <gtest/gtest.h>

#include "protocol/packing.h"
#include "protocol/test_support.h"
#include "protocol/whole_body.h"

namespace connectrpc::protocol {
namespace {

using test::envelope;
using Kind = EnvelopeReader::Kind;

EnvelopeReader reader(std::size_t limit = 1000) {
  return EnvelopeReader(EnvelopeReader::Limits{limit, 2 * limit, 3 * limit});
}

TEST(Envelope, PrefixIsFlagsAndBigEndianLength) {
  using std::string_view_literals::operator""sv;
  EXPECT_EQ(envelope("hi", 1), "\x01\x00\x00\x00\x02hi"sv);
  EXPECT_EQ(envelope(std::string(0x010203, 'x'), 0x80).substr(0, 5), "\x80\x00\x01\x02\x03"sv);
}

TEST(Envelope, WhatIsCompleteIsAViewOfTheBody) {
  EnvelopeReader envelopes = reader();
  const std::string body = envelope("one", 0) + envelope("", 1) + envelope("three", 2);
  std::string_view rest = body;
  for (const std::string_view expected : {"one", "", "three"}) {
    const EnvelopeReader::Item item = envelopes.read(rest, true);
    ASSERT_EQ(item.kind, Kind::envelope);
    EXPECT_EQ(item.payload, expected);
    EXPECT_EQ(item.payload.data(), rest.data() + 5);
    EXPECT_EQ(item.consumed, expected.size() + 5);
    rest.remove_prefix(item.consumed);
  }
  EXPECT_EQ(envelopes.read(rest, false).kind, Kind::need_more);
  EXPECT_EQ(envelopes.read(rest, true).kind, Kind::end);
}

TEST(Envelope, EveryCutGivesTheSame) {
  const std::string body = envelope("first") + envelope("") + envelope(std::string(300, 'x'), 1) + envelope("z", 2);
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    EnvelopeReader envelopes = reader();
    std::string pending = body.substr(0, cut);
    std::string seen;
    bool last = false;
    for (bool more = true; more;) {
      const EnvelopeReader::Item item = envelopes.read(pending, last);
      if (item.kind == Kind::envelope) seen += std::to_string(item.flags) + std::string(item.payload) + "|";
      pending.erase(0, item.consumed);
      if (item.kind == Kind::end) more = false;
      if (item.kind == Kind::need_more) {
        ASSERT_FALSE(last);
        last = true;
        pending += body.substr(cut);
      }
    }
    EXPECT_EQ(seen, "0first|0|1" + std::string(300, 'x') + "|2z|");
  }
}

TEST(Envelope, SaysHowMuchItWaitsFor) {
  EnvelopeReader envelopes = reader(1 << 20);
  const std::string body = envelope(std::string(1 << 20, 'x'));
  for (const std::size_t size : {std::size_t{0}, std::size_t{4}, std::size_t{5}, std::size_t{1000}, body.size() - 1}) {
    const EnvelopeReader::Item item = envelopes.read(std::string_view(body).substr(0, size), false);
    ASSERT_EQ(item.kind, Kind::need_more);
    EXPECT_EQ(item.size, size < 5 ? 0 : body.size());
    EXPECT_EQ(item.consumed, 0U);
  }
}

TEST(Envelope, TruncationSaysHowMuchIsMissing) {
  const std::string body = envelope("hello");
  for (std::size_t size = 1; size < body.size(); ++size) {
    EnvelopeReader at_once = reader();
    EnvelopeReader::Item item = at_once.read(std::string_view(body).substr(0, size), true);
    EXPECT_EQ(item.kind, Kind::truncated);
    EXPECT_EQ(item.size, size < 5 ? 5 - size : body.size() - size);

    EnvelopeReader later = reader();
    item = later.read(std::string_view(body).substr(0, size), false);
    ASSERT_EQ(item.kind, Kind::need_more);
    item = later.read(std::string_view(body).substr(0, size), true);
    EXPECT_EQ(item.kind, Kind::truncated);
  }
}

TEST(Envelope, LimitsAreCheckedOnThePrefixAlone) {
  struct Case {
    std::uint8_t flags;
    std::size_t limit;
  };
  for (const Case& c : {Case{0, 1000}, Case{1, 2000}, Case{2, 3000}, Case{3, 3000}, Case{0x80, 3000}}) {
    EnvelopeReader fits = reader();
    EXPECT_EQ(fits.read(envelope(std::string(c.limit, 'x'), c.flags).substr(0, 5), false).kind, Kind::need_more);
    EnvelopeReader exceeds = reader();
    const EnvelopeReader::Item item =
        exceeds.read(envelope(std::string(c.limit + 1, 'x'), c.flags).substr(0, 5), false);
    EXPECT_EQ(item.kind, Kind::too_large);
    EXPECT_EQ(item.size, c.limit + 1);
  }
}

TEST(WholeBody, IsCompleteAtItsEnd) {
  EXPECT_EQ(look_at_whole_body("message", true, 7, 100).kind, WholeBody::Kind::complete);
  EXPECT_EQ(look_at_whole_body("", true, std::nullopt, 100).kind, WholeBody::Kind::complete);
}

TEST(WholeBody, SaysHowMuchItWaitsFor) {
  for (const std::string_view body : {"", "abc", "abcdef"}) {
    WholeBody whole = look_at_whole_body(body, false, 6, 6);
    EXPECT_EQ(whole.kind, WholeBody::Kind::need_more);
    EXPECT_EQ(whole.size, 6U);
    whole = look_at_whole_body(body, false, std::nullopt, 6);
    EXPECT_EQ(whole.kind, WholeBody::Kind::need_more);
    EXPECT_EQ(whole.size, body.size());
  }
}

TEST(WholeBody, RefusesWhatIsAnnouncedOrComesTooLarge) {
  const WholeBody announced = look_at_whole_body("", false, 101, 100);
  EXPECT_EQ(announced.kind, WholeBody::Kind::too_large);
  EXPECT_EQ(announced.size, 101U);
  EXPECT_EQ(look_at_whole_body(std::string(100, 'x'), false, std::nullopt, 100).kind, WholeBody::Kind::need_more);
  EXPECT_EQ(look_at_whole_body(std::string(101, 'x'), false, std::nullopt, 100).kind, WholeBody::Kind::too_large);
  EXPECT_EQ(look_at_whole_body(std::string(100, 'x'), true, 100, 100).kind, WholeBody::Kind::complete);
}

TEST(Packing, CompressedLimitLeavesRoomForWhatDoesNotCompress) {
  EXPECT_GT(packed_limit(1000), 1000U);
  EXPECT_EQ(packed_limit(static_cast<std::size_t>(-1)), static_cast<std::size_t>(-1));
}

TEST(Packing, SmallMessagesStayAsTheyAre) {
  Settings settings;
  settings.compress_min_bytes = 100;
  std::string small = "12345" + std::string(99, 'x');
  ASSERT_TRUE(pack_envelope(settings, &test::gzip(), small));
  EXPECT_EQ(small, envelope(std::string(99, 'x')));
  std::string large = "12345" + std::string(100, 'x');
  ASSERT_TRUE(pack_envelope(settings, &test::gzip(), large));
  EXPECT_EQ(large, envelope(test::gzipped(std::string(100, 'x')), 1));
}

TEST(Packing, SendLimitCountsTheMessageItself) {
  Settings settings;
  settings.send_limit = 10;
  settings.compress_min_bytes = 0;
  std::string fits = "12345" + std::string(10, 'x');
  EXPECT_TRUE(pack_envelope(settings, &test::gzip(), fits));
  std::string exceeds = "12345" + std::string(11, 'x');
  const Result<void> packed = pack_envelope(settings, &test::gzip(), exceeds);
  ASSERT_FALSE(packed);
  EXPECT_EQ(packed.error().code(), Code::resource_exhausted);
  EXPECT_EQ(packed.error().message(), "a message of 11 bytes exceeds the send limit of 10 bytes (option send_limit)");
}

}  // namespace
}  // namespace connectrpc::protocol
