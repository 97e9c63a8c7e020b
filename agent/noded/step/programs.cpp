#include "agent/noded/step/programs.hpp"

#include "agent/noded/step/outcome.hpp"

#include <fmt/format.h>

namespace kagent::noded {
namespace asio = boost::asio;

bool is_to_come(const Context& context, std::string_view program) {
  return context.cluster.packages().mode() == "install" && !context.has_program(program);
}

asio::awaitable<Result<std::string>> output_of(ContextPtr context, std::string unit,
                                               Command::Argv argv, std::chrono::seconds limit) {
  const std::string program = argv.front();
  Command command = Command::capturing(std::move(unit), std::move(argv), limit);
  auto run = co_await context->commands->run(std::move(command));
  if (!run) co_return run.error();
  if (run->ok()) co_return std::move(run->output);
  const std::string why = co_await why_it_failed(*run);
  const Error error(Errc::io, fmt::format("{} ({}): {}", program, run->unit, why));
  co_return error.in_unit(run->unit);
}

asio::awaitable<Result<std::string>> answer_of(ContextPtr context, std::string unit,
                                               Command::Argv argv, std::string input,
                                               std::chrono::seconds limit) {
  const auto answers = context->answers;
  const auto key = Answers::key(context->program(argv.front()), argv, input);
  if (answers && key)
    if (const auto* known = answers->find(*key)) co_return *known;
  auto output = co_await output_of(context, std::move(unit), std::move(argv), limit);
  if (answers && key && output) answers->keep(*key, *output);
  co_return output;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return lines;
}

}  // namespace kagent::noded
