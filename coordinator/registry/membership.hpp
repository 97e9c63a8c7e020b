#pragma once

#include "coordinator/registry/api_servers.hpp"
#include "coordinator/registry/grants.hpp"
#include "coordinator/registry/heartbeats.hpp"
#include "coordinator/registry/names.hpp"
#include "coordinator/registry/nodes.hpp"
#include "coordinator/registry/outbox.hpp"
#include "coordinator/registry/roles.hpp"

#include <string>

namespace kagent::coordinator {

// What changes everywhere else when a node leaves the cluster, stays after all, or returns.
class Membership {
 public:
  Membership(Nodes& nodes, Heartbeats& heartbeats, Names& names, ApiServers& api_servers,
             Roles& roles, Grants& grants, Outbox& out);

  // The order to leave was given up.
  void stays(Node& node);
  // The node has reset itself, so it is out of the cluster.
  void was_reset(Node& node);
  // The node has left. A node that is to be removed is no member from now on.
  void left(Node& node, Now now);
  // A node that has left takes part again.
  void come_back(Node& node, Now now);
  // Makes a removed node a member again. nullptr: no removed node has that id.
  Node* restore(const std::string& id, Now now);

 private:
  void remove(Node& node, Now now);

  Nodes& nodes_;
  Heartbeats& heartbeats_;
  Names& names_;
  ApiServers& api_servers_;
  Roles& roles_;
  Grants& grants_;
  Outbox& out_;
};

}  // namespace kagent::coordinator
