// Runs the tests of metadata and says how many combinations there were.
#include <gtest/gtest.h>

#include <cstdio>

#include "metadata/compare.h"

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  const int result = RUN_ALL_TESTS();
  const auto& tally = connectrpc::metadata_test::tally();
  std::printf("metadata: %d combinations, %d differences\n", tally.combinations, tally.differences);
  return result;
}
