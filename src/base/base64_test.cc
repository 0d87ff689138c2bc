// Tests of base64.
#include "base/base64.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>

namespace connectrpc::base {
namespace {

// RFC 4648 section 10.
struct Vector {
  std::string_view bytes;
  std::string_view padded;
};
constexpr Vector vectors[] = {{"", ""},
                              {"f", "Zg=="},
                              {"fo", "Zm8="},
                              {"foo", "Zm9v"},
                              {"foob", "Zm9vYg=="},
                              {"fooba", "Zm9vYmE="},
                              {"foobar", "Zm9vYmFy"}};

std::string_view unpadded(std::string_view text) { return text.substr(0, text.find('=')); }

TEST(Base64, KnownVectorsBothWays) {
  for (const auto& [bytes, padded] : vectors) {
    EXPECT_EQ(base64_encode(bytes), padded);
    EXPECT_EQ(base64_encode_unpadded(bytes), unpadded(padded));
    EXPECT_EQ(base64url_encode_unpadded(bytes), unpadded(padded));
    EXPECT_EQ(base64_unpadded_size(bytes.size()), unpadded(padded).size());
    for (const std::string_view text : {padded, unpadded(padded)}) {
      std::string decoded = "old";
      EXPECT_TRUE(base64_decode(text, decoded)) << text;
      EXPECT_EQ(decoded, bytes);
      EXPECT_TRUE(base64url_decode(text, decoded)) << text;
      EXPECT_EQ(decoded, bytes);
      EXPECT_TRUE(base64_valid(text)) << text;
    }
  }
}

TEST(Base64, ContractVector) {
  const std::string bytes = "\x0d\x16\xad\x85\x6c\xe4\x47\x73\xa1\xbe\x9f\x62\xb2\xe8\x86\xa3";
  EXPECT_EQ(base64_encode_unpadded(bytes), "DRathWzkR3Ohvp9isuiGow");
  std::string decoded;
  EXPECT_TRUE(base64_decode("DRathWzkR3Ohvp9isuiGow", decoded));
  EXPECT_EQ(decoded, bytes);
}

TEST(Base64, AlphabetsDifferInTwoCharacters) {
  const std::string bytes = "\xfb\xff\xbf";
  EXPECT_EQ(base64_encode(bytes), "+/+/");
  EXPECT_EQ(base64url_encode_unpadded(bytes), "-_-_");
  std::string decoded;
  EXPECT_TRUE(base64_decode("+/+/", decoded));
  EXPECT_EQ(decoded, bytes);
  EXPECT_FALSE(base64_decode("-_-_", decoded));
  EXPECT_TRUE(base64url_decode("-_-_", decoded));
  EXPECT_EQ(decoded, bytes);
  EXPECT_FALSE(base64url_decode("+/+/", decoded));
}

TEST(Base64, RefusesWhatIsNone) {
  for (const std::string_view text : {"A",
                                      "AAAAA",
                                      "=",
                                      "==",
                                      "===",
                                      "====",
                                      "A=",
                                      "A==",
                                      "A===",
                                      "AA=",
                                      "AAA==",
                                      "AAAA=",
                                      "AAAA==",
                                      "AAAA====",
                                      "AA=A",
                                      "=AAA",
                                      "A=AA",
                                      "AAA=AAAA",
                                      " AAA",
                                      "AAA ",
                                      "AA A",
                                      "AAA\n",
                                      "A*AA",
                                      "AA*A",
                                      "AAA*",
                                      "*AAA",
                                      "AA*",
                                      "A*",
                                      "AA\x80"
                                      "A",
                                      "\xffZZZ",
                                      "AA,AA",
                                      "Zm9v\r\nZm9v"}) {
    std::string decoded = "old";
    EXPECT_FALSE(base64_decode(text, decoded)) << text;
    EXPECT_EQ(decoded, "") << text;
    EXPECT_FALSE(base64url_decode(text, decoded)) << text;
    EXPECT_FALSE(base64_valid(text)) << text;
  }
  std::string decoded;
  EXPECT_FALSE(base64_decode(std::string_view("AA\0A", 4), decoded));
}

TEST(Base64, DoesNotLookAtLeftoverBits) {
  std::string decoded;
  EXPECT_TRUE(base64_decode("Zh", decoded));
  EXPECT_EQ(decoded, "f");
  EXPECT_TRUE(base64_decode("Zm9=", decoded));
  EXPECT_EQ(decoded, "fo");
}

TEST(Base64, EveryLengthRoundTrips) {
  std::mt19937 random(7);
  for (std::size_t size = 0; size < 200; ++size) {
    std::string bytes(size, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    std::string decoded;
    EXPECT_TRUE(base64_decode(base64_encode(bytes), decoded));
    EXPECT_EQ(decoded, bytes);
    EXPECT_TRUE(base64_decode(base64_encode_unpadded(bytes), decoded));
    EXPECT_EQ(decoded, bytes);
    EXPECT_TRUE(base64url_decode(base64url_encode_unpadded(bytes), decoded));
    EXPECT_EQ(decoded, bytes);
  }
}

TEST(Base64, ValidAgreesWithDecodeOnAllBytes) {
  for (int i = 0; i < 256; ++i)
    for (std::size_t at = 0; at < 7; ++at) {
      std::string text = "AAAAAAA";
      text[at] = static_cast<char>(i);
      std::string decoded;
      EXPECT_EQ(base64_valid(text), base64_decode(text, decoded)) << i << " at " << at;
    }
}

}  // namespace
}  // namespace connectrpc::base
