#include "agent/kagentd/watch/unit_watch.hpp"

#include <catch2/catch_test_macros.hpp>

namespace kagent::kagentd {

TEST_CASE("The path of a unit's object is systemd's") {
  CHECK(unit_path("kubelet.service") == "/org/freedesktop/systemd1/unit/kubelet_2eservice");
  CHECK(unit_path("cri-docker.service") == "/org/freedesktop/systemd1/unit/cri_2ddocker_2eservice");
}

TEST_CASE("The runtime has the state of its first unit that does not run") {
  const UnitState running{"loaded", "active", "running"};
  const UnitState stopped{"loaded", "inactive", "dead"};
  const UnitState failed{"loaded", "failed", "failed"};
  CHECK(worst_of({running, running}).active == "active");
  CHECK(worst_of({running, failed}).active == "failed");
  CHECK(worst_of({stopped, failed}).active == "inactive");
  CHECK(worst_of({}).active.empty());
}

}  // namespace kagent::kagentd
