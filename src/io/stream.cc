// What every stream can do by its other functions.
#include "io/stream.h"

namespace connectrpc::io {

IoResult Stream::write_pieces(std::span<const std::string_view> pieces) {
  IoResult all;
  for (const std::string_view piece : pieces) {
    const IoResult result = write(piece);
    // What ended it is found again by the next write.
    if (result.status != IoResult::Status::ok) return all.size == 0 ? result : all;
    all.status = IoResult::Status::ok;
    all.size += result.size;
    if (result.size < piece.size()) break;
  }
  return all;
}

}  // namespace connectrpc::io
