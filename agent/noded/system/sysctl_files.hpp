#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What systemd-sysctl makes of its files (sysctl.d(5)). Pure.
namespace kagent::noded {

struct SysctlFile {
  std::string path;
  std::string text;
};

// The files that count, in the order in which they are applied: by file name; of two with the same
// name the one whose folder stands first in `folders`.
std::vector<std::string> sysctl_order(const std::vector<std::string>& paths,
                                      const std::vector<std::string>& folders);

struct Override {
  std::string path;
  std::string line;  // as it stands there
};

// The last file after `ours` that sets `name` ("net.ipv4.ip_forward") to something else than
// `value`; files in the order of sysctl_order(). A glob there does not count: a key that is named
// somewhere is out of every glob's reach.
std::optional<Override> overridden_by(const std::vector<SysctlFile>& files, std::string_view ours,
                                      std::string_view name, std::string_view value);

}  // namespace kagent::noded
