#include "coordinator/ctl/documents/documents.hpp"
#include "coordinator/ctl/documents/leaves.hpp"
#include "coordinator/ctl/render/names.hpp"

#include <algorithm>
#include <sstream>

// man(7) and groff_char(7): a backslash begins an escape, a dot or an apostrophe at the beginning
// of a line begins a request, and "\-" is the hyphen of options.
namespace kagent::ctl::documents {
namespace {

std::string escaped(const std::string& text) {
  return replaced(replaced(text, "\\", "\\e"), "-", "\\-");
}

std::string bold(const std::string& text) {
  return "\\fB" + escaped(text) + "\\fR";
}

std::string italic(const std::string& text) {
  return "\\fI" + escaped(text) + "\\fR";
}

// The end of the option's name that begins at `at`, as in "--key"; `at` if none does.
std::size_t end_of_option(const std::string& text, std::size_t at) {
  const std::size_t end =
      std::min(text.find_first_not_of("abcdefghijklmnopqrstuvwxyz-", at), text.size());
  return text.compare(at, 2, "--") == 0 && end > at + 2 ? end : at;
}

// Text in backquotes and names of options become bold; the backquotes go.
std::string marked_up(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t quote = text[at] == '`' ? text.find('`', at + 1) : std::string::npos;
    const std::size_t option = end_of_option(text, at);
    if (quote != std::string::npos) {
      out += bold(text.substr(at + 1, quote - at - 1));
      at = quote + 1;
    } else if (option != at) {
      out += bold(text.substr(at, option - at));
      at = option;
    } else {
      out += text[at] == '\\' ? "\\e" : text.substr(at, 1);
      ++at;
    }
  }
  return out;
}

// "\&" keeps a line from being read as a request.
std::string lines_of(const std::string& text) {
  std::string out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (line.empty()) {
      out += ".IP\n";  // the next paragraph of the same entry
      continue;
    }
    const bool request = line.starts_with('.') || line.starts_with('\'');
    out += (request ? "\\&" : "") + line + "\n";
  }
  return out;
}

std::string with_value(const Argument& option, const std::string& names) {
  return option.is_flag() ? names : names + " " + italic(option.placeholder);
}

std::string head_of(const Leaf& leaf) {
  std::string head = bold(leaf.path);
  for (const Argument* each : positionals_of(*leaf.command))
    head +=
        each->required ? " " + italic(each->placeholder) : " [" + italic(each->placeholder) + "]";
  for (const Argument* each : options_of(*leaf.command))
    head += " [" + with_value(*each, bold(names_of(*each).back())) + "]";
  return head;
}

std::string option_text(const Argument& option) {
  std::string text = option.help + ".";
  if (!option.value.default_text.empty()) text += " Default: " + option.value.default_text + ".";
  if (!option.environment.empty())
    text += " The environment variable " + option.environment + " sets it as well.";
  return lines_of(marked_up(text));
}

std::string names_in_bold(const Argument& argument) {
  if (argument.is_positional()) return italic(argument.placeholder);
  std::vector<std::string> names;
  for (const std::string& name : names_of(argument)) names.push_back(bold(name));
  return with_value(argument, joined(names, ", "));
}

std::string command_entry(const Leaf& leaf) {
  std::string text = leaf.command->summary + ".";
  if (!leaf.command->details.empty()) text += "\n\n" + leaf.command->details;
  std::string entry = ".TP\n" + head_of(leaf) + "\n" + lines_of(marked_up(text));
  if (leaf.command->arguments.empty()) return entry;
  entry += ".RS\n";
  for (const Argument& argument : leaf.command->arguments)
    entry += ".IP \"" + names_in_bold(argument) + "\" 4\n" + option_text(argument);
  return entry + ".RE\n";
}

std::string commands_of(const Command& program) {
  std::string text;
  for (const Leaf& leaf : leaves_of(program)) text += command_entry(leaf);
  return text;
}

std::string program_options(const Command& program) {
  std::string text;
  for (const Argument* option : options_of(program))
    text += ".TP\n" + names_in_bold(*option) + "\n" + option_text(*option);
  return text;
}

std::string phases() {
  std::vector<std::string> names;
  for (const std::string& name : render::phase_names()) names.push_back(bold(name));
  return joined(names, ",\n") + ".\n";
}

std::string exit_status() {
  std::string text;
  for (const ExitMeaning& each : exit_meanings())
    text += ".TP\n" + bold(std::to_string(each.code)) + "\n" + each.meaning + "\n";
  return text;
}

}  // namespace

std::string man_page(const Command& program, const std::string& page) {
  std::string text = page;
  text = replaced(text, "@COMMANDS@\n", commands_of(program));
  text = replaced(text, "@OPTIONS@\n", program_options(program));
  text = replaced(text, "@PHASES@\n", phases());
  return replaced(text, "@EXIT_STATUS@\n", exit_status());
}

}  // namespace kagent::ctl::documents
