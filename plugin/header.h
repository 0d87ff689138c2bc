// Writes x.connect.h.
#pragma once

#include <string>

#include "plugin/model.h"

namespace connectrpc::plugin {

/// The generated header of a file.
std::string header_text(const File& file);

}  // namespace connectrpc::plugin
