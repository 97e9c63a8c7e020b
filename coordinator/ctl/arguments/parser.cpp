#include "coordinator/ctl/arguments/parser.hpp"

#include <CLI/CLI.hpp>

#include <map>
#include <memory>

namespace kagent::ctl {
namespace {

using CommandOf = std::map<const CLI::App*, const Command*>;

// CLI11's layout, with the details of a command below its summary.
class HelpFormatter final : public CLI::Formatter {
 public:
  explicit HelpFormatter(const CommandOf& command_of) : command_of_(command_of) {
    label("SUBCOMMAND", "COMMAND");
    label("REQUIRED", "(required)");
    label("Env", "environment");
  }
  std::string make_description(const CLI::App* app) const override {
    const Command& command = *command_of_.at(app);
    return command.summary + ".\n\n" + (command.details.empty() ? "" : command.details + "\n\n");
  }

 private:
  const CommandOf& command_of_;
};

std::string footer_of(const Command& command, bool is_program) {
  if (is_program) {
    std::string text = "Exit status:";
    for (const ExitMeaning& each : exit_meanings())
      text += "\n  " + std::to_string(each.code) + "  " + each.meaning;
    return text + "\n\n`kagentctl COMMAND --help` explains a command.";
  }
  return command.run ? "`kagentctl --help` lists the options that every command takes." : "";
}

void add(CLI::App& app, const Argument& argument) {
  const auto take = [&argument](const std::string& text) {
    if (const std::string wrong = argument.value.set(text); !wrong.empty())
      throw CLI::ValidationError(argument.is_positional() ? argument.names : argument.long_name(),
                                 wrong);
  };
  if (argument.is_flag()) {
    app.add_flag_callback(
        argument.names, [take] { take({}); }, argument.help);
    return;
  }
  CLI::Option* option = app.add_option_function<std::string>(argument.names, take, argument.help);
  option->type_name(argument.is_positional() ? "" : argument.placeholder);
  option->default_str(argument.value.default_text);
  option->required(argument.required);
  if (!argument.environment.empty()) option->envname(argument.environment);
}

void fill(CLI::App& app, const Command& command, CommandOf& command_of) {
  command_of.emplace(&app, &command);
  app.fallthrough(app.get_parent() != nullptr);
  app.footer(footer_of(command, app.get_parent() == nullptr));
  for (const Argument& argument : command.arguments) add(app, argument);
  if (!command.commands.empty()) app.require_subcommand(1);
  for (const Command& each : command.commands) {
    CLI::App* sub = app.add_subcommand(each.name, each.summary);
    sub->group("Commands");
    fill(*sub, each, command_of);
  }
}

const CLI::App* chosen(const CLI::App* app) {
  const auto named = app->get_subcommands();
  return named.empty() ? app : chosen(named.front());
}

std::string failure_of(const CLI::App* app, const CLI::Error& error) {
  const CLI::App* at = chosen(app);
  std::string path;
  for (const CLI::App* each = at; each != nullptr; each = each->get_parent())
    path = each->get_name() + (path.empty() ? "" : " ") + path;
  const std::vector<std::string> rest = app->remaining(true);
  std::string what = error.what();
  if (!at->get_subcommands({}).empty() && error.get_name() == "RequiredError")
    what = rest.empty() ? "a command is required" : rest.front() + " is not a command";
  return "kagentctl: " + what + "; see `" + path + " --help`\n";
}

}  // namespace

ExitCode parse_and_run(const Command& program, int argc, const char* const* argv) {
  CommandOf command_of;
  CLI::App app(program.summary, program.name);
  app.formatter(std::make_shared<HelpFormatter>(command_of));
  app.get_help_ptr()->description("Print this help and exit");
  app.failure_message(failure_of);
  fill(app, program, command_of);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? exit_ok : exit_usage;
  }
  return command_of.at(chosen(&app))->run();
}

}  // namespace kagent::ctl
