#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace google::protobuf {
class Timestamp;
}

namespace kagent::ctl::render {

using Time = std::chrono::system_clock::time_point;

// Nothing for zero, which is unset on the wire.
std::optional<Time> time_of(const google::protobuf::Timestamp& at);

// As kubectl shows ages: 42s, 3m10s, 5h12m, 12d. Negative counts as zero.
std::string age(Time now, Time then);
// How long a step took: 0.42s, 12.3s, 3m10s.
std::string took(std::chrono::milliseconds length);
// UTC as in RFC 3339: 2026-01-31T09:25:00Z; and its time of day alone.
std::string date_time(Time at);
std::string time_of_day(Time at);

}  // namespace kagent::ctl::render
