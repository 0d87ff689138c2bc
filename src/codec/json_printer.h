// Messages to JSON, as protobuf's own utilities print them, for the kinds of fields that most messages have.
#pragma once

#include <string>

namespace google::protobuf {
class Message;
}

namespace connectrpc::codec {

/// Appends to `out` what google::protobuf::util::MessageToJsonString would, byte for byte. False, with a part appended,
/// where that is not known: a field that JsonPlan leaves uncovered is set, or there are unknown fields; and where a
/// string is not UTF-8.
bool print_json(const google::protobuf::Message& message, std::string& out);

}  // namespace connectrpc::codec
