#include "coordinator/ctl/render/times.hpp"

#include <fmt/format.h>
#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <ctime>

namespace kagent::ctl::render {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::system_clock;

std::tm broken_down(Time at) {
  const std::time_t clock = system_clock::to_time_t(at);
  std::tm parts{};
  ::gmtime_r(&clock, &parts);
  return parts;
}

std::string pair(std::int64_t large, char large_unit, std::int64_t small, char small_unit) {
  return small == 0 ? fmt::format("{}{}", large, large_unit)
                    : fmt::format("{}{}{}{}", large, large_unit, small, small_unit);
}

std::string whole(seconds length) {
  const std::int64_t s = length.count();
  if (s < 120) return fmt::format("{}s", s);
  if (s < 600) return pair(s / 60, 'm', s % 60, 's');
  if (s < 3 * 3600) return fmt::format("{}m", s / 60);
  if (s < 8 * 3600) return pair(s / 3600, 'h', s / 60 % 60, 'm');
  if (s < 48 * 3600) return fmt::format("{}h", s / 3600);
  if (s < 8 * 86400) return pair(s / 86400, 'd', s / 3600 % 24, 'h');
  return fmt::format("{}d", s / 86400);
}

}  // namespace

std::optional<Time> time_of(const google::protobuf::Timestamp& at) {
  if (at.seconds() == 0 && at.nanos() == 0) return std::nullopt;
  return Time(std::chrono::duration_cast<system_clock::duration>(
      seconds(at.seconds()) + std::chrono::nanoseconds(at.nanos())));
}

std::string age(Time now, Time then) {
  return whole(std::max(seconds(0), std::chrono::duration_cast<seconds>(now - then)));
}

std::string took(milliseconds length) {
  const double s = static_cast<double>(std::max(milliseconds(0), length).count()) / 1000;
  if (s < 10) return fmt::format("{:.2f}s", s);
  if (s < 100) return fmt::format("{:.1f}s", s);
  return pair(static_cast<std::int64_t>(s) / 60, 'm', static_cast<std::int64_t>(s) % 60, 's');
}

std::string date_time(Time at) {
  const std::tm parts = broken_down(at);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string time_of_day(Time at) {
  const std::tm parts = broken_down(at);
  return fmt::format("{:02}:{:02}:{:02}", parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace kagent::ctl::render
