#pragma once

#include <cstddef>

namespace google::protobuf {
class Message;
}

// A message of a few kilobytes on the wire can hold a hundred times as much once it is parsed, and
// its texts can hold anything. bound() limits what a peer's message holds before anything else
// reads it. bound() walks the message by its descriptor, so a field that is added later is bounded
// too.
namespace kagent::values {

struct MessageLimits {
  std::size_t text_bytes;   // of one text; at least 16
  std::size_t elements;     // of one repeated field
  std::size_t total_bytes;  // of all texts and bytes fields; each submessage counts for 64 more
};

// Makes each text one printable line of at most text_bytes, drops the elements of a repeated field
// beyond `elements`, drops what is beyond total_bytes (later fields first), and drops unknown
// fields. Returns how many texts were shortened and elements or fields dropped: 0 for an honest
// message. Safe to repeat.
std::size_t bound(google::protobuf::Message& message, const MessageLimits& limits);

}  // namespace kagent::values
