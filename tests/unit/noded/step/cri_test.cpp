#include "agent/noded/step/cri.hpp"

#include "tests/unit/noded/fake_units.hpp"

#include <catch2/catch_test_macros.hpp>

namespace kagent::noded {

TEST_CASE("The ClusterConfig decides the units of the runtime") {
  const Machine machine;
  CHECK(runtime_units(*machine.context) == std::vector<std::string>{"containerd.service"});
  machine.context->cluster.set_runtime("docker");
  CHECK(runtime_units(*machine.context).front() == "docker.service");
}

}  // namespace kagent::noded
