#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What the coordinator knows, as plain values: the store keeps the records, the registry decides on
// them, the services translate them from and to the wire.
namespace kagent::coordinator {

// Both clocks of one moment: `steady` measures how long, `wall` is what people and tokens go by.
struct Now {
  std::chrono::steady_clock::time_point steady;
  std::chrono::system_clock::time_point wall;
};

enum class Role : std::uint8_t { none, control_plane, worker };
enum class WantedRole : std::uint8_t { automatic, control_plane, worker };

enum class LeaveStage : std::uint8_t {
  none,
  drain,       // a control plane evicts its pods
  reset,       // it undoes what kagent has done on it
  unregister,  // a control plane deletes its Node
  left         // reset: until it is told to come back; removed: for good
};

// An administrator's order that a node leaves. Stands until it is done or given up.
struct LeaveRecord {
  LeaveStage stage = LeaveStage::none;
  bool remove = false;             // out of the registry, too
  bool force = false;              // whatever cannot be drained
  bool rejoin = false;             // at once, after the reset
  std::uint64_t reset_serial = 0;  // of the first ResetOrder for it; 0: none yet
  bool reset_done = false;
  std::chrono::system_clock::time_point drain_until;
  std::string problem;  // why the last one was given up

  bool operator==(const LeaveRecord&) const = default;
};

struct NodeRecord {
  std::string id;
  std::string key_sha256;   // SPKI of the node's key, bound at the first enrolment; empty: unbound
  std::string barred_key;   // those that it was unbound from, comma-separated
  std::uint64_t order = 0;  // of enrolment, from 1
  std::string name;         // Kubernetes node name as last reported, until it is bound
  bool name_bound = false;  // it was let into the cluster under `name`, and has not left
  WantedRole wanted = WantedRole::automatic;
  bool role_fixed = false;  // `wanted` is its token's, not its own
  Role role = Role::none;
  std::uint64_t serial = 0;             // of the last envelope
  std::uint64_t assignment_serial = 0;  // of the last Assignment
  std::string assignment_digest;        // what that Assignment said
  std::uint64_t reset_fence = 0;        // the init lease it has lost and resets for; 0: none
  std::uint64_t reset_serial = 0;       // of the Assignment after that reset; 0: not sent yet
  bool init_failed = false;             // it lost the lease because its init had failed for good
  bool joined = false;                  // init or join was done here
  bool was_ready = false;
  LeaveRecord leave;
  std::chrono::system_clock::time_point enrolled_at;
  std::chrono::system_clock::time_point last_seen_at;

  bool operator==(const NodeRecord&) const = default;
};

// Who may run `kubeadm init`. The fence grows each time it changes hands.
struct LeaseRecord {
  std::string holder;  // node id, empty: nobody yet
  std::uint64_t fence = 0;

  bool operator==(const LeaseRecord&) const = default;
};

// The Kubernetes cluster, once `kubeadm init` is done.
struct ClusterRecord {
  std::string initialized_by;   // node id, empty: not yet
  std::string api_server;       // HOST:PORT
  std::string ca_certificates;  // PEM

  [[nodiscard]] bool initialized() const { return !initialized_by.empty(); }
  bool operator==(const ClusterRecord&) const = default;
};

struct StoredNode {
  NodeRecord record;
  std::string report;  // the last NodeReport, serialised as received; empty: none
};

// An enrolment token.
struct TokenRecord {
  std::string id;                           // public
  std::string sha256;                       // of the whole token, in hexadecimal
  WantedRole role = WantedRole::automatic;  // what its nodes are, whatever they ask for
  std::optional<std::uint64_t> uses_left;   // nothing: no limit
  std::chrono::system_clock::time_point created_at, expires_at;
  std::string created_by;

  bool operator==(const TokenRecord&) const = default;
};

struct Snapshot {
  std::string cluster_id;
  ClusterRecord cluster;
  LeaseRecord lease;
  std::vector<std::string> token_hashes;  // of user-data's token: SHA-256 in hexadecimal
  std::vector<TokenRecord> tokens;
  std::vector<StoredNode> nodes;  // in the order of enrolment
};

enum class StepState : std::uint8_t { pending, checking, running, done, retrying, failed, waiting };

struct StepReport {
  std::string name;
  StepState state = StepState::pending;
  unsigned attempts = 0;
  std::string detail;
  std::string cause, message, remedy;  // of its failure, if any
};

struct Report {
  std::string node_name;           // empty: none that Kubernetes would take
  std::string address;             // empty: none
  std::uint64_t reset_serial = 0;  // of the last ResetOrder that was carried out
  std::vector<StepReport> steps;
  std::string
      obstacle;  // why it does not take what the coordinator orders; empty: nothing is in the way
  std::string bytes;  // serialised as received

  [[nodiscard]] const StepReport* step(std::string_view name) const;
};

struct KubernetesState {
  bool ready = false;
  std::string reason, message;  // of the Ready condition when not ready
  std::string kubelet_version, pod_cidr;

  bool operator==(const KubernetesState&) const = default;
};

}  // namespace kagent::coordinator
