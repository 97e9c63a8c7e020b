#pragma once

#include "coordinator/registry/control_planes.hpp"
#include "coordinator/registry/events.hpp"
#include "coordinator/registry/names.hpp"
#include "coordinator/registry/nodes.hpp"
#include "coordinator/registry/outbox.hpp"

#include <string>

namespace kagent::coordinator {

// A removed node that returns is told to reset, so that it keeps nothing of the cluster, and is
// then disconnected.
class RemovedNodes {
 public:
  RemovedNodes(Nodes& nodes, const ControlPlanes& control_planes, const Names& names, Outbox& out);

  // False: no removed node has that id.
  bool connected(const std::string& id, const Hello& hello);
  bool reported(const std::string& id, const Report& report);

 private:
  Nodes& nodes_;
  const ControlPlanes& control_planes_;
  const Names& names_;
  Outbox& out_;
};

}  // namespace kagent::coordinator
