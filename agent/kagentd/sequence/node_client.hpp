#pragma once

#include "agent/common/base/error.hpp"
#include "agent/kagentd/sequence/sequencer.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace kagent::dbus {
class Connection;
}

namespace kagent::kagentd {

struct NodeCheck {
  Check state = Check::done;
  std::vector<std::string> changes;
};

// The assignment and the reset order that kagent-noded holds; noded alone has verified them.
struct HeldAssignment {
  std::uint64_t serial = 0;  // 0: none yet
  plan::Role role = plan::Role::worker;
  bool init = false;
  std::uint64_t lease_fence = 0;
  // The serial of the last ResetOrder; 0: none. An assignment older than that order no longer
  // counts.
  std::uint64_t reset_serial = 0;
  bool reset_done = false;

  [[nodiscard]] bool resets() const { return reset_serial != 0 && !reset_done; }
  // The node has left the cluster and has no newer assignment.
  [[nodiscard]] bool away() const { return reset_done && serial == 0; }
  bool operator==(const HeldAssignment&) const = default;
};

struct LocalCluster {
  std::string api_server;  // HOST:PORT, empty before init is done
  std::string ca_pem;
  std::uint64_t lease_fence = 0;
};

struct HeldCertificate {
  std::string file, subject, use;
  std::chrono::system_clock::time_point not_before, not_after;
};

// What kagent-noded knows about this node. A part that noded cannot read is empty.
struct NodeState {
  HeldAssignment assignment;
  std::optional<Watch> watch;              // of the assignment, or the plan's own
  std::vector<std::string> runtime_units;  // systemd units of the container runtime
  std::string product_uuid;                // hashed; "" if the machine has none of its own
  LocalCluster cluster;                    // empty unless this node has run init
  // When kubelet's client certificate expires; empty before kubelet has one.
  std::optional<std::chrono::system_clock::time_point> kubelet_certificate_expiry;
  std::vector<HeldCertificate> certificates;  // all that Kubernetes has on this node
};

// What an envelope was that noded has accepted, and, for an order that noded carries out once, the
// result.
struct NewAssignment {};  // or a reset order: NodeState has changed
struct NewGrant {};
struct IssuedKubeconfig {
  std::string api_server;  // https://HOST:PORT
  std::string ca_pem, certificate_pem;
};
// Constructors, so that a variant of these cannot be made of an Error by accident.
struct KubeconfigOrder {
  KubeconfigOrder(std::uint64_t of, Result<IssuedKubeconfig> result)
      : serial(of), kubeconfig(std::move(result)) {}
  std::uint64_t serial;
  Result<IssuedKubeconfig> kubeconfig;
};
struct UploadOrder {
  explicit UploadOrder(Result<std::string> result) : certificate_key(std::move(result)) {}
  Result<std::string> certificate_key;  // secret
};
struct EtcdMemberOrder {
  explicit EtcdMemberOrder(Result<> result) : removed(std::move(result)) {}
  Result<> removed;
};
struct OtherOrder {};
using Delivered = std::variant<NewAssignment, NewGrant, KubeconfigOrder, UploadOrder,
                               EtcdMemberOrder, OtherOrder>;

struct NodeEvents {
  std::function<void(std::string step, Finish finish)> finished;
  std::function<void(std::string step, std::string detail)> progress;
  // noded has left the bus, because it was idle or because it failed: the end of a run that it had
  // begun will not be signalled.
  std::function<void()> gone;
};

// kagent-noded over D-Bus (proto/io.kagent.Node1.xml). A call starts noded if it is not running,
// and takes at most two minutes. Errors of every call: unavailable, deadline_exceeded,
// permission_denied (D-Bus policy), cancelled, and those that noded answers with.
class NodeClient {
 public:
  virtual ~NodeClient() = default;
  // Signals that come earlier are dropped.
  virtual void listen(NodeEvents events) = 0;
  virtual boost::asio::awaitable<Result<NodeState>> state() = 0;
  // Changes nothing.
  virtual boost::asio::awaitable<Result<NodeCheck>> check(std::string step) = 0;
  // Returns when the step has begun. Calling it again while the step runs is harmless.
  virtual boost::asio::awaitable<Result<>> apply(std::string step, unsigned attempt) = 0;
  // `envelope`: a serialised v1::SignedEnvelope. The same one again is harmless, but noded carries
  // out an order only once. permission_denied: the envelope did not pass noded's checks.
  virtual boost::asio::awaitable<Result<Delivered>> deliver(std::string envelope) = 0;
  // What a reset would change, one sentence each. Changes nothing.
  virtual boost::asio::awaitable<Result<std::vector<std::string>>> plan_reset() = 0;
  // The journal of the last run of the step's unit, oldest line first; of every step if `step` is
  // empty.
  virtual boost::asio::awaitable<Result<std::vector<std::string>>> read_log(std::string step,
                                                                            unsigned lines) = 0;
};

// `connection` must outlive the client. Errors: unavailable (the bus refuses the matches).
Result<std::unique_ptr<NodeClient>> make_node_client(dbus::Connection& connection);

}  // namespace kagent::kagentd
