#include "coordinator/ctl/render/status.hpp"

#include "coordinator/ctl/client/node_set.hpp"
#include "coordinator/ctl/commands/commands.hpp"
#include "coordinator/ctl/render/document.hpp"
#include "coordinator/ctl/render/terminal.hpp"

#include <iostream>
#include <unordered_map>

namespace kagent::ctl {
namespace {

constexpr std::chrono::milliseconds refresh{1000};  // ages grow
constexpr std::chrono::milliseconds redraw_pause{100};

std::string page(const NodeSet& set, bool wide, const std::string& trouble,
                 const render::Look& look) {
  // First, where a low terminal does not cut it off.
  std::string text;
  if (!trouble.empty())
    text = render::styled(render::cut(render::clean(trouble) + "; trying again", look.width),
                          render::Style::bad, look) +
           "\n";
  text += render::status_table(set.nodes(), set.now(), wide, look);
  if (set.nodes().empty()) text += "no node has enrolled yet\n";
  text += "\n" + render::styled(render::summary(set.nodes()), render::Style::dim, look) + "\n";
  return text;
}

// In place; many changes at once are drawn once.
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

// A line whenever a node looks different.
Result<> watch_in_lines(Client& client) {
  std::unordered_map<std::string, std::string> printed;  // by node id, without the time
  std::string trouble;
  return follow(client, refresh, false, [&](const Event& event) {
    if (event.trouble != trouble) {
      trouble = event.trouble;
      if (!trouble.empty()) std::cerr << "kagentctl: " << trouble << "; trying again\n";
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

// Every change as a document of its own.
Result<> watch_in_documents(Client& client, Format format) {
  return follow(client, refresh, false, [&](const Event& event) {
    if (event.changed == nullptr) return true;
    std::cout << (format == Format::json ? render::json(*event.changed)
                                         : "---\n" + render::yaml(*event.changed))
              << std::flush;
    return static_cast<bool>(std::cout);
  });
}

Result<> watch(Client& client, const StatusOptions& options) {
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
      std::cerr << "no node has enrolled yet; `kagentctl user-data` prints what they need\n";
  }
  return {};
}

}  // namespace

ExitCode run_status(const Endpoint& endpoint, const StatusOptions& options) {
  const auto client = connect(endpoint);
  if (!client) return fail(client.error());
  const auto done = options.watch ? watch(**client, options) : show(**client, options.format);
  return done ? exit_ok : fail(done.error());
}

}  // namespace kagent::ctl
