#include "agent/kagentd/sequence/graph.hpp"

namespace kagent::kagentd {
namespace {

StepSpec spec_of(const plan::Step& step) {
  StepSpec spec;
  spec.name = step.name;
  spec.gate = step.gate;
  spec.after.assign(step.after.begin(), step.after.end());
  spec.attempts = step.retry.attempts;
  spec.first_delay = step.retry.first_delay;
  spec.once_more_every = step.retry.once_more_every;
  spec.time_limit = step.time_limit;
  spec.drift = step.drift;
  return spec;
}

}  // namespace

Graph graph_for(const std::optional<Part>& part) {
  Graph graph;
  if (part) {
    for (const plan::Step* step : plan::steps_for(part->role, part->init))
      graph.push_back(spec_of(*step));
    return graph;
  }
  for (const plan::Step& step : plan::all_steps())
    if (step.who == plan::For::every) graph.push_back(spec_of(step));
  return graph;
}

Graph reset_graph() {
  Graph graph;
  for (const plan::Step& step : plan::reset_steps()) graph.push_back(spec_of(step));
  return graph;
}

}  // namespace kagent::kagentd
