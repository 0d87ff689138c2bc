// What is put into an output comes out of it, once and in order, however it was kept.
#include "io/output.h"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "io/output_testlib.h"

namespace connectrpc::io {
namespace {

TEST(Output, BehavesLikeAString) {
  std::minstd_rand random(5);
  Output out;
  std::string model;
  for (int i = 0; i < 20'000; ++i) {
    const std::size_t size = std::array<std::size_t, 4>{0, 50, 6'000, 40'000}[random() % 4];
    switch (random() % 6) {
      case 0: out.prepare(); break;
      case 1: {
        const std::string bytes(size, static_cast<char>('a' + i % 26));
        out.tail() += bytes;
        model += bytes;
        break;
      }
      case 2: {
        const BodyBytes chunk(std::string(size, static_cast<char>('A' + i % 26)));
        EXPECT_EQ(chunk.size(), size);
        const std::size_t at = size == 0 ? 0 : random() % size;
        const std::size_t part = std::min<std::size_t>(size - at, 16'384);
        out.append(chunk, at, part);
        model += chunk.view().substr(at, part);
        break;
      }
      case 3:
      case 4: {
        std::array<std::string_view, 3> pieces;
        std::string front;
        for (std::size_t k = 0, count = out.pieces(pieces); k < count; ++k) {
          EXPECT_FALSE(pieces[k].empty());
          front += pieces[k];
        }
        EXPECT_EQ(front, model.substr(0, front.size()));
        EXPECT_EQ(front.empty(), model.empty());
        const std::size_t count = random() % (front.size() + 1);
        out.consume(count);
        model.erase(0, count);
        break;
      }
      default:
        if (random() % 50 != 0) break;
        out.clear();
        model.clear();
    }
    ASSERT_EQ(out.size(), model.size());
    ASSERT_EQ(out.empty(), model.empty());
  }
  EXPECT_EQ(take_text(out), model);
}

TEST(Output, ManyBytesStayWhereTheyAre) {
  std::optional<BodyBytes> chunk(std::string(100'000, 'x'));
  const char* const at = chunk->view().data();
  Output out;
  out.tail() += "head";
  out.append(*chunk, 10, 50'000);
  out.append(*chunk, 50'010, 10);
  out.tail() += "tail";
  chunk.reset();
  std::array<std::string_view, 8> pieces;
  ASSERT_EQ(out.pieces(pieces), 3U);
  EXPECT_EQ(pieces[0], "head");
  EXPECT_EQ(pieces[1].data(), at + 10);
  EXPECT_EQ(pieces[1], std::string(50'000, 'x'));
  EXPECT_EQ(pieces[2], "xxxxxxxxxxtail");
}

TEST(Output, FewBytesAreCopied) {
  Output out;
  const BodyBytes few(std::string(1'000, 'a'));
  out.append(few, 0, 1'000);
  const BodyBytes many(std::string(100'000, 'b'));
  out.append(many, 0, 1'000);
  std::array<std::string_view, 8> pieces;
  EXPECT_EQ(out.pieces(pieces), 1U);
}

TEST(Output, ASlowReaderDoesNotMakeItGrow) {
  Output out;
  const BodyBytes chunk(std::string(20'000, 'x'));
  out.tail() = std::string(1'000, 'y');
  for (int i = 0; i < 10'000; ++i) {
    out.prepare();
    out.tail() += std::string(100, 'y');
    out.append(chunk, 0, 20'000);
    out.consume(20'100);
  }
  EXPECT_EQ(out.size(), 1'000U);
  EXPECT_LT(out.tail().capacity(), 10'000U);
}

}  // namespace
}  // namespace connectrpc::io
