#include "coordinator/ctl/render/status.hpp"

#include "agent/common/base/printable.hpp"
#include "coordinator/ctl/client/node_set.hpp"
#include "coordinator/ctl/commands/commands.hpp"
#include "coordinator/ctl/commands/format.hpp"
#include "coordinator/ctl/render/document.hpp"
#include "coordinator/ctl/render/terminal.hpp"

#include <iostream>
#include <memory>
#include <unordered_map>

namespace kagent::ctl {
namespace {

constexpr char details[] =
    R"(A node appears from the moment it enrols. If something is wrong, a line below
the node gives the reason. KUBELET is the state of the kubelet's unit, READY the Ready
condition of the Kubernetes Node, LAST SEEN the time since the coordinator last
heard from the node.

With --watch the command keeps running: a terminal shows the table, updated in
place; elsewhere every change is printed as one line.)";

struct Options {
  bool watch = false;
  Format format = Format::table;
};

constexpr std::chrono::milliseconds refresh{1000};  // ages grow
constexpr std::chrono::milliseconds redraw_pause{100};

std::string page(const NodeSet& set, bool wide, const std::string& trouble,
                 const render::Look& look) {
  // The trouble comes first, so that a low terminal shows it.
  std::string text;
  if (!trouble.empty())
    text = render::styled(render::cut(printable(trouble) + "; retrying", look.width),
                          render::Style::bad, look) +
           "\n";
  text += render::status_table(set.nodes(), set.now(), wide, look);
  if (set.nodes().empty()) text += "no node has enrolled yet\n";
  text += "\n" + render::styled(render::summary(set.nodes()), render::Style::dim, look) + "\n";
  return text;
}

// Updates the table in place. Changes in quick succession are drawn once.
Result<> watch_on_terminal(Client& client, bool wide) {
  LiveText live;
  std::chrono::steady_clock::time_point drawn{};
  bool stale = false;
  return follow(client, redraw_pause, false, [&](const Event& event) {
    const auto now = std::chrono::steady_clock::now();
    stale = stale || event.changed != nullptr;
    const bool due = now - drawn >= (stale ? redraw_pause : refresh);
    if (due && (event.set.complete() || !event.trouble.empty())) {
      live.show(page(event.set, wide, event.trouble, look_of_stdout()));
      drawn = now;
      stale = false;
    }
    return true;
  });
}

// Prints a line whenever a node's line differs from its last one.
Result<> watch_in_lines(Client& client) {
  std::unordered_map<std::string, std::string> printed;  // by node id, without the time
  std::string trouble;
  return follow(client, refresh, false, [&](const Event& event) {
    if (event.trouble != trouble) {
      trouble = event.trouble;
      if (!trouble.empty()) std::cerr << "kagentctl: " << trouble << "; retrying\n";
    }
    if (event.changed == nullptr) return true;
    const std::string line = render::change_line(*event.changed, event.set.now());
    std::string& last = printed[event.changed->id()];
    const std::string said = line.substr(line.find(' '));
    if (said != last) std::cout << line << std::endl;
    last = said;
    return static_cast<bool>(std::cout);
  });
}

// Prints every change as a document of its own.
Result<> watch_in_documents(Client& client, Format format) {
  return follow(client, refresh, false, [&](const Event& event) {
    if (event.changed == nullptr) return true;
    std::cout << (format == Format::json ? render::json(*event.changed)
                                         : "---\n" + render::yaml(*event.changed))
              << std::flush;
    return static_cast<bool>(std::cout);
  });
}

Result<> watch(Client& client, const Options& options) {
  if (options.format == Format::json || options.format == Format::yaml)
    return watch_in_documents(client, options.format);
  return on_terminal() ? watch_on_terminal(client, options.format == Format::wide)
                       : watch_in_lines(client);
}

Result<> show(Client& client, Format format) {
  const auto listed = client.list_nodes();
  if (!listed) return listed.error();
  if (format == Format::json) {
    std::cout << render::json(*listed);
  } else if (format == Format::yaml) {
    std::cout << render::yaml(*listed);
  } else {
    const std::vector<v1::Node> nodes(listed->nodes().begin(), listed->nodes().end());
    const auto now = render::time_of(listed->now());
    std::cout << render::status_table(nodes, now ? *now : std::chrono::system_clock::now(),
                                      format == Format::wide, look_of_stdout());
    if (nodes.empty())
      std::cerr
          << "no node has enrolled yet; `kagentctl user-data` prints the user-data for nodes\n";
  }
  return {};
}

ExitCode run(const Endpoint& endpoint, const Options& options) {
  const auto client = connect(endpoint);
  if (!client) return fail(client.error());
  const auto done = options.watch ? watch(**client, options) : show(**client, options.format);
  return done ? exit_ok : fail(done.error());
}

}  // namespace

Command make_status(const Endpoint& endpoint) {
  const auto options = std::make_shared<Options>();
  Command command("status", "Show one line per node", details);
  command.flag("-w,--watch", options->watch, "Keep running and show every change");
  add_format_option(command, options->format, true);
  command.run = [&endpoint, options] { return run(endpoint, *options); };
  return command;
}

}  // namespace kagent::ctl
