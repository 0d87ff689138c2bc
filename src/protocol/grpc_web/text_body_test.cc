// Bodies in base64, cut in any way.
#include "protocol/grpc_web/text_body.h"

#include <gtest/gtest.h>

#include <optional>

#include "base/base64.h"

namespace connectrpc::protocol {
namespace {

// `text` in pieces of `size` characters.
std::optional<std::string> decode(std::string_view text, std::size_t size) {
  TextBody body;
  std::string out;
  while (text.size() > size) {
    if (!body.decode(text.substr(0, size), false, out)) return std::nullopt;
    text.remove_prefix(size);
  }
  if (!body.decode(text, true, out)) return std::nullopt;
  return out;
}

TEST(TextBody, DecodesOneEncodingAndSeveral) {
  std::string large;
  for (unsigned i = 1; large.size() < 50'000; i = i * 1103515245 + 12345) large += static_cast<char>(i >> 16);
  const std::pair<std::string, std::string> cases[] = {
      {"", ""},
      {"aGVsbG8=", "hello"},
      {"aGVsbG8", "hello"},
      {"aGVsbA==bw==", "hello"},
      {"aA==ZQ==bGw=bw==", "hello"},
      {"aGVsbG8h", "hello!"},
      {"aGVsbG8=aGVsbG8haGVsbG8", "hellohello!hello"},
      {base::base64_encode(large), large},
      {base::base64_encode(large.substr(0, 20'000)) + base::base64_encode(large.substr(20'000)), large},
  };
  for (const auto& [text, bytes] : cases)
    for (const std::size_t size : {1u, 2u, 3u, 4u, 5u, 7u, 1000u, 1'000'000u})
      EXPECT_EQ(decode(text, size), bytes) << size;
}

TEST(TextBody, RefusesWhatIsNoBase64) {
  for (const std::string_view text : {"a", "aGVsb", "aGVs====", "aGVsbG8=a", "aGVsbA=bw==", "aGV sbG8", "aGVsbG8=\n",
                                      "a===", "=aGV", "aG=V", "aGVsbG8_", "aGVs-GVs"})
    for (const std::size_t size : {1u, 3u, 4u, 1000u}) EXPECT_FALSE(decode(text, size)) << text << " by " << size;
}

TEST(TextBody, GivesWhatIsThere) {
  TextBody body;
  std::string out;
  EXPECT_TRUE(body.decode("aGVsbG", false, out));
  EXPECT_EQ(out, "hel");
  EXPECT_TRUE(body.decode("8=", false, out));
  EXPECT_EQ(out, "hello");
}

}  // namespace
}  // namespace connectrpc::protocol
