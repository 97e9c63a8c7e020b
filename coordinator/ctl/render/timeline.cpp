#include "coordinator/ctl/render/timeline.hpp"

#include "agent/common/base/printable.hpp"
#include "coordinator/ctl/render/names.hpp"

#include <algorithm>

namespace kagent::ctl::render {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

struct Bar {
  std::string node, step;
  Time from, to;
  bool over = false;
  v1::StepState state = v1::STEP_STATE_UNSPECIFIED;
};

std::vector<Bar> bars_of(const std::vector<v1::Node>& nodes, Time now) {
  std::vector<Bar> bars;
  for (const v1::Node& node : nodes)
    for (const v1::StepStatus& step : node.report().steps()) {
      const auto from = time_of(step.started_at());
      if (!from) continue;
      const auto to = time_of(step.finished_at());
      const bool over = to && *to >= *from;
      bars.push_back({printable(node.name()), printable(step.name()), *from,
                      over ? *to : std::max(now, *from), over, step.state()});
    }
  return bars;
}

struct Scale {
  Time from;
  milliseconds length;
  std::size_t width;

  [[nodiscard]] std::size_t column(Time at) const {
    const auto offset = duration_cast<milliseconds>(at - from).count();
    const auto all = std::max<milliseconds::rep>(1, length.count());
    const auto column = offset * static_cast<milliseconds::rep>(width) / all;
    return std::min(width - 1, static_cast<std::size_t>(std::max<milliseconds::rep>(0, column)));
  }
};

Scale scale_of(const std::vector<Bar>& bars, std::size_t width) {
  Time first = bars.front().from;
  Time last = bars.front().to;
  for (const Bar& bar : bars) {
    first = std::min(first, bar.from);
    last = std::max(last, bar.to);
  }
  return {first, duration_cast<milliseconds>(last - first), width};
}

// A step has one column at least. A step that still runs ends with '>'.
std::string drawn(const Bar& bar, const Scale& scale) {
  const std::size_t from = scale.column(bar.from);
  const std::size_t to = std::max(from, scale.column(bar.to));
  std::string text(from, ' ');
  text.append(to - from + 1, '=');
  if (!bar.over) text.back() = '>';
  return text;
}

}  // namespace

std::string timeline(const std::vector<v1::Node>& nodes, Time now, const Look& look) {
  const std::vector<Bar> bars = bars_of(nodes, now);
  if (bars.empty()) return "no step has started yet\n";
  std::size_t labels = 0;
  for (const Bar& bar : bars) labels = std::max(labels, columns(bar.node) + columns(bar.step) + 4);
  constexpr std::size_t numbers = 20;  // STARTED and TOOK with their gaps
  constexpr std::size_t least = 20;
  const std::size_t taken = labels + numbers;
  const std::size_t width = look.width == 0              ? 50
                            : look.width > taken + least ? look.width - taken
                                                         : least;
  const Scale scale = scale_of(bars, width);
  Table table({"NODE", "STEP", "STARTED", "TOOK",
               "0s to " + took(scale.length) + " from " + date_time(scale.from)});
  std::string last;
  for (const Bar& bar : bars) {
    const auto length = duration_cast<milliseconds>(bar.to - bar.from);
    table.row({{bar.node == last ? "" : bar.node, Style::bold},
               {bar.step},
               {time_of_day(bar.from)},
               {took(length)},
               {drawn(bar, scale), style_of(bar.state)}});
    last = bar.node;
  }
  return table.text(look);
}

}  // namespace kagent::ctl::render
