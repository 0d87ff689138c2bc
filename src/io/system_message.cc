// What an error number of the system means, for the end of a sentence.
#include "io/system_message.h"

#include <system_error>

namespace connectrpc::io {

std::string system_message(int error) {
  std::string text = std::generic_category().message(error);
  if (text.size() > 1 && text[0] >= 'A' && text[0] <= 'Z' && !(text[1] >= 'A' && text[1] <= 'Z'))
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

}  // namespace connectrpc::io
