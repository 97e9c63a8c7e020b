#include "agent/noded/system/sysctl_files.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>

namespace kagent::noded {
namespace {

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r") - first + 1));
}

// The first separator decides which form this is. In the form with slashes, a dot is part of a
// name.
std::string with_dots(std::string name) {
  const auto first = name.find_first_of("./");
  if (first == std::string::npos || name[first] == '.') return name;
  for (char& c : name) c = c == '/' ? '.' : c == '.' ? '/' : c;
  return name;
}

}  // namespace

std::vector<std::string> sysctl_order(const std::vector<std::string>& paths,
                                      const std::vector<std::string>& folders) {
  std::map<std::string, std::string> by_name;
  for (const std::string& folder : folders)
    for (const std::string& path : paths) {
      const std::filesystem::path file(path);
      if (file.parent_path() == folder && file.extension() == ".conf")
        by_name.emplace(file.filename().string(), path);
    }
  std::vector<std::string> order;
  for (auto& [name, path] : by_name) order.push_back(std::move(path));
  return order;
}

std::optional<Override> overridden_by(const std::vector<SysctlFile>& files, std::string_view ours,
                                      std::string_view name, std::string_view value) {
  std::optional<Override> found;
  bool after = false;
  for (const SysctlFile& file : files) {
    if (file.path == ours) {
      after = true;
      continue;
    }
    if (!after) continue;
    std::istringstream in(file.text);
    for (std::string line; std::getline(in, line);) {
      const std::string text = trimmed(line);
      const auto equals = text.find('=');
      if (text.empty() || text[0] == '#' || text[0] == ';' || equals == std::string::npos) continue;
      std::string key = trimmed(std::string_view(text).substr(0, equals));
      if (key.starts_with('-')) key.erase(0, 1);
      if (with_dots(key) != name) continue;
      if (trimmed(std::string_view(text).substr(equals + 1)) == value)
        found.reset();
      else
        found = Override{file.path, text};
    }
  }
  return found;
}

}  // namespace kagent::noded
