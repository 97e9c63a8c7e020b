#pragma once

#include <cstdint>
#include <string>

namespace kagent::noded {

// The cluster that this node has initialised.
struct LocalCluster {
  std::string api_server;  // HOST:PORT
  std::string ca_pem;
  std::uint64_t fence = 0;  // of the lease that init ran under
};

// All fields are empty on a node that has not run init.
LocalCluster initialised_cluster();

}  // namespace kagent::noded
