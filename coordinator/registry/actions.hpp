#pragma once

#include "coordinator/registry/model.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

// What the registry asks the coordinator to do. The coordinator puts the writes of a batch on disk
// before it carries out any of the sends. A send that refers to a write is never in an earlier
// batch than that write.
namespace kagent::coordinator {

// --- writes

struct BindNode {  // a new node; fails if the id is bound to another key
  NodeRecord record;
};
struct SaveNode {
  NodeRecord record;
};
struct RebindNode {  // to another key, or to none; fails if the node is not bound to `from`
  NodeRecord record;
  std::string from;
};
struct SaveCluster {
  ClusterRecord cluster;
};
struct TakeLease {  // compare and set from fence - 1; fails if another coordinator took it
  LeaseRecord lease;
};

// --- sends

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
  std::string bootstrap_token;  // ID.SECRET: do not log
  std::string certificate_key;  // for a control plane; else empty. Secret
  std::chrono::system_clock::time_point expires_at;
};
struct RequestMint {
  std::string minter;  // node id of the control plane that mints the token
  std::uint64_t request = 0;
  std::string node, node_name;
  std::chrono::seconds ttl{};
  bool control_plane = false;
  std::uint64_t serial = 0;  // of the UploadOrder to the minter; 0 for a worker
};
struct RevokeToken {
  std::string minter;
  std::string token_id;
};
struct RequestDrain {
  std::string worker;  // node id of the control plane that drains
  std::uint64_t request = 0;
  std::string node_name;
  std::chrono::seconds limit{};
  bool force = false;
};
struct RequestUnregister {
  std::string worker;  // node id of the control plane that deletes the Node
  std::uint64_t request = 0;
  std::string node_name;
  std::string address;       // last known; may be empty
  std::uint64_t serial = 0;  // of the EtcdMemberOrder to `worker`; 0 if the node is a worker
};
struct ControlPlaneMade {  // for the audit log: this node was given the role
  std::string node;
};
struct Disconnect {  // end the node's session
  std::string node;
  bool unbound = false;  // the session belongs to a key that the node is no longer bound to
};
struct Changed {  // for watchers: the node's status may have changed
  std::string node;
};

using Write = std::variant<BindNode, SaveNode, RebindNode, SaveCluster, TakeLease>;
using Send = std::variant<SendAssignment, SendReset, SendGrant, RequestMint, RevokeToken,
                          RequestDrain, RequestUnregister, ControlPlaneMade, Disconnect, Changed>;

struct Actions {
  std::vector<Write> writes;
  std::vector<Send> sends;

  [[nodiscard]] bool empty() const { return writes.empty() && sends.empty(); }
};

}  // namespace kagent::coordinator
