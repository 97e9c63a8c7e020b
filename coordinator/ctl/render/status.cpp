#include "coordinator/ctl/render/status.hpp"

#include "agent/common/base/printable.hpp"
#include "coordinator/ctl/render/names.hpp"

#include <map>

namespace kagent::ctl::render {
namespace {

Cell or_dash(std::string_view text) {
  return text.empty() ? Cell{"-", Style::dim} : Cell{printable(text)};
}

Cell ready_cell(const v1::Node& node) {
  if (!node.has_kubernetes()) return {"-", Style::dim};
  return node.kubernetes().ready() ? Cell{"True", Style::good} : Cell{"False", Style::bad};
}

Cell last_seen_cell(const v1::Node& node, Time now) {
  const auto at = time_of(node.last_seen_at());
  if (!at) return {"-", Style::dim};
  // Heartbeats are not sent to watchers, so the time would be stale. The session ends when they
  // stop.
  if (node.connected()) return {"now", Style::plain};
  return {age(now, *at) + " ago", Style::bad};
}

std::string version_of(const v1::Node& node) {
  return node.kubernetes().kubelet_version().empty() ? node.report().kubelet_version()
                                                     : node.kubernetes().kubelet_version();
}

std::vector<Cell> cells_of(const v1::Node& node, Time now, bool wide) {
  const auto enrolled = time_of(node.enrolled_at());
  const v1::UnitHealth kubelet = node.report().kubelet();
  const bool done = node.phase() == v1::PHASE_READY && node.step().empty();
  std::vector<Cell> cells{
      or_dash(node.name()),
      or_dash(node.role()),
      {phase_name(node.phase()), style_of(node.phase())},
      done ? Cell{"-", Style::dim} : or_dash(node.step()),
      {health_name(kubelet), style_of(kubelet)},
      ready_cell(node),
      or_dash(version_of(node)),
      enrolled ? Cell{age(now, *enrolled)} : or_dash(""),
      last_seen_cell(node, now),
  };
  if (!wide) return cells;
  const v1::NodeFacts& facts = node.report().facts();
  const v1::UnitHealth runtime = node.report().runtime();
  cells.push_back(or_dash(node.id()));
  cells.push_back(or_dash(facts.address()));
  cells.push_back({health_name(runtime), style_of(runtime)});
  cells.push_back(or_dash(facts.instance_type()));
  cells.push_back(or_dash(facts.availability_zone()));
  cells.push_back(or_dash(facts.os()));
  cells.push_back(or_dash(facts.kernel()));
  cells.push_back(or_dash(facts.agent_version()));
  return cells;
}

}  // namespace

std::string status_table(const std::vector<v1::Node>& nodes, Time now, bool wide,
                         const Look& look) {
  std::vector<std::string> heads{"NODE",  "ROLE",    "PHASE", "STEP",     "KUBELET",
                                 "READY", "VERSION", "AGE",   "LAST SEEN"};
  if (wide)
    heads.insert(heads.end(),
                 {"ID", "ADDRESS", "RUNTIME", "TYPE", "ZONE", "OS", "KERNEL", "AGENT"});
  Table table(std::move(heads));
  for (const v1::Node& node : nodes) {
    table.row(cells_of(node, now, wide));
    if (!node.reason().empty())
      table.note({"  REASON: " + printable(node.reason()),
                  style_of(node.phase()) == Style::bad ? Style::bad : Style::busy});
    for (const v1::StepStatus& step : node.report().steps())
      if (!step.drift().empty())
        table.note(
            {"  DRIFT: " + printable(step.name()) + ": " + printable(step.drift()), Style::busy});
  }
  return table.text(look);
}

std::string summary(const std::vector<v1::Node>& nodes) {
  std::map<v1::Phase, std::size_t> counts;
  for (const v1::Node& node : nodes) ++counts[node.phase()];
  std::string text = std::to_string(nodes.size()) + (nodes.size() == 1 ? " node" : " nodes");
  std::string separator = ": ";
  for (const auto& [phase, count] : counts) {
    text += separator + std::to_string(count) + " " + phase_name(phase);
    separator = ", ";
  }
  return text;
}

std::string change_line(const v1::Node& node, Time now) {
  std::string line = time_of_day(now) + " " + printable(node.name());
  if (!node.role().empty()) line += " " + printable(node.role());
  line += " " + phase_name(node.phase());
  if (!node.step().empty()) line += " " + printable(node.step());
  if (!node.reason().empty()) line += ": " + printable(node.reason());
  return line;
}

}  // namespace kagent::ctl::render
