// Runs the manual's snippets; fails if one prints something else than its page says.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <iostream>
#include <sstream>

#include "pages.h"

namespace manual {
namespace {

int parts = 0;
int faults = 0;

}  // namespace

void prints(std::string_view part, std::string_view expected, const std::function<void()>& run) {
  std::ostringstream caught;
  std::streambuf* const screen = std::cout.rdbuf(caught.rdbuf());
  std::string fault;
  try {
    run();
  } catch (const std::exception& error) {
    fault = error.what();
  }
  std::cout.rdbuf(screen);
  ++parts;
  if (fault.empty() && caught.str() == expected) return;
  ++faults;
  std::cout << part << ": " << fault << "\n--- printed\n" << caught.str() << "--- the page says\n" << expected;
}

void run(connectrpc::Task<> task) {
  boost::asio::io_context io(1);
  std::exception_ptr thrown;
  boost::asio::co_spawn(io, std::move(task), [&](std::exception_ptr error) {
    thrown = error;
    io.stop();
  });
  io.run();
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace manual

int main() {
  manual::metadata_page();
  manual::streams_page();
  manual::interceptors_page();
  manual::reference_pages();
  manual::health_page();
  manual::guards_pages();
  manual::access_log_page();
  manual::cors_page();
  std::cout << "manual: " << manual::parts << " parts, " << manual::faults << " faults\n";
  return manual::faults == 0 ? 0 : 1;
}
