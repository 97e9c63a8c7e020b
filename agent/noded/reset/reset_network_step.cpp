#include "agent/common/base/file.hpp"
#include "agent/noded/reset/leftovers.hpp"
#include "agent/noded/reset/order.hpp"
#include "agent/noded/step/files.hpp"
#include "agent/noded/step/outcome.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace kagent::noded {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// For each family, rules may be in legacy and in nft tables. A tool that is not installed has made
// no rules.
struct Filter {
  const char* save;
  const char* restore;
};
constexpr Filter filters[] = {{"iptables-legacy-save", "iptables-legacy-restore"},
                              {"iptables-nft-save", "iptables-nft-restore"},
                              {"iptables-save", "iptables-restore"},
                              {"ip6tables-legacy-save", "ip6tables-legacy-restore"},
                              {"ip6tables-nft-save", "ip6tables-nft-restore"},
                              {"ip6tables-save", "ip6tables-restore"}};

leftovers::Networks networks_of(const Context& context) {
  const auto first = [](const std::string& cidrs) { return cidrs.substr(0, cidrs.find(',')); };
  return {first(context.cluster.pod_cidr()), first(context.cluster.service_cidr())};
}

// The output of a tool; "" if the tool is not installed or fails.
asio::awaitable<Result<std::string>> listing(ContextPtr context, Command::Argv argv) {
  const std::string program = argv.front();
  if (const auto found = find_program(program); !found) co_return std::string{};
  const auto unit = unit_name("reset-network", program);
  Command command = Command::capturing(unit, std::move(argv), 30s);
  auto run = co_await context->commands->run(std::move(command));
  if (!run) co_return run.error();
  co_return run->ok() ? std::move(run->output) : std::string{};
}

struct Work {
  std::vector<Command::Argv> commands;
  std::vector<std::pair<std::string, std::string>> scripts;  // program and its input
  std::vector<std::string> changes;
};

// `what`: the last arguments of each command, separated by blanks.
void delete_each(const std::vector<std::string>& what, const Command::Argv& command,
                 const std::string& says, Work& work) {
  for (const auto& each : what) {
    Command::Argv argv = command;
    std::istringstream in(each);
    for (std::string word; in >> word;) argv.push_back(word);
    work.commands.push_back(std::move(argv));
    work.changes.push_back(says + " " + each);
  }
}

asio::awaitable<Result<Work>> find_work(ContextPtr context) {
  Work work;
  const auto networks = networks_of(*context);
  std::vector<std::string> seen;  // iptables-save is usually another name for one of the other two
  for (const Filter& filter : filters) {
    Command::Argv argv{filter.save};
    auto saved = co_await listing(context, std::move(argv));
    if (!saved) co_return saved.error();
    auto script = leftovers::without_our_rules(*saved, networks);
    if (script.empty() || std::ranges::find(seen, script) != seen.end()) continue;
    const auto rules = std::ranges::count(script, '\n');
    work.changes.push_back(
        fmt::format("{}: {} lines for Kubernetes' rules and chains", filter.restore, rules));
    seen.push_back(script);
    work.scripts.emplace_back(filter.restore, std::move(script));
  }
  Command::Argv list_tables{"nft", "list", "tables"};
  auto tables = co_await listing(context, std::move(list_tables));
  if (!tables) co_return tables.error();
  delete_each(leftovers::tables(*tables), {"nft", "delete", "table"}, "delete nftables' table",
              work);
  // Without ipvsadm, virtual services stay until a reboot. Their addresses go with the link
  // kube-ipvs0.
  const auto proc = read_file(context->at("/proc/1/net/ip_vs"), 16 << 20);
  if (proc && find_program("ipvsadm"))
    delete_each(leftovers::virtual_services(*proc, networks), {"ipvsadm", "-D"},
                "delete the virtual service", work);
  Command::Argv list_routes{"ip", "route", "show"};
  auto routes = co_await listing(context, std::move(list_routes));
  if (!routes) co_return routes.error();
  delete_each(leftovers::routes(*routes, networks), {"ip", "route", "del"}, "delete the route",
              work);
  Command::Argv list_links{"ip", "-o", "link", "show"};
  auto links = co_await listing(context, std::move(list_links));
  if (!links) co_return links.error();
  delete_each(leftovers::links(*links), {"ip", "link", "delete"}, "delete the link", work);
  for (const auto& name : entries_of(context->at("/run/netns"))) {
    if (!name.starts_with("cni-")) continue;
    Command::Argv argv{"ip", "netns", "delete", name};
    work.commands.push_back(std::move(argv));
    work.changes.push_back("delete the network namespace " + name);
  }
  // Sets come after the rules that refer to them.
  Command::Argv list_sets{"ipset", "list", "-n"};
  auto sets = co_await listing(context, std::move(list_sets));
  if (!sets) co_return sets.error();
  delete_each(leftovers::sets(*sets), {"ipset", "destroy"}, "destroy the set", work);
  co_return work;
}

class ResetNetwork final : public Step {
 public:
  [[nodiscard]] std::string_view name() const override { return "reset-network"; }

  asio::awaitable<Result<CheckResult>> check(ContextPtr context) override {
    auto work = co_await find_work(context);
    if (!work) co_return work.error();
    CheckResult found;
    for (auto& change : work->changes) found.need(std::move(change));
    block_without_order(*context, found);
    co_return found;
  }

  asio::awaitable<Outcome> apply(ContextPtr context) override {
    if (!context->reset_ordered) co_return no_order(name());
    auto work = co_await find_work(context);
    if (!work) co_return failed(name(), work.error());
    // Rules go first: they refer to sets, and must not send packets to links that no longer exist.
    std::vector<Command::Argv> lines;
    int number = 0;
    for (const auto& [program, script] : work->scripts) {
      const FileWant file{fmt::format("/run/kagent/reset-rules.{}", number++), script, 0600};
      if (auto written = write_in_place(*context, file); !written)
        co_return failed(name(), written.error());
      Command::Argv argv{program, "--noflush", file.path};
      lines.push_back(std::move(argv));
    }
    for (auto& command : work->commands) lines.push_back(std::move(command));
    if (lines.empty()) co_return succeeded();
    Command command(unit_name(name()), std::move(lines), 120s);
    auto run = co_await context->commands->run(std::move(command));
    if (!run) co_return failed(name(), run.error());
    if (run->ok()) co_return succeeded(*run);
    std::string message =
        "rules and devices of Kubernetes could not be removed: " + how_it_ended(*run);
    co_return co_await unit_failed(*run, "reset-network.failed", std::move(message),
                                   "See the journal lines; kagent tries again by itself.");
  }
};

}  // namespace

std::unique_ptr<Step> make_reset_network() {
  return std::make_unique<ResetNetwork>();
}

}  // namespace kagent::noded
