#pragma once

#include "coordinator/ctl/client/client.hpp"
#include "tests/integration/coordinator/running_coordinator.hpp"
#include "tests/support/result.hpp"

#include <catch2/catch_test_macros.hpp>

#include <memory>
#include <utility>

namespace kagent::coordinator {

// kagentctl's way to a coordinator on the same machine.
inline ctl::Endpoint socket_of(const RunningCoordinator& coordinator) {
  ctl::Endpoint endpoint;
  endpoint.coordinator = coordinator.admin_socket();
  return endpoint;
}

inline std::unique_ptr<ctl::Client> administrator(const RunningCoordinator& coordinator) {
  auto client = ctl::connect(socket_of(coordinator));
  REQUIRE(client);
  return std::move(*client);
}

}  // namespace kagent::coordinator
