#include "coordinator/ctl/documents/leaves.hpp"

namespace kagent::ctl::documents {
namespace {

std::vector<const Argument*> filtered(const Command& command, bool positional) {
  std::vector<const Argument*> found;
  for (const Argument& argument : command.arguments)
    if (argument.is_positional() == positional) found.push_back(&argument);
  return found;
}

}  // namespace

std::vector<Leaf> leaves_of(const Command& program) {
  std::vector<Leaf> leaves;
  for (const Command& command : program.commands) {
    if (command.run) leaves.push_back({command.name, &command});
    for (const Leaf& leaf : leaves_of(command))
      leaves.push_back({command.name + " " + leaf.path, leaf.command});
  }
  return leaves;
}

std::vector<const Argument*> options_of(const Command& command) {
  return filtered(command, false);
}

std::vector<const Argument*> positionals_of(const Command& command) {
  return filtered(command, true);
}

std::vector<std::string> names_of(const Argument& option) {
  std::vector<std::string> names;
  for (const std::string& name : {option.short_name(), option.long_name()})
    if (!name.empty()) names.push_back(name);
  return names;
}

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty()) text += between;
    text += part;
  }
  return text;
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
  return text;
}

}  // namespace kagent::ctl::documents
