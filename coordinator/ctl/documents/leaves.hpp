#pragma once

#include "coordinator/ctl/arguments/command.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace kagent::ctl::documents {

// A command that runs, with the words that name it: "token create".
struct Leaf {
  std::string path;
  const Command* command;
};
// In the order of --help. They point into `program`.
std::vector<Leaf> leaves_of(const Command& program);

std::vector<const Argument*> options_of(const Command& command);  // flags included
std::vector<const Argument*> positionals_of(const Command& command);

// Both names of an option, the short one first: {"-w", "--watch"}.
std::vector<std::string> names_of(const Argument& option);

std::string joined(const std::vector<std::string>& parts, std::string_view between);
std::string replaced(std::string text, std::string_view what, std::string_view by);

}  // namespace kagent::ctl::documents
