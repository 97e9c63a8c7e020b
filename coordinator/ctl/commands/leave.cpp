#include "agent/common/base/printable.hpp"
#include "coordinator/ctl/client/node_set.hpp"
#include "coordinator/ctl/commands/commands.hpp"
#include "coordinator/ctl/commands/node_argument.hpp"
#include "coordinator/ctl/render/status.hpp"
#include "coordinator/ctl/render/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <memory>

namespace kagent::ctl {
namespace {

using std::chrono::steady_clock;

constexpr char reset_details[] =
    R"(A control plane cordons the node and evicts its pods, respecting disruption
budgets. The node then undoes what kagent and Kubernetes have done on it, and
its Kubernetes Node is deleted; hostname, images and packages stay. The node
stays enrolled and waits for `kagentctl rejoin NODE`.

If pods are left after TIME, the command names them with what keeps them; the
node is uncordoned and nothing else happens. With --force they go down with the
node. Pods that no controller recreates elsewhere are evicted only with
--force.

The order stands until it is carried out, even if the coordinator restarts.)";

constexpr char remove_details[] =
    R"(Resets the node as `kagentctl reset` does, and also takes it out of the
registry: the coordinator refuses it from then on.

A node that is not connected needs --force. Its Kubernetes Node is deleted and
its name becomes free; should the machine come back, it resets itself first.)";

struct Options {
  std::string node;
  bool remove = false;
  bool force = false, rejoin = false;
  bool plan = false;  // change nothing
  bool yes = false;
  std::chrono::seconds drain{300};
};

constexpr std::chrono::milliseconds tick{250};
// For what the node does after the drain.
constexpr std::chrono::minutes reset_limit{10};

ExitCode show_plan(Client& client, const Options& options) {
  const auto plan = client.plan_leave(options.node, options.remove);
  if (!plan) return fail(plan.error());
  for (const std::string& change : plan->changes()) std::cout << printable(change) << '\n';
  if (plan->changes().empty()) std::cout << "nothing would change\n";
  for (const std::string& note : plan->notes())
    std::cerr << "kagentctl: " << printable(note) << '\n';
  return exit_ok;
}

Result<bool> confirmed(const Options& options) {
  if (options.yes) return true;
  if (::isatty(STDIN_FILENO) != 1)
    return Error(Errc::invalid_argument,
                 "cannot ask for confirmation, since stdin is not a terminal; give --yes (--plan "
                 "shows what would be done)");
  std::cerr << (options.remove ? "Remove " : "Reset ") << options.node
            << "? Its pods are evicted and what kagent has done on it is undone"
            << (options.remove ? "; it is then refused" : "") << ". [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

const v1::Node* find(const NodeSet& set, const std::string& id) {
  const auto found = std::ranges::find(set.nodes(), id, &v1::Node::id);
  return found == set.nodes().end() ? nullptr : &*found;
}

// How it ended; nothing while it goes on.
std::optional<ExitCode> outcome(const v1::Node* node, const Options& options) {
  if (node == nullptr) {
    std::cout << options.node << " is removed\n";
    return exit_ok;
  }
  const v1::Leaving& leaving = node->leaving();
  if (node->phase() == v1::PHASE_FAILED) {
    std::cerr << "kagentctl: " << printable(node->reason()) << '\n';
    return exit_failed;
  }
  if (leaving.stage() == "left") {
    std::cout << node->name() << " is reset; `kagentctl rejoin " << node->name()
              << "` lets it rejoin\n";
    return exit_ok;
  }
  if (!leaving.stage().empty()) return std::nullopt;
  if (leaving.problem().empty()) {
    std::cout << node->name() << " is reset and rejoins\n";
    return exit_ok;
  }
  std::cerr
      << "kagentctl: " << node->name() << " was not drained: " << printable(leaving.problem())
      << "\nThe node is unchanged. Fix what keeps its pods, or give --force: the pods then go "
         "down with the node.\n";
  return exit_failed;
}

ExitCode wait_for_it(Client& client, const std::string& id, const Options& options) {
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
      std::cerr << node->name() << ": " << printable(said) << '\n';
    }
    if (steady_clock::now() < deadline) return true;
    std::cerr
        << "kagentctl: timed out, but the order stands; `kagentctl status` shows the progress\n";
    return false;
  });
  return followed ? code : fail(followed.error());
}

ExitCode run(const Endpoint& endpoint, const Options& options) {
  const auto client = connect(endpoint);
  if (!client) return fail(client.error());
  if (options.plan) return show_plan(**client, options);
  const auto go = confirmed(options);
  if (!go) return fail(go.error());
  if (!*go) {
    std::cerr << "nothing was changed\n";
    return exit_failed;
  }
  v1::LeaveNodeRequest request;
  request.set_node(options.node);
  request.set_remove(options.remove);
  request.set_force(options.force);
  request.set_rejoin(options.rejoin);
  request.set_drain_seconds(static_cast<std::uint32_t>(options.drain.count()));
  const auto id = (*client)->leave_node(request);
  if (!id) return fail(id.error().context((options.remove ? "remove " : "reset ") + options.node));
  return wait_for_it(**client, *id, options);
}

void add_options(Command& command, Options& options, const std::string& what_force_does) {
  add_node(command, options.node);
  command.flag("--plan", options.plan, "Only list what would be done");
  command.option("--timeout", "TIME", into(options.drain),
                 "Time limit of the drain, such as 90s or 10m");
  command.flag("--force", options.force, what_force_does);
  command.flag("-y,--yes", options.yes, "Do not ask for confirmation");
}

}  // namespace

Command make_reset(const Endpoint& endpoint) {
  const auto options = std::make_shared<Options>();
  Command command("reset", "Drain a node and undo what kagent has done on it", reset_details);
  add_options(command, *options, "Go on although pods cannot be evicted");
  command.flag("--rejoin", options->rejoin, "Let the node rejoin at once");
  command.run = [&endpoint, options] { return run(endpoint, *options); };
  return command;
}

Command make_remove(const Endpoint& endpoint) {
  const auto options = std::make_shared<Options>();
  options->remove = true;
  Command command("remove", "Reset a node and take it out of the registry", remove_details);
  add_options(command, *options,
              "Go on although pods cannot be evicted or the node is not connected");
  command.run = [&endpoint, options] { return run(endpoint, *options); };
  return command;
}

}  // namespace kagent::ctl
