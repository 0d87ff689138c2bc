// Bodies in gRPC-Web's text form: base64.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace connectrpc::protocol {

/// Decodes such a body, cut in any way. Whoever wrote it may have ended the encoding, with padding, after any byte and
/// begun anew. The padding at the very end may be missing.
class TextBody {
 public:
  /// Appends what `text` decodes to, as far as its groups of four are complete; `ended`: nothing will follow. False for
  /// what is no base64: what comes before it has been appended, nothing more can be read.
  bool decode(std::string_view text, bool ended, std::string& out);

 private:
  static constexpr std::size_t group_size = 4;

  bool decode_groups(std::string_view text, std::string& out);
  bool decode_part(std::string_view text, std::string& out);
  // Takes over what there is of a group.
  void keep(std::string_view& text);

  std::array<char, group_size> group_{};
  std::size_t filled_ = 0;
  std::string part_;
};

}  // namespace connectrpc::protocol
