// Files of a directory, as a plain route.
#pragma once

#include <string>

#include "connectrpc/http/middleware.h"

namespace connectrpc::http {

/// Serves the regular files below `directory`, for a path that ends in '/': server.handle("/static/",
/// http::static_files("www")). GET and HEAD; the type by the name's ending; etag and last-modified, and 304 for who has
/// the file already; index.html for a directory. Never leaves the directory, neither by "..", in any spelling, nor by a
/// symbolic link that leads out. Reads on the loop, in pieces of 64 KiB. std::invalid_argument if there is no such
/// directory.
Handler static_files(const std::string& directory);

}  // namespace connectrpc::http
