#include "agent/kagentd/sequence/course.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

namespace kagent::kagentd {
namespace {

HeldAssignment assignment(plan::Role role, bool init) {
  HeldAssignment held;
  held.serial = 3;
  held.role = role;
  held.init = init;
  return held;
}

bool has(const std::vector<plan::Gate>& gates, plan::Gate gate) {
  return std::ranges::find(gates, gate) != gates.end();
}

}  // namespace

TEST_CASE("Only the assignment that lets a node run init opens the gate of init") {
  const Course first = course_of(assignment(plan::Role::control_plane, true));
  CHECK(first.serial == 3);
  CHECK(has(first.opened, plan::Gate::assignment));
  CHECK(has(first.opened, plan::Gate::init_lease));
  const Course further = course_of(assignment(plan::Role::control_plane, false));
  CHECK(has(further.opened, plan::Gate::assignment));
  CHECK(has(further.closed, plan::Gate::init_lease));
}

TEST_CASE("A reset order replaces the plan by the reset, and closes the gates of init and join") {
  HeldAssignment held = assignment(plan::Role::worker, false);
  held.reset_serial = 4;
  const Course course = course_of(held);
  CHECK(course.serial == 4);
  CHECK(course.graph.size() == reset_graph().size());
  CHECK(has(course.closed, plan::Gate::init_lease));
  CHECK(has(course.closed, plan::Gate::join_grant));
}

TEST_CASE("A node that has left does nothing") {
  HeldAssignment held;
  held.reset_serial = 4;
  held.reset_done = true;
  CHECK(course_of(held).graph.empty());
}

TEST_CASE("A node whose assignment is newer than its reset follows the plan") {
  HeldAssignment held = assignment(plan::Role::worker, false);
  held.reset_serial = 2;
  held.reset_done = true;
  CHECK(course_of(held).graph.size() == graph_for(part_of(held)).size());
}

}  // namespace kagent::kagentd
