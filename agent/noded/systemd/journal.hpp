#pragma once

#include <cstddef>
#include <string>
#include <vector>

// The systemd journal, read directly: noded is root and needs no journalctl for it. An unreadable
// journal gives no lines; it is evidence, never a condition.
namespace kagent::noded::journal {

// What a unit's processes printed, and what systemd said of it, in that very run; oldest first.
std::vector<std::string> last_lines(const std::string& invocation_id, std::size_t count);

// Of these, what its processes printed.
std::vector<std::string> last_printed(const std::string& invocation_id, std::size_t count);

// last_lines of the last run of a unit that left anything.
std::vector<std::string> last_run(const std::string& unit, std::size_t count);

}  // namespace kagent::noded::journal
