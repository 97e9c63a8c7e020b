#include "agent/kagentd/sequence/course.hpp"

#include <fmt/format.h>

namespace kagent::kagentd {

std::optional<Part> part_of(const std::optional<HeldAssignment>& held) {
  if (!held) return {};
  Part part;
  part.role = held->role;
  part.init = held->init;
  return part;
}

Course course_of(const HeldAssignment& held) {
  Course course;
  if (held.resets() || held.away()) {
    course.serial = held.resets() ? held.reset_serial : held.serial;
    course.meaning =
        held.resets() ? fmt::format("this node resets itself (order {})", held.reset_serial)
                      : fmt::format("this node has left, by order {}; it waits for an assignment",
                                    held.reset_serial);
    if (held.resets()) course.graph = reset_graph();
    course.closed = {plan::Gate::init_lease, plan::Gate::join_grant};
    return course;
  }
  course.serial = held.serial;
  course.meaning = fmt::format("this node is a {}{} (assignment {})", plan::to_string(held.role),
                               held.init ? " and initialises the cluster" : "", held.serial);
  course.graph = graph_for(part_of(held));
  course.opened = {plan::Gate::assignment};
  (held.init ? course.opened : course.closed).push_back(plan::Gate::init_lease);
  return course;
}

}  // namespace kagent::kagentd
