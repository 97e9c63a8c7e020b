#pragma once

#include <cstddef>
#include <string>
#include <vector>

// Reads the systemd journal directly, as root may. Without a readable journal there are no lines:
// the journal is evidence and decides nothing.
namespace kagent::noded::journal {

// What a unit's processes printed in this run and what systemd reported about the unit, oldest
// first.
std::vector<std::string> last_lines(const std::string& invocation_id, std::size_t count);

// Only what the unit's processes printed.
std::vector<std::string> last_printed(const std::string& invocation_id, std::size_t count);

// last_lines() of the unit's last run that left lines.
std::vector<std::string> last_run(const std::string& unit, std::size_t count);

}  // namespace kagent::noded::journal
