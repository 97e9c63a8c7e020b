#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What the coordinator knows, as plain values. The store keeps the records, the registry decides on
// them, and the services translate them from and to the wire.
namespace kagent::coordinator {

// One moment on both clocks: `steady` measures durations, `wall` is for people and for expiry.
struct Now {
  std::chrono::steady_clock::time_point steady;
  std::chrono::system_clock::time_point wall;
};

enum class Role : std::uint8_t { none, control_plane, worker };
enum class WantedRole : std::uint8_t { automatic, control_plane, worker };

enum class LeaveStage : std::uint8_t {
  none,
  drain,       // a control plane evicts the node's pods
  reset,       // the node undoes what kagent did
  unregister,  // a control plane deletes the Node
  left         // until an administrator lets the node rejoin; a removed node: for good
};

// An administrator's order that a node leaves. It stands until it is done or given up.
struct LeaveRecord {
  LeaveStage stage = LeaveStage::none;
  bool remove = false;             // from the registry, too
  bool force = false;              // even if the drain fails
  bool rejoin = false;             // right after the reset
  std::uint64_t reset_serial = 0;  // of the first ResetOrder; 0: none yet
  bool reset_done = false;
  std::chrono::system_clock::time_point drain_until;
  std::string problem;  // why the last order was given up

  bool operator==(const LeaveRecord&) const = default;
};

struct NodeRecord {
  std::string id;
  std::string key_sha256;   // of the key's SPKI, bound at the first enrolment; empty: unbound
  std::string barred_key;   // keys that the id was unbound from, comma-separated
  std::uint64_t order = 0;  // of enrolment, from 1
  std::string name;         // in Kubernetes; as last reported, until it is bound
  bool name_bound = false;  // the node was let into the cluster under `name`, and has not left
  WantedRole wanted = WantedRole::automatic;
  bool role_fixed = false;  // `wanted` is what the token allows
  Role role = Role::none;
  std::uint64_t serial = 0;             // of the last envelope
  std::uint64_t assignment_serial = 0;  // of the last Assignment
  std::string assignment_digest;        // of what that Assignment said
  std::uint64_t reset_fence = 0;        // of the init lease that it lost and resets for; 0: none
  std::uint64_t reset_serial = 0;       // of the Assignment after that reset; 0: not sent yet
  bool init_failed = false;  // the node lost the lease because its init had failed for good
  bool joined = false;       // the node has finished init or join
  bool was_ready = false;
  LeaveRecord leave;
  std::chrono::system_clock::time_point enrolled_at;
  std::chrono::system_clock::time_point last_seen_at;

  bool operator==(const NodeRecord&) const = default;
};

// Which node may run `kubeadm init`. The fence grows each time the lease changes hands.
struct LeaseRecord {
  std::string holder;  // node id; empty: no node yet
  std::uint64_t fence = 0;

  bool operator==(const LeaseRecord&) const = default;
};

// The Kubernetes cluster, once `kubeadm init` is done.
struct ClusterRecord {
  std::string initialized_by;   // node id; empty: not yet
  std::string api_server;       // HOST:PORT
  std::string ca_certificates;  // PEM

  [[nodiscard]] bool initialized() const { return !initialized_by.empty(); }
  bool operator==(const ClusterRecord&) const = default;
};

struct StoredNode {
  NodeRecord record;
  std::string report;  // the last NodeReport, as received; empty: none
};

// An enrolment token.
struct TokenRecord {
  std::string id;                           // public
  std::string sha256;                       // of the whole token, in hexadecimal
  WantedRole role = WantedRole::automatic;  // of its nodes, whatever they ask for
  std::optional<std::uint64_t> uses_left;   // nullopt: no limit
  std::chrono::system_clock::time_point created_at, expires_at;
  std::string created_by;

  bool operator==(const TokenRecord&) const = default;
};

struct Snapshot {
  std::string cluster_id;
  ClusterRecord cluster;
  LeaseRecord lease;
  std::vector<std::string> token_hashes;  // of user-data's tokens: SHA-256 in hexadecimal
  std::vector<TokenRecord> tokens;
  std::vector<StoredNode> nodes;  // in the order of enrolment
};

enum class StepState : std::uint8_t { pending, checking, running, done, retrying, failed, waiting };

struct StepReport {
  std::string name;
  StepState state = StepState::pending;
  unsigned attempts = 0;
  std::string detail;
  std::string cause, message, remedy;  // of the step's failure, if any
};

struct Report {
  std::string node_name;           // empty: none that is valid in Kubernetes
  std::string address;             // empty: none
  std::uint64_t reset_serial = 0;  // of the last ResetOrder that was carried out
  std::vector<StepReport> steps;
  std::string
      obstacle;  // why the node does not carry out the orders of the coordinator; empty: it does so
  std::string bytes;  // of the NodeReport, as received

  [[nodiscard]] const StepReport* step(std::string_view name) const;
};

struct KubernetesState {
  bool ready = false;
  std::string reason, message;  // of the Ready condition when not ready
  std::string kubelet_version, pod_cidr;

  bool operator==(const KubernetesState&) const = default;
};

}  // namespace kagent::coordinator
