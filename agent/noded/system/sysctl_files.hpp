#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// How systemd-sysctl reads its files (sysctl.d(5)). Pure.
namespace kagent::noded {

struct SysctlFile {
  std::string path;
  std::string text;
};

// The files that systemd-sysctl applies, in its order: sorted by file name. If several folders hold
// the same name, the file in the first of `folders` counts.
std::vector<std::string> sysctl_order(const std::vector<std::string>& paths,
                                      const std::vector<std::string>& folders);

struct Override {
  std::string path;
  std::string line;  // as the file has it
};

// The last file after `ours` that sets `name` ("net.ipv4.ip_forward") to another value than
// `value`. `files` must be in the order of sysctl_order(). Globs are ignored, because an exact key
// in any file overrides them.
std::optional<Override> overridden_by(const std::vector<SysctlFile>& files, std::string_view ours,
                                      std::string_view name, std::string_view value);

}  // namespace kagent::noded
