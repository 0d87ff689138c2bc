// Which algorithm two sides agree on.
#include <gtest/gtest.h>

#include "compression/accept_list.h"
#include "connectrpc/compression.h"

namespace connectrpc {
namespace {

class Fake final : public Compression {
 public:
  explicit Fake(std::string name) : name_(std::move(name)) {}
  std::string_view name() const noexcept override { return name_; }
  void compress(std::string_view, std::string&) const override {}
  Outcome decompress(std::string_view, std::size_t, std::string&) const override { return Outcome::broken; }

 private:
  std::string name_;
};

CompressionRegistry registry() {
  CompressionRegistry known;
  known.add(std::make_shared<Fake>("gzip")).add(std::make_shared<Fake>("br")).add(std::make_shared<Fake>("zstd"));
  return known;
}

TEST(CompressionRegistry, KnowsNothingAtFirst) {
  const CompressionRegistry empty;
  EXPECT_EQ(empty.names(), "");
  EXPECT_EQ(empty.find("gzip"), nullptr);
  EXPECT_EQ(empty.negotiate("gzip, *"), nullptr);
}

TEST(CompressionRegistry, BuiltInHasGzip) {
  ASSERT_NE(CompressionRegistry::built_in().find("gzip"), nullptr);
  EXPECT_TRUE(CompressionRegistry::built_in().names().starts_with("gzip"));
  EXPECT_EQ(CompressionRegistry::built_in().find("identity"), nullptr);
}

TEST(CompressionRegistry, AddsAndReplaces) {
  CompressionRegistry known = registry();
  EXPECT_EQ(known.names(), "gzip, br, zstd");
  const Compression* const before = known.find("br");
  known.add(std::make_shared<Fake>("br"));
  EXPECT_EQ(known.names(), "gzip, br, zstd");
  EXPECT_NE(known.find("br"), before);
  EXPECT_EQ(known.find("BR"), known.find("br"));
  EXPECT_EQ(known.find(""), nullptr);
}

TEST(CompressionRegistry, Negotiates) {
  struct Case {
    std::string_view accepted;
    std::string_view chosen;
  };
  const Case cases[] = {
      {"", ""},
      {"gzip", "gzip"},
      {"GZip", "gzip"},
      {"br, gzip", "br"},
      {"identity", ""},
      {"identity,deflate,gzip", "gzip"},
      {"unknown, zstd", "zstd"},
      {"gzip;q=0.5, br;q=0.8", "br"},
      {"gzip;q=0.8, br;q=0.8", "gzip"},
      {"gzip ; q=0.8 , br;Q=0.9", "br"},
      {"gzip;q=0", ""},
      {"gzip;q=0.000", ""},
      {"gzip;q=0.001", "gzip"},
      {"gzip;q=0, *", "br"},
      {"*", "gzip"},
      {"*;q=0", ""},
      {"br;q=0.1, *;q=0.5", "gzip"},
      {"identity;q=1, gzip;q=0.5", ""},
      {"identity;q=0.5, gzip", "gzip"},
      {"gzip;q=nonsense", "gzip"},
      {"gzip;q=2", "gzip"},
      {",, ,gzip,", "gzip"},
      {";q=1", ""},
      {"gzip;level=9", "gzip"},
  };
  const CompressionRegistry known = registry();
  for (const Case& c : cases) {
    const Compression* const chosen = known.negotiate(c.accepted);
    EXPECT_EQ(chosen == nullptr ? "" : chosen->name(), c.chosen) << c.accepted;
  }
}

TEST(CompressionRegistry, Accepts) {
  using compression::accepts;
  EXPECT_TRUE(accepts("gzip, br", "br"));
  EXPECT_TRUE(accepts("*", "br"));
  EXPECT_FALSE(accepts("br;q=0, *", "br"));
  EXPECT_FALSE(accepts("gzip", "br"));
  EXPECT_FALSE(accepts("", "br"));
}

}  // namespace
}  // namespace connectrpc
