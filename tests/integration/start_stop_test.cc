// Servers come and go and leave nothing behind.
#include <filesystem>
#include <fstream>

#include "integration/harness.h"

namespace connectrpc::probe_test {
namespace {

using ::probe::v1::ProbeServiceClientSync;

std::size_t entries_of(const char* folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}

// Bytes of memory that this process has in use.
std::size_t resident() {
  std::size_t total = 0;
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> total >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

void cycle(int number) {
  const bool blocking = number % 2 == 0;
  ServerOptions options;
  options.threads = 1 + number % 2;
  options.workers = 1;
  TestServer server(blocking ? Style::blocking : Style::coroutine, options, number % 4 == 3);
  if (number % 3 != 0) {
    ChannelOptions channel = server.channel_options();
    if (number % 2 == 0) channel.http_version = HttpVersion::http2;
    const ProbeServiceClientSync client(server.url(), channel);
    EXPECT_EQ((*client.probe(ProbeRequest())).text(), "hello ");
  }
  if (number % 5 == 0) {
    server.server().stop();
    server.server().wait();
  }
}

// Fewer under sanitizers, which look for something else and take their time.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr int cycles = 60;
#else
constexpr int cycles = 1000;
#endif

TEST(StartStop, LeavesNoThreadDescriptorOrMemory) {
  for (int i = 0; i < cycles / 10; ++i) cycle(i);
  const std::size_t threads = entries_of("/proc/self/task");
  const std::size_t descriptors = entries_of("/proc/self/fd");
  const std::size_t memory = resident();
  for (int i = 0; i < cycles; ++i) cycle(i);
  // A thread that was joined may still be on its way out of the kernel.
  EXPECT_TRUE(eventually([&] { return entries_of("/proc/self/task") <= threads; }));
  EXPECT_EQ(entries_of("/proc/self/fd"), descriptors);
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
  // A kilobyte a cycle would be a megabyte; allocators keep some for themselves.
  EXPECT_LT(resident(), memory + 2 * 1024 * 1024);
#else
  EXPECT_GT(memory, 0u);
#endif
}

}  // namespace
}  // namespace connectrpc::probe_test
