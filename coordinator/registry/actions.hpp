#pragma once

#include "coordinator/registry/model.hpp"

#include <string>
#include <variant>

// What the registry wants done. Saves come before the messages that tell of them; whoever carries
// the actions out puts all saves on disk before it sends a message.
namespace kagent::coordinator {

struct BindNode {  // a new node: fails if the id is bound to another key
  NodeRecord record;
};
struct SaveNode {
  NodeRecord record;
};
struct RebindNode {  // to another key, or to none: fails if it is not bound to `from`
  NodeRecord record;
  std::string from;
};
struct SaveCluster {
  ClusterRecord cluster;
};
struct TakeLease {  // from the fence before it: exactly one taker wins
  LeaseRecord lease;
};

struct SendAssignment {
  std::string node;
  std::uint64_t serial = 0;
  Role role = Role::none;
  bool init = false;
  std::uint64_t lease_fence = 0;
  std::vector<std::string> api_servers;  // addresses
};
struct SendReset {
  std::string node;
  std::uint64_t serial = 0;
  std::uint64_t lease_fence = 0;
  std::string reason;
};
struct SendGrant {
  std::string node;
  std::uint64_t serial = 0;
  std::string bootstrap_token;  // id.secret; secret
  std::string certificate_key;
  std::chrono::system_clock::time_point expires_at;
};
struct RequestMint {
  std::string minter;  // the control plane that is asked
  std::uint64_t request = 0;
  std::string node, node_name;
  std::chrono::seconds ttl{};
  bool control_plane = false;
  std::uint64_t serial = 0;  // of the UploadOrder to the minter, for a control plane only
};
struct RevokeToken {
  std::string minter;
  std::string token_id;
};
struct RequestDrain {
  std::string worker;  // the control plane that does it
  std::uint64_t request = 0;
  std::string node_name;
  std::chrono::seconds limit{};
  bool force = false;
};
struct RequestUnregister {
  std::string worker;
  std::uint64_t request = 0;
  std::string node_name;
  std::string address;       // the last one known; may be empty
  std::uint64_t serial = 0;  // of the EtcdMemberOrder to the worker, for a control plane only
};
struct ControlPlaneMade {  // the role was given to it
  std::string node;
};
struct Disconnect {  // its session is dead: end it
  std::string node;
  bool unbound = false;  // it is of a key that the node is bound to no longer
};
struct Changed {  // what is shown of the node may be different now
  std::string node;
};

using Action = std::variant<BindNode, SaveNode, RebindNode, SaveCluster, TakeLease, SendAssignment,
                            SendReset, SendGrant, RequestMint, RevokeToken, RequestDrain,
                            RequestUnregister, ControlPlaneMade, Disconnect, Changed>;

}  // namespace kagent::coordinator
