// Whether the strings of a message are text.
#pragma once

#include <string>

namespace google::protobuf {
class Message;
}

namespace connectrpc::codec {

/// The name of the first `string` field that is not UTF-8, with the path to it ("rows.title"); "" if all are.
/// protobuf's JSON printers silently drop or replace such bytes.
std::string first_broken_text(const google::protobuf::Message& message);

}  // namespace connectrpc::codec
