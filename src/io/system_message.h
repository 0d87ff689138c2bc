// What an error number of the system means, for the end of a sentence.
#pragma once

#include <string>

namespace connectrpc::io {

/// "connection refused": the system's text for an errno value, beginning in lower case.
std::string system_message(int error);

}  // namespace connectrpc::io
