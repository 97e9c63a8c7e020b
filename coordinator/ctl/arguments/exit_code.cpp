#include "coordinator/ctl/arguments/exit_code.hpp"

#include "agent/common/base/printable.hpp"

#include <iostream>
#include <sstream>
#include <string>

namespace kagent::ctl {
namespace {

constexpr ExitMeaning meanings[] = {
    {exit_ok, "success"},
    {exit_failed, "failure"},
    {exit_usage, "invalid arguments or an invalid document"},
    {exit_unreachable, "the coordinator or the node does not answer"},
    {exit_timeout, "the command timed out"},
    {exit_not_found, "not found"},
    {exit_denied, "permission denied"},
};

}  // namespace

std::span<const ExitMeaning> exit_meanings() {
  return meanings;
}

ExitCode exit_code_of(Errc code) {
  switch (code) {
    case Errc::invalid_argument: return exit_usage;
    case Errc::unavailable:
    case Errc::cancelled: return exit_unreachable;
    case Errc::deadline_exceeded: return exit_timeout;
    case Errc::not_found: return exit_not_found;
    case Errc::permission_denied:
    case Errc::unauthenticated: return exit_denied;
    default: return exit_failed;
  }
}

ExitCode fail(const Error& error) {
  // An error may have several lines, such as one for each mistake in a file.
  std::istringstream lines(error.message());
  std::string line;
  std::getline(lines, line);
  std::cerr << "kagentctl: " << printable(line) << '\n';
  while (std::getline(lines, line)) std::cerr << printable(line) << '\n';
  return exit_code_of(error.code());
}

}  // namespace kagent::ctl
