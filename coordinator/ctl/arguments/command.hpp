#pragma once

#include "coordinator/ctl/arguments/exit_code.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// The command line as data. The parser reads arguments by it; the man page and the shell
// completions are generated from it.
namespace kagent::ctl {

// Where the text of an argument goes.
struct Value {
  // Stores the text in the command's options. Returns what is wrong with it, or an empty string.
  std::function<std::string(const std::string&)> set;
  std::string default_text;        // for --help; empty: none
  std::vector<std::string> words;  // what a shell offers
};

// The targets must outlive the command. Their present values are the defaults that --help shows.
Value into(std::string& target);
Value into(std::uint32_t& target);
// At least 1. The numbers in --help have no default.
Value into(std::optional<std::uint32_t>& target);
Value into(std::optional<std::uint64_t>& target);
// "90", "90s", "10m", "1h30m".
Value into(std::chrono::seconds& target);
// One of `words` and nothing else.
Value one_of(std::string& target, std::vector<std::string> words);
template <class T>
Value one_of(T& target, const std::vector<std::pair<std::string, T>>& choices);

// `choose` takes the place of the chosen word in `words`.
Value one_of_words(std::vector<std::string> words, std::function<void(std::size_t)> choose);

// What a shell offers in place of a value beside its words.
enum class Offer { nothing, nodes, files, folders };

struct Argument {
  std::string names;        // "-w,--watch"; for a positional its placeholder, "NODE"
  std::string placeholder;  // of an option's value, "FILE"; empty for a flag
  std::string help;
  Value value;
  std::string environment = {};  // the variable that is read where the option is not given
  Offer offer = Offer::nothing;
  bool required = false;

  [[nodiscard]] bool is_positional() const { return names.front() != '-'; }
  [[nodiscard]] bool is_flag() const { return !is_positional() && placeholder.empty(); }
  [[nodiscard]] std::string short_name() const;  // "-w", or empty
  [[nodiscard]] std::string long_name() const;   // "--watch", or empty
};

// A command with its arguments, or a group of commands.
class Command {
 public:
  // `summary` is one line for lists. `details` are paragraphs of at most 80 columns, divided by
  // blank lines; the man page fills them anew.
  Command(std::string name, std::string summary, std::string details = {});

  void flag(const std::string& names, bool& target, const std::string& help);
  // Returns the argument for further settings; the reference is valid until the next call.
  Argument& option(const std::string& names, const std::string& placeholder, Value value,
                   const std::string& help);
  Argument& positional(const std::string& placeholder, Value value, const std::string& help);

  std::string name, summary, details;
  std::vector<Argument> arguments;
  std::vector<Command> commands;  // of a group
  std::function<ExitCode()> run;  // unset for a group
};

template <class T>
Value one_of(T& target, const std::vector<std::pair<std::string, T>>& choices) {
  std::vector<std::string> words;
  for (const auto& choice : choices) words.push_back(choice.first);
  return one_of_words(words, [&target, choices](std::size_t i) { target = choices[i].second; });
}

}  // namespace kagent::ctl
