// The fields of one HEADERS frame on their way out.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "connectrpc/headers.h"

namespace connectrpc::http2 {

/// Fields as nghttp2 takes them. Names and values are views, never copied: they must live until the frame was produced
/// or its stream was closed. One list is used again and again.
class FieldList {
 public:
  /// Begins another frame. A field that alone is larger than `peer_limit` (SETTINGS_MAX_HEADER_LIST_SIZE) is not
  /// added but remembered as oversized().
  void begin(std::uint32_t peer_limit) noexcept {
    size_ = 0;
    oversized_ = {};
    peer_limit_ = peer_limit;
  }
  void add(std::string_view name, std::string_view value);
  /// All pairs but those that HTTP/2 forbids (RFC 9113 section 8.2.2); pseudo-headers must have been added before.
  void add_all(const Headers& headers);

  const nghttp2_nv* data() const noexcept { return fields_.data(); }
  std::size_t size() const noexcept { return size_; }
  /// The field that no list the peer takes has room for, or one with an empty name.
  HeaderView oversized() const noexcept { return oversized_; }

 private:
  bool fits(std::string_view name, std::string_view value) noexcept {
    if (name.size() + value.size() <= peer_limit_) return true;
    oversized_ = {name, value};
    return false;
  }
  void make_room(std::size_t count);

  // Those behind size_ are of frames before.
  std::vector<nghttp2_nv> fields_;
  std::size_t size_ = 0;
  HeaderView oversized_;
  std::uint32_t peer_limit_ = 0;
};

}  // namespace connectrpc::http2
