// JSON to messages, for texts as programs write them.
#pragma once

#include <string_view>

namespace google::protobuf {
class Message;
}

namespace connectrpc::codec {

/// Fills `message`, which is empty, with what google::protobuf::util::JsonStringToMessage would make of `json`. False,
/// with a part filled in, for a text that is wrong, and for a right one that is unusual: it takes protobuf to tell them
/// apart, and to say what is wrong.
bool parse_json(std::string_view json, google::protobuf::Message& message);

}  // namespace connectrpc::codec
