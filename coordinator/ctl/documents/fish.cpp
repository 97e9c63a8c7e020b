#include "coordinator/ctl/documents/documents.hpp"
#include "coordinator/ctl/documents/leaves.hpp"

namespace kagent::ctl::documents {
namespace {

constexpr char script[] = R"sh(# fish completion for kagentctl, generated from its commands.

function __kagentctl_nodes
    kagentctl status 2>/dev/null | awk 'NR > 1 && !/^  (REASON|DRIFT):/ {print $1}'
end

function __kagentctl_is -a command
    contains -- $command (commandline -opc)
end

set -l commands @COMMANDS@

complete -c kagentctl -f
)sh";

std::string quoted(const std::string& text) {
  return "'" + replaced(text, "'", "\\'") + "'";
}

// What fish offers for a value, as options of `complete`.
std::string offered(const Argument& argument) {
  if (!argument.value.words.empty()) return " -a " + quoted(joined(argument.value.words, " "));
  switch (argument.offer) {
    case Offer::nodes: return " -a '(__kagentctl_nodes)'";
    case Offer::files: return " -F";
    case Offer::folders: return " -a '(__fish_complete_directories)'";
    case Offer::nothing: break;
  }
  return "";
}

std::string option_line(const std::string& condition, const Argument& option) {
  std::string line = "complete -c kagentctl" + condition;
  if (!option.short_name().empty()) line += " -s " + option.short_name().substr(1);
  line += " -l " + option.long_name().substr(2);
  if (!option.is_flag()) line += (option.offer == Offer::files ? " -r" : " -x") + offered(option);
  return line + " -d " + quoted(option.help) + "\n";
}

std::string is(const std::string& name) {
  return " -n '__kagentctl_is " + name + "'";
}

std::string lines_of(const Command& command) {
  std::string lines;
  for (const Command& each : command.commands)
    lines += "complete -c kagentctl" + is(command.name) + " -a " + each.name + " -d " +
             quoted(each.summary) + "\n" + lines_of(each);
  for (const Argument* option : options_of(command))
    lines += option_line(is(command.name), *option);
  for (const Argument* argument : positionals_of(command))
    if (const std::string words = offered(*argument); !words.empty())
      lines += "complete -c kagentctl" + is(command.name) + words + "\n";
  return lines;
}

}  // namespace

std::string fish_completion(const Command& program) {
  std::vector<std::string> names;
  std::string lines;
  for (const Argument* option : options_of(program)) lines += option_line("", *option);
  for (const Command& command : program.commands) {
    names.push_back(command.name);
    lines += "complete -c kagentctl -n \"not __fish_seen_subcommand_from $commands\" -a " +
             command.name + " -d " + quoted(command.summary) + "\n";
  }
  for (const Command& command : program.commands) lines += lines_of(command);
  return replaced(script, "@COMMANDS@", joined(names, " ")) + lines;
}

}  // namespace kagent::ctl::documents
