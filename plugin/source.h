// Writes x.connect.cc.
#pragma once

#include <string>

#include "plugin/model.h"

namespace connectrpc::plugin {

/// The generated source of a file.
std::string source_text(const File& file);

}  // namespace connectrpc::plugin
