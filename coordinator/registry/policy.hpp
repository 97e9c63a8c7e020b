#pragma once

#include "agent/common/base/liveness.hpp"

#include <chrono>
#include <string>

namespace kagent::coordinator {

// How the registry decides. The first three come from the ClusterConfig and change at a reload.
struct Policy {
  unsigned control_planes = 1;
  std::string config_digest;    // changes when the ClusterConfig does
  bool local_balancer = false;  // nodes need the addresses of the API servers

  // A node that is silent this long is lost.
  std::chrono::milliseconds lost_after = liveness::lost_after;
  // The init lease goes to the next candidate when its holder is silent this long.
  std::chrono::seconds init_takeover_after{120};

  std::chrono::seconds mint_timeout = liveness::mint_timeout;
  std::chrono::seconds certificates_timeout{90};  // for a control plane: kubeadm uploads first
  std::chrono::seconds mint_retry_first{2}, mint_retry_cap{60};
  std::chrono::seconds token_ttl{600};
  // A node that has not used its grant after this time gets a new one.
  std::chrono::seconds grant_patience{20};
  unsigned mints_at_once = 32;

  // The shortest time between two changes of a node's address.
  std::chrono::seconds address_patience{60};

  // A control plane that drains reports at least this often. After a silence the registry asks
  // again.
  std::chrono::seconds drain_silence{30};
  std::chrono::seconds unregister_timeout{90}, leave_retry{5};
};

}  // namespace kagent::coordinator
