#pragma once

#include "agent/common/plan/plan.hpp"
#include "agent/kagentd/sequence/graph.hpp"
#include "agent/kagentd/sequence/node_client.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kagent::kagentd {

// What the sequencer is to do under what noded holds. Pure.
struct Course {
  std::string meaning;       // for the log
  std::uint64_t serial = 0;  // of the assignment or the reset order
  Graph graph;
  std::vector<plan::Gate> closed, opened;  // other gates stay as they are
};

Course course_of(const HeldAssignment& held);

// The part in the cluster that an assignment gives. Nothing without one.
std::optional<Part> part_of(const std::optional<HeldAssignment>& held);

}  // namespace kagent::kagentd
