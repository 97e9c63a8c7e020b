#pragma once

#include "coordinator/admission/connections.hpp"
#include "coordinator/admission/doorkeeper.hpp"
#include "coordinator/authority/authority.hpp"
#include "coordinator/core/administration.hpp"
#include "coordinator/core/applications.hpp"
#include "coordinator/core/approvals.hpp"
#include "coordinator/core/audit.hpp"
#include "coordinator/core/certificates.hpp"
#include "coordinator/core/conflicts.hpp"
#include "coordinator/core/decisions.hpp"
#include "coordinator/core/enrolments.hpp"
#include "coordinator/core/envelopes.hpp"
#include "coordinator/core/group_commit.hpp"
#include "coordinator/core/kubeconfig_orders.hpp"
#include "coordinator/core/leave_orders.hpp"
#include "coordinator/core/log_requests.hpp"
#include "coordinator/core/nodes_ahead.hpp"
#include "coordinator/core/postman.hpp"
#include "coordinator/core/reception.hpp"
#include "coordinator/core/reports.hpp"
#include "coordinator/core/session_gate.hpp"
#include "coordinator/core/sessions.hpp"
#include "coordinator/core/settings.hpp"
#include "coordinator/core/state.hpp"
#include "coordinator/core/token_orders.hpp"
#include "coordinator/core/user_data.hpp"
#include "coordinator/core/watchers.hpp"
#include "coordinator/registry/registry.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <string>

namespace kagent::coordinator {

// Binds the parts of the coordinator, which do the work. Everything runs on the loop's one thread.
class Coordinator {
 public:
  // `fatal` is called when the coordinator must end: the store failed, or a restart is due.
  Coordinator(boost::asio::any_io_executor loop, State state, Audit audit, Settings settings,
              std::function<void(const Error&)> fatal);
  Coordinator(const Coordinator&) = delete;
  Coordinator& operator=(const Coordinator&) = delete;

  // `advertised`: HOST:PORT in user-data.
  void start(std::string advertised);
  // Ends all sessions and watches and answers all waiting calls; saves what is not saved yet.
  // Idempotent.
  void stop();
  [[nodiscard]] bool serving() const { return started_ && !stopped_; }

  // Errors: io, resource_exhausted: the change cannot be audited; the settings in force stay.
  Result<> configure(Settings settings);
  Result<> reopen_audit() { return audit_.reopen(); }
  [[nodiscard]] const v1::ClusterConfig& config() const { return config_; }

  // For agents.
  Enrolments& enrolments() { return enrolments_; }
  SessionGate& gate() { return gate_; }
  Reception& reception() { return reception_; }
  Connections& connections() { return connections_; }

  // For administrators.
  Administration& administration() { return administration_; }
  Approvals& approvals() { return approvals_; }
  LeaveOrders& leave_orders() { return leave_orders_; }
  TokenOrders& token_orders() { return token_orders_; }
  KubeconfigOrders& kubeconfig_orders() { return kubeconfig_orders_; }
  LogRequests& log_requests() { return log_requests_; }
  UserData& user_data() { return user_data_; }
  Watchers& watchers() { return watchers_; }
  [[nodiscard]] const Applications& applications() const { return applications_; }
  [[nodiscard]] const Certificates& certificates() const { return certificates_; }

  // For metrics.
  [[nodiscard]] const Registry& registry() const { return registry_; }
  [[nodiscard]] const Administration& administration() const { return administration_; }
  [[nodiscard]] const Connections& connections() const { return connections_; }
  [[nodiscard]] const Enrolments& enrolments() const { return enrolments_; }
  [[nodiscard]] const GroupCommit& group_commit() const { return commit_; }
  [[nodiscard]] const Postman& postman() const { return postman_; }
  [[nodiscard]] const Reception& reception() const { return reception_; }
  [[nodiscard]] const SessionGate& gate() const { return gate_; }
  [[nodiscard]] const Sessions& sessions() const { return sessions_; }

 private:
  Result<> audit_enrolment_policy(const v1::EnrolmentConfig& enrolment);
  void arm_sweep();
  void sweep();

  // Each part refers only to parts above it.
  std::function<void(const Error&)> fatal_;
  Authority authority_;
  std::unique_ptr<Store> store_;
  v1::ClusterConfig config_;  // without `enrolment`, which is no business of the nodes
  Audit audit_;
  Connections connections_;
  Registry registry_;
  Sessions sessions_;
  Watchers watchers_;
  Conflicts conflicts_;
  Reports reports_;
  NodesAhead ahead_;
  Certificates certificates_;
  Envelopes envelopes_;
  GroupCommit commit_;
  Postman postman_;
  Decisions decisions_;
  UserData user_data_;
  Doorkeeper door_;
  Applications applications_;
  LogRequests log_requests_;
  KubeconfigOrders kubeconfig_orders_;
  LeaveOrders leave_orders_;
  TokenOrders token_orders_;
  Enrolments enrolments_;
  Approvals approvals_;
  SessionGate gate_;
  Reception reception_;
  Administration administration_;
  boost::asio::steady_timer sweep_;
  unsigned sweeps_ = 0;
  bool started_ = false;
  bool stopped_ = false;
};

// Equal documents have the same digest.
std::string digest_of(const v1::ClusterConfig& config);

}  // namespace kagent::coordinator
