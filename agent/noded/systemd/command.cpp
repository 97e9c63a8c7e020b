#include "agent/noded/systemd/commands.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <ranges>

namespace kagent::noded {

Command::Command(std::string unit_name, Argv argv, std::chrono::seconds time_limit)
    : unit(std::move(unit_name)), limit(time_limit) {
  lines.push_back(std::move(argv));
}

Command::Command(std::string unit_name, std::vector<Argv> argvs, std::chrono::seconds time_limit)
    : unit(std::move(unit_name)), lines(std::move(argvs)), limit(time_limit) {}

Command Command::capturing(std::string unit_name, Argv argv, std::chrono::seconds time_limit) {
  Command command(std::move(unit_name), std::move(argv), time_limit);
  command.capture = true;
  return command;
}

Result<std::string> find_program(const std::string& name) {
  if (name.starts_with('/')) return name;
  for (const auto folder : std::views::split(search_path, ':')) {
    std::string path(folder.begin(), folder.end());
    path += "/" + name;
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return Error{Errc::not_installed,
               fmt::format("program {} is not installed (looked in {})", name, search_path)};
}

}  // namespace kagent::noded
