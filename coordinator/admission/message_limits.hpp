#pragma once

#include <cstddef>

namespace google::protobuf {
class Message;
}
namespace kagent::v1 {
class AgentMessage;
}  // namespace kagent::v1

// A message of a few kilobytes on the wire can hold a hundred times as much once it is parsed, and
// its texts can hold anything. These functions bound what a node's message holds before anything
// else reads it. They walk the message by its descriptor, so a field that is added later is bounded
// too.
namespace kagent::coordinator {

struct MessageLimits {
  std::size_t text_bytes;   // of one text; at least 16
  std::size_t elements;     // of one repeated field
  std::size_t total_bytes;  // of all texts and bytes fields; each submessage counts for 64 more
};

inline constexpr MessageLimits report_limits{1024, 128, 64 << 10};
inline constexpr MessageLimits reply_limits{4096, 10'000, 512 << 10};

// Makes each text one printable line of at most text_bytes, drops the elements of a repeated field
// beyond `elements`, drops what is beyond total_bytes (later fields first), and drops unknown
// fields. Returns how many texts were shortened and elements or fields dropped: 0 for an honest
// message. Safe to repeat.
std::size_t bound(google::protobuf::Message& message, const MessageLimits& limits);

// With report_limits for what carries a NodeReport, reply_limits for everything else.
std::size_t bound(v1::AgentMessage& message);

}  // namespace kagent::coordinator
