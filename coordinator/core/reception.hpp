#pragma once

#include "coordinator/core/audit.hpp"
#include "coordinator/core/certificates.hpp"
#include "coordinator/core/conflicts.hpp"
#include "coordinator/core/kubeconfig_orders.hpp"
#include "coordinator/core/leave_orders.hpp"
#include "coordinator/core/log_requests.hpp"
#include "coordinator/core/nodes_ahead.hpp"
#include "coordinator/core/postman.hpp"
#include "coordinator/core/reports.hpp"
#include "coordinator/core/session_gate.hpp"
#include "coordinator/core/sessions.hpp"
#include "kagent/v1/agent.pb.h"
#include "kagent/v1/config.pb.h"

#include <cstdint>
#include <memory>
#include <string>

namespace kagent::coordinator {

// Takes what nodes say in their sessions to whom it is for.
class Reception {
 public:
  // Where the answers of nodes go.
  struct Desks {
    LogRequests& logs;
    KubeconfigOrders& kubeconfigs;
    LeaveOrders& leaves;
  };
  // What is kept of each node beside the registry.
  struct Notes {
    Conflicts& conflicts;
    Reports& reports;
    NodesAhead& ahead;
    Certificates& certificates;
  };

  Reception(Registry& registry, Sessions& sessions, SessionGate& gate, Postman& postman,
            Audit& audit, Notes notes, Desks desks, std::string cluster_id,
            const v1::ClusterConfig& config)
      : registry_(registry),
        sessions_(sessions),
        gate_(gate),
        postman_(postman),
        audit_(audit),
        notes_(notes),
        desks_(desks),
        cluster_id_(std::move(cluster_id)),
        config_(config) {}

  // Closes a session whose first message is not Hello.
  void received(const std::shared_ptr<Peer>& peer, const Caller& caller, v1::AgentMessage message);
  void closed(const Peer* peer, const Caller& caller);

  [[nodiscard]] std::uint64_t sessions_opened() const { return sessions_opened_; }
  // Of which parts were beyond the limits of coordinator/admission/message_limits.hpp.
  [[nodiscard]] std::uint64_t messages_cut() const { return messages_cut_; }

 private:
  void greet(const std::shared_ptr<Peer>& peer, const Caller& caller, v1::Hello hello);
  [[nodiscard]] v1::CoordinatorMessage welcome() const;
  void dispatch(const Caller& caller, v1::AgentMessage& message);
  void take_report(const std::string& node, const v1::NodeReport& report, Now at);
  void take_cluster_ready(const std::string& node, const v1::ClusterReady& message, Now at);
  void answer_heartbeat(const std::string& node, const v1::Heartbeat& heartbeat, Now at);
  void take_unregister_reply(const std::string& node, const v1::UnregisterReply& reply, Now at);
  void audit_certificate(const Caller& caller, const v1::NodeCertificate& judged);

  Registry& registry_;
  Sessions& sessions_;
  SessionGate& gate_;
  Postman& postman_;
  Audit& audit_;
  Notes notes_;
  Desks desks_;
  std::string cluster_id_;
  const v1::ClusterConfig& config_;
  std::uint64_t sessions_opened_ = 0, messages_cut_ = 0;
};

}  // namespace kagent::coordinator
