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
#include <vector>

namespace kagent::dbus {
class Connection;
}

namespace kagent::kagentd {

struct NodeCheck {
  Check state = Check::done;
  std::vector<std::string> changes;
};

// What kagent-noded holds; it alone has verified it.
struct HeldAssignment {
  std::uint64_t serial = 0;  // 0: none yet
  plan::Role role = plan::Role::worker;
  bool init = false;
  std::uint64_t lease_fence = 0;
  // Of the last ResetOrder, 0: none. An assignment from before it is none any more.
  std::uint64_t reset_serial = 0;
  bool reset_done = false;

  [[nodiscard]] bool resets() const { return reset_serial != 0 && !reset_done; }
  // It has left, and nobody has told it to come back.
  [[nodiscard]] bool away() const { return reset_done && serial == 0; }
  bool operator==(const HeldAssignment&) const = default;
};

struct Submitted {
  std::string kind;  // "assignment", "join-grant", "reset", "kubeconfig", "upload",
                     // "etcd-member"
  std::uint64_t serial = 0;
};

struct IssuedKubeconfig {
  std::string api_server;  // https://HOST:PORT
  std::string ca_pem, certificate_pem;
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

// kagent-noded (proto/io.kagent.Node1.xml). A call starts it if it is not there. Errors of all:
// unavailable, deadline_exceeded, permission_denied (D-Bus policy), and those it answers with.
class NodeClient {
 public:
  virtual ~NodeClient() = default;
  // Changes nothing; at most two minutes.
  virtual boost::asio::awaitable<Result<NodeCheck>> check(std::string step) = 0;
  // Returns when it has begun. Again while it runs is harmless.
  virtual boost::asio::awaitable<Result<>> apply(std::string step, unsigned attempt) = 0;
  // `envelope`: a serialised v1::SignedEnvelope. The same again is harmless. permission_denied: it
  // did not pass noded's checks.
  virtual boost::asio::awaitable<Result<Submitted>> submit(std::string envelope) = 0;
  virtual boost::asio::awaitable<Result<HeldAssignment>> assignment() = 0;
  // Of the assignment, or the plan's own.
  virtual boost::asio::awaitable<Result<Watch>> watch() = 0;
  // Names of the container runtime's systemd units.
  virtual boost::asio::awaitable<Result<std::vector<std::string>>> runtime_units() = 0;
  virtual boost::asio::awaitable<Result<LocalCluster>> cluster() = 0;
  // What a reset would change, a sentence each; nothing is changed. At most two minutes.
  virtual boost::asio::awaitable<Result<std::vector<std::string>>> plan_reset() = 0;
  // What the kubeconfig order submitted last asks for, once.
  virtual boost::asio::awaitable<Result<IssuedKubeconfig>> issue_kubeconfig() = 0;
  // Of a control plane, as the upload order submitted last says, once: the certificate key, secret.
  virtual boost::asio::awaitable<Result<std::string>> upload_certificates() = 0;
  // Of a control plane, as the etcd member order submitted last says, once.
  virtual boost::asio::awaitable<Result<>> remove_etcd_member() = 0;
  // Hashed; "" where there is none of this machine's own.
  virtual boost::asio::awaitable<Result<std::string>> product_uuid() = 0;
  // Of the certificate with which kubelet is in the cluster; nothing before it has one.
  virtual boost::asio::awaitable<Result<std::optional<std::chrono::system_clock::time_point>>>
  kubelet_certificate_expiry() = 0;
  // Those that Kubernetes has on this node.
  virtual boost::asio::awaitable<Result<std::vector<HeldCertificate>>> certificates() = 0;
  // Of the last run of the step's unit, oldest first; every step's if `step` is empty.
  virtual boost::asio::awaitable<Result<std::vector<std::string>>> read_log(std::string step,
                                                                            unsigned lines) = 0;
};

struct NodeEvents {
  std::function<void(std::string step, Finish finish)> finished;
  std::function<void(std::string step, std::string detail)> progress;
  // noded has left the bus, idle or not: no end of a run may be waited for.
  std::function<void()> gone;
};

// `connection` must outlive it. Errors: unavailable (the bus refuses the matches).
Result<std::unique_ptr<NodeClient>> make_node_client(dbus::Connection& connection,
                                                     NodeEvents events);

}  // namespace kagent::kagentd
