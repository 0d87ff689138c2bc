// Keeps protobuf's parser from writing to the standard error stream.
#include "core/quiet_parse.h"

#include <google/protobuf/stubs/common.h>

#if GOOGLE_PROTOBUF_VERSION < 4022000
#include <google/protobuf/stubs/logging.h>
#endif

namespace connectrpc::detail {

#if GOOGLE_PROTOBUF_VERSION < 4022000

namespace {

// protobuf's own silencer would take a lock of the whole process for each message, and silence every thread.
constinit thread_local int quiet = 0;
constinit google::protobuf::LogHandler* next = nullptr;

void pass_on(google::protobuf::LogLevel level, const char* file, int line, const std::string& text) {
  if (quiet == 0 && next != nullptr) next(level, file, line, text);
}

}  // namespace

QuietParse::QuietParse() noexcept {
  static const bool placed = [] {
    next = google::protobuf::SetLogHandler(pass_on);
    return true;
  }();
  static_cast<void>(placed);
  ++quiet;
}

QuietParse::~QuietParse() { --quiet; }

#else

QuietParse::QuietParse() noexcept = default;
QuietParse::~QuietParse() = default;

#endif

}  // namespace connectrpc::detail
