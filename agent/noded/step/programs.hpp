#pragma once

#include "agent/noded/step/context.hpp"
#include "agent/noded/systemd/commands.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

// Programs of the node, and what they print.
namespace kagent::noded {

// Whether the program is missing now and the step `packages` will install it. Until then, checks of
// other steps describe what they will do with the program.
bool is_to_come(const Context& context, std::string_view program);

// Standard output of a short command that changes nothing. Errors: those of Units; io if the
// command failed, with its unit and the last lines that it printed.
boost::asio::awaitable<Result<std::string>> output_of(ContextPtr context, std::string unit,
                                                      Command::Argv argv,
                                                      std::chrono::seconds limit);

// The same for a program whose output depends only on its own file, `argv` and `input`. The answer
// is kept in Context::answers, so the program runs once.
boost::asio::awaitable<Result<std::string>> answer_of(ContextPtr context, std::string unit,
                                                      Command::Argv argv, std::string input,
                                                      std::chrono::seconds limit);

// Without line ends.
std::vector<std::string> lines_of(std::string_view text);

}  // namespace kagent::noded
