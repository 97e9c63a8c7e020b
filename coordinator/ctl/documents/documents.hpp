#pragma once

#include "coordinator/ctl/arguments/command.hpp"

#include <string>

// What is written from the commands of a program. Pure.
namespace kagent::ctl::documents {

// Replaces the lines @COMMANDS@, @OPTIONS@, @PHASES@ and @EXIT_STATUS@ of a man page.
std::string man_page(const Command& program, const std::string& page);

// Scripts that complete commands, options and values. The names of nodes come from
// `kagentctl status`.
std::string bash_completion(const Command& program);
std::string zsh_completion(const Command& program);
std::string fish_completion(const Command& program);

}  // namespace kagent::ctl::documents
