#include "coordinator/ctl/client/node_set.hpp"
#include "coordinator/ctl/commands/commands.hpp"
#include "coordinator/ctl/render/status.hpp"
#include "coordinator/ctl/render/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <iostream>

namespace kagent::ctl {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds tick{250};
// For the node's own part, over the drain.
constexpr std::chrono::minutes reset_limit{10};

std::string verb(const LeaveOptions& options) {
  return options.remove ? "remove" : "reset";
}

ExitCode show_plan(Client& client, const LeaveOptions& options) {
  const auto plan = client.plan_leave(options.node, options.remove);
  if (!plan) return fail(plan.error());
  for (const std::string& change : plan->changes()) std::cout << render::clean(change) << '\n';
  if (plan->changes().empty()) std::cout << "nothing would change\n";
  for (const std::string& note : plan->notes())
    std::cerr << "kagentctl: " << render::clean(note) << '\n';
  return exit_ok;
}

Result<bool> confirmed(const LeaveOptions& options) {
  if (options.yes) return true;
  if (::isatty(STDIN_FILENO) != 1)
    return Error(Errc::invalid_argument,
                 "nobody is there to confirm this: give --yes (--plan shows what would be done)");
  std::cerr << options.node << ": its pods are evicted, and what kagent has done on it is undone"
            << (options.remove ? "; it may not come back" : "") << ". "
            << (options.remove ? "Remove" : "Reset") << " it? [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

const v1::Node* find(const NodeSet& set, const std::string& id) {
  const auto found = std::ranges::find(set.nodes(), id, &v1::Node::id);
  return found == set.nodes().end() ? nullptr : &*found;
}

// What came of it, once that is known.
std::optional<ExitCode> outcome(const v1::Node* node, const LeaveOptions& options) {
  if (node == nullptr) {
    std::cout << options.node << " is removed\n";
    return exit_ok;
  }
  const v1::Leaving& leaving = node->leaving();
  if (node->phase() == v1::PHASE_FAILED) {
    std::cerr << "kagentctl: " << render::clean(node->reason()) << '\n';
    return exit_failed;
  }
  if (leaving.stage() == "left") {
    std::cout << node->name() << " is reset; `kagentctl rejoin " << node->name()
              << "` lets it come back\n";
    return exit_ok;
  }
  if (!leaving.stage().empty()) return std::nullopt;
  if (leaving.problem().empty()) {
    std::cout << node->name() << " is reset and joins again\n";
    return exit_ok;
  }
  std::cerr
      << "kagentctl: " << node->name() << " was not drained: " << render::clean(leaving.problem())
      << "\nIt is as it was. Mend what keeps its pods, or say --force: they go down with it.\n";
  return exit_failed;
}

ExitCode wait_for_it(Client& client, const std::string& id, const LeaveOptions& options) {
  const auto deadline = steady_clock::now() + options.drain + reset_limit;
  ExitCode code = exit_timeout;
  std::string said;
  const auto followed = follow(client, tick, true, [&](const Event& event) {
    const v1::Node* node = find(event.set, id);
    if (event.set.complete() && event.trouble.empty())
      if (const auto end = outcome(node, options)) {
        code = *end;
        return false;
      }
    if (node != nullptr && !node->reason().empty() && node->reason() != said) {
      said = node->reason();
      std::cerr << node->name() << ": " << render::clean(said) << '\n';
    }
    if (steady_clock::now() < deadline) return true;
    std::cerr << "kagentctl: not done yet; the order stands, see `kagentctl status`\n";
    return false;
  });
  return followed ? code : fail(followed.error());
}

}  // namespace

ExitCode run_leave(const Endpoint& endpoint, const LeaveOptions& options) {
  const auto client = connect(endpoint);
  if (!client) return fail(client.error());
  if (options.plan) return show_plan(**client, options);
  const auto go = confirmed(options);
  if (!go) return fail(go.error());
  if (!*go) {
    std::cerr << "nothing is changed\n";
    return exit_failed;
  }
  v1::LeaveNodeRequest request;
  request.set_node(options.node);
  request.set_remove(options.remove);
  request.set_force(options.force);
  request.set_rejoin(options.rejoin);
  request.set_drain_seconds(static_cast<std::uint32_t>(options.drain.count()));
  const auto id = (*client)->leave_node(request);
  if (!id) return fail(id.error().context(verb(options) + " " + options.node));
  return wait_for_it(**client, *id, options);
}

ExitCode run_rejoin(const Endpoint& endpoint, const std::string& node) {
  const auto client = connect(endpoint);
  if (!client) return fail(client.error());
  const auto id = (*client)->rejoin_node(node);
  if (!id) return fail(id.error());
  std::cout << node << " may come back; `kagentctl status` shows how it does\n";
  return exit_ok;
}

}  // namespace kagent::ctl
