#include "coordinator/ctl/documents/documents.hpp"
#include "coordinator/ctl/documents/leaves.hpp"

#include <algorithm>

// zshcompsys(1), _arguments and _describe.
namespace kagent::ctl::documents {
namespace {

constexpr char script[] = R"sh(#compdef kagentctl
# zsh completion for kagentctl, generated from its commands.

_kagentctl_nodes() {
  local -a nodes
  nodes=(${(f)"$(kagentctl status 2>/dev/null | awk 'NR > 1 && !/^  (REASON|DRIFT):/ {print $1}')"})
  compadd -a nodes
}

_kagentctl() {
  local -a global commands
  global=(
@GLOBALS@    '(-h --help)'{-h,--help}'[Print this help and exit]'
  )
  commands=(
@COMMANDS@  )
  local context state state_descr line
  typeset -A opt_args
  _arguments -C $global '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe command commands ;;
    argument)
      case $words[1] in
@ARMS@        *) _arguments $global ;;
      esac
      ;;
  esac
}

_kagentctl "$@"
)sh";

std::string quoted(const std::string& text) {
  return "'" + replaced(text, "'", "'\\''") + "'";
}

// In a specification of _arguments these characters have a meaning.
std::string escaped(std::string text) {
  text = replaced(std::move(text), "[", "\\[");
  text = replaced(std::move(text), "]", "\\]");
  return replaced(std::move(text), ":", "\\:");
}

std::string action(const Argument& argument) {
  if (!argument.value.words.empty()) return "(" + joined(argument.value.words, " ") + ")";
  switch (argument.offer) {
    case Offer::nodes: return "_kagentctl_nodes";
    case Offer::files: return "_files";
    case Offer::folders: return "_files -/";
    case Offer::nothing: break;
  }
  return "";
}

std::string specification(const Argument& option) {
  const std::string value = option.is_flag() ? "" : ":" + option.placeholder + ":" + action(option);
  const std::string rest = "[" + escaped(option.help) + "]" + value;
  const std::vector<std::string> names = names_of(option);
  if (names.size() == 1) return quoted(names.front() + rest);
  return quoted("(" + joined(names, " ") + ")") + "{" + joined(names, ",") + "}" + quoted(rest);
}

// The options of the program, except those whose names the command has given another meaning.
std::string globals_beside(const std::vector<const Argument*>& own, const Command& program) {
  for (const Argument* global : options_of(program))
    for (const Argument* option : own)
      if (option->long_name() == global->long_name())
        return "${global:#" + global->long_name() + "*}";
  return "$global";
}

std::string arguments_line(const std::vector<const Argument*>& options,
                           const std::vector<std::string>& positionals, const Command& program) {
  std::vector<std::string> parts{"_arguments " + globals_beside(options, program)};
  for (const Argument* option : options) parts.push_back(specification(*option));
  for (std::size_t i = 0; i < positionals.size(); ++i)
    parts.push_back(quoted(std::to_string(i + 1) + ":" + positionals[i]));
  return joined(parts, " \\\n            ");
}

// A command, or a group with the options of all its commands.
std::string arm(const Command& command, const Command& program) {
  std::vector<const Argument*> options = options_of(command);
  std::vector<std::string> positionals;
  std::vector<std::string> names;
  for (const Command& each : command.commands) {
    names.push_back(each.name);
    for (const Argument* option : options_of(each)) options.push_back(option);
  }
  if (!names.empty()) positionals.push_back("command:(" + joined(names, " ") + ")");
  const auto add = [&](const Command& of) {
    for (const Argument* each : positionals_of(of))
      positionals.push_back(each->placeholder + ":" + action(*each));
  };
  add(command);
  const auto with_positionals = std::ranges::find_if(
      command.commands, [](const Command& each) { return !positionals_of(each).empty(); });
  if (with_positionals != command.commands.end()) add(*with_positionals);
  return "        " + command.name + ") " + arguments_line(options, positionals, program) + " ;;\n";
}

}  // namespace

std::string zsh_completion(const Command& program) {
  std::string globals, commands, arms;
  for (const Argument* option : options_of(program))
    globals += "    " + specification(*option) + "\n";
  for (const Command& command : program.commands) {
    commands += "    " + quoted(command.name + ":" + escaped(command.summary)) + "\n";
    arms += arm(command, program);
  }
  std::string text = replaced(script, "@GLOBALS@", globals);
  text = replaced(text, "@COMMANDS@", commands);
  return replaced(text, "@ARMS@", arms);
}

}  // namespace kagent::ctl::documents
