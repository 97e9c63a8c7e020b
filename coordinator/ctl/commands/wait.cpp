#include "coordinator/ctl/arguments/duration.hpp"
#include "coordinator/ctl/client/node_set.hpp"
#include "coordinator/ctl/commands/commands.hpp"
#include "coordinator/ctl/render/names.hpp"
#include "coordinator/ctl/render/status.hpp"

#include <algorithm>
#include <iostream>
#include <memory>
#include <thread>
#include <utility>

namespace kagent::ctl {
namespace {

using std::chrono::steady_clock;

constexpr char details[] =
    R"(The command succeeds as soon as at least N nodes are in the phase; without
--nodes all enrolled nodes must be, and at least one. When the time is up, it
names every node in another phase with its reason. It also waits for a coordinator that has not
started yet or that restarts.)";

struct Options {
  std::string condition = "ready";  // a phase, also as phase=NAME
  std::optional<unsigned> nodes;    // unset: all that are enrolled, at least one
  std::chrono::seconds timeout{600};
  bool quiet = false;
};

constexpr std::chrono::milliseconds tick{250};

std::optional<v1::Phase> phase_of(std::string_view condition) {
  if (condition.starts_with("phase=")) condition.remove_prefix(6);
  return render::phase_from(condition);
}

struct Count {
  std::size_t met = 0, wanted = 0;
  [[nodiscard]] bool enough() const { return wanted > 0 && met >= wanted; }
};

Count count(const NodeSet& set, v1::Phase phase, const std::optional<unsigned>& wanted) {
  const auto met = std::ranges::count(set.nodes(), phase, &v1::Node::phase);
  return {static_cast<std::size_t>(met), wanted ? *wanted : set.nodes().size()};
}

std::string said(const Count& count, const std::string& phase) {
  return std::to_string(count.met) + " of " + std::to_string(count.wanted) +
         (count.wanted == 1 ? " node is " : " nodes are ") + phase;
}

// Prints every node in another phase with its reason.
void explain(const NodeSet& set, v1::Phase phase, const std::string& trouble) {
  for (const v1::Node& node : set.nodes())
    if (node.phase() != phase)
      std::cerr << "  " << render::change_line(node, set.now()).substr(9) << '\n';
  if (set.nodes().empty() && trouble.empty()) std::cerr << "  no node has enrolled\n";
  if (!trouble.empty()) std::cerr << "  " << trouble << '\n';
}

// Retries while nobody answers, for a coordinator that is about to start.
Result<std::unique_ptr<Client>> connect_until(const Endpoint& endpoint,
                                              steady_clock::time_point deadline) {
  for (;;) {
    auto client = connect(endpoint);
    if (client || client.error().code() != Errc::unavailable || steady_clock::now() >= deadline)
      return client;
    std::this_thread::sleep_for(tick);
  }
}

ExitCode run(const Endpoint& endpoint, const Options& options) {
  const auto phase = phase_of(options.condition);
  if (!phase) {
    std::string names;
    for (const std::string& name : render::phase_names())
      names += (names.empty() ? "" : ", ") + name;
    return fail(Error(Errc::invalid_argument,
                      "--for: " + options.condition + " is not a phase; phases are " + names));
  }
  const auto deadline = steady_clock::now() + options.timeout;
  const auto client = connect_until(endpoint, deadline);
  if (!client) return fail(client.error());
  const std::string name = render::phase_name(*phase);
  ExitCode code = exit_timeout;
  std::string progress;
  const auto done = follow(**client, tick, true, [&](const Event& event) {
    const Count now = count(event.set, *phase, options.nodes);
    const std::string text = said(now, name);
    if (event.set.complete() && now.enough()) {
      std::cout << text << '\n';
      code = exit_ok;
      return false;
    }
    if (event.set.complete() && !options.quiet && std::exchange(progress, text) != text)
      std::cerr << text << "; waiting\n";
    if (steady_clock::now() < deadline) return true;
    std::cerr << "kagentctl: timed out after " << to_text(options.timeout) << ": " << text << '\n';
    explain(event.set, *phase, event.trouble);
    return false;
  });
  return done ? code : fail(done.error());
}

}  // namespace

Command make_wait(const Endpoint& endpoint) {
  const auto options = std::make_shared<Options>();
  Command command("wait", "Wait until nodes are ready, or in another phase", details);
  Argument& condition = command.option("--for", "PHASE", into(options->condition),
                                       "The phase to wait for; phase=PHASE means the same");
  condition.value.words = render::phase_names();
  command.option("--nodes", "N", into(options->nodes),
                 "Wait for at least N nodes (default: all enrolled nodes)");
  command.option("--timeout", "TIME", into(options->timeout),
                 "Give up after this time, such as 90s, 10m or 1h30m");
  command.flag("-q,--quiet", options->quiet, "Print no progress on stderr");
  command.run = [&endpoint, options] { return run(endpoint, *options); };
  return command;
}

}  // namespace kagent::ctl
