// What differs between the protobuf versions that we build with (3.21, 4.22 and later, 6.30 and later). Not API.
#pragma once

#include <google/protobuf/arena.h>

#include <string_view>

namespace connectrpc::detail {

/// A text of protobuf as a standard view: its names and status messages are std::string, StringPiece or
/// absl::string_view, depending on the version. Valid as long as `text`.
template <class Text>
std::string_view pb_view(const Text& text) noexcept {
  return {text.data(), text.size()};
}

/// A message in an arena, which owns it.
template <class T>
T* pb_create(google::protobuf::Arena& arena) {
#if GOOGLE_PROTOBUF_VERSION >= 5026000
  return google::protobuf::Arena::Create<T>(&arena);
#else
  return google::protobuf::Arena::CreateMessage<T>(&arena);
#endif
}

}  // namespace connectrpc::detail
