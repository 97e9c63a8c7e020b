#include "coordinator/ctl/documents/documents.hpp"
#include "coordinator/ctl/documents/leaves.hpp"

namespace kagent::ctl::documents {
namespace {

constexpr char script[] = R"sh(# bash completion for kagentctl, generated from its commands.

_kagentctl_nodes() {
  kagentctl "$@" status 2>/dev/null | awk 'NR > 1 && !/^  (REASON|DRIFT):/ {print $1}'
}

_kagentctl() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
  local globals="@GLOBALS@ --help"
  local command= connection=() positional=0 options= words= i
  COMPREPLY=()

  for ((i = 1; i < COMP_CWORD; i++)); do
    case $command:${COMP_WORDS[i]} in
      @WITH_VALUE@) ((i++)) ;;
      @GLOBALS_WITH_VALUE@)
        connection+=("${COMP_WORDS[i]}" "${COMP_WORDS[i + 1]}")
        ((i++))
        ;;
      *:-*) ;;
      @GROUPS@) command="${command:+$command }${COMP_WORDS[i]}" ;;
      *) ((positional++)) ;;
    esac
  done

  # The value of an option.
  case $command:$before in
@VALUES@  esac
  if [[ -n $words ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$word"))
    return
  fi

  case $command in
@OPTIONS@  esac
  words="$options $globals"
  if [[ $word != -* ]]; then
    case $command:$positional in
@POSITIONALS@    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}

complete -F _kagentctl kagentctl
)sh";

std::string quoted(const std::string& path) {
  return path.find(' ') == std::string::npos ? path : "'" + path + "'";
}

// "status:-o | status:--output"
std::string patterns(const std::string& path, const Argument& option) {
  std::vector<std::string> all;
  for (const std::string& name : names_of(option)) all.push_back(quoted(path) + ":" + name);
  return joined(all, " | ");
}

// What completes a value; `globals` is what else may stand there.
std::string completing(const Argument& argument, const std::string& indent) {
  const std::string words = joined(argument.value.words, " ");
  if (!words.empty()) return " words=\"" + words + "\" ;;\n";
  if (argument.offer == Offer::nodes) return " words=$(_kagentctl_nodes \"${connection[@]}\") ;;\n";
  if (argument.offer == Offer::nothing) return " return ;;\n";
  return "\n" + indent + "  COMPREPLY=($(compgen " +
         (argument.offer == Offer::files ? "-f" : "-d") + " -- \"$word\"))\n" + indent +
         "  return\n" + indent + "  ;;\n";
}

std::string values(const std::vector<Leaf>& leaves, const Command& program) {
  std::string arms;
  const auto add = [&](const std::string& path, const Command& command) {
    for (const Argument* option : options_of(command))
      if (!option->is_flag())
        arms += "    " + patterns(path, *option) + ")" + completing(*option, "    ");
  };
  for (const Leaf& leaf : leaves) add(leaf.path, *leaf.command);
  add("*", program);
  return arms;
}

std::string options(const std::vector<Leaf>& leaves) {
  std::string arms;
  for (const Leaf& leaf : leaves) {
    std::vector<std::string> names;
    for (const Argument* option : options_of(*leaf.command))
      for (const std::string& name : names_of(*option)) names.push_back(name);
    if (!names.empty())
      arms += "    " + quoted(leaf.path) + ") options=\"" + joined(names, " ") + "\" ;;\n";
  }
  return arms;
}

std::string commands_arm(const std::string& path, const Command& group, const std::string& more) {
  std::vector<std::string> names;
  for (const Command& command : group.commands) names.push_back(command.name);
  return "      " + quoted(path) + ":*) words=\"" + joined(names, " ") + more + "\" ;;\n";
}

std::string positionals(const std::vector<Leaf>& leaves, const Command& program) {
  std::string arms = commands_arm("", program, " $globals");
  for (const Command& command : program.commands)
    if (!command.run) arms += commands_arm(command.name, command, "");
  for (const Leaf& leaf : leaves) {
    std::size_t at = 0;
    for (const Argument* argument : positionals_of(*leaf.command)) {
      const bool offered = argument->offer != Offer::nothing || !argument->value.words.empty();
      const std::string arm = "      " + quoted(leaf.path) + ":" + std::to_string(at++) + ")";
      if (offered) arms += arm + completing(*argument, "      ");
    }
  }
  return arms;
}

std::string with_value(const std::vector<Leaf>& leaves) {
  std::vector<std::string> all;
  for (const Leaf& leaf : leaves)
    for (const Argument* option : options_of(*leaf.command))
      if (!option->is_flag()) all.push_back(patterns(leaf.path, *option));
  return joined(all, " | \\\n        ");
}

// Where the next word belongs to the command's name.
std::string groups(const Command& program) {
  std::vector<std::string> all{":*"};
  for (const Command& command : program.commands)
    if (!command.run) all.push_back(command.name + ":*");
  return joined(all, " | ");
}

}  // namespace

std::string bash_completion(const Command& program) {
  const std::vector<Leaf> leaves = leaves_of(program);
  std::vector<std::string> globals, globals_with_value;
  for (const Argument* option : options_of(program)) {
    globals.push_back(option->long_name());
    if (!option->is_flag()) globals_with_value.push_back(patterns("*", *option));
  }
  std::string text = script;
  text = replaced(text, "@GLOBALS@", joined(globals, " "));
  text = replaced(text, "@GLOBALS_WITH_VALUE@", joined(globals_with_value, " | "));
  text = replaced(text, "@WITH_VALUE@", with_value(leaves));
  text = replaced(text, "@GROUPS@", groups(program));
  text = replaced(text, "@VALUES@", values(leaves, program));
  text = replaced(text, "@OPTIONS@", options(leaves));
  return replaced(text, "@POSITIONALS@", positionals(leaves, program));
}

}  // namespace kagent::ctl::documents
