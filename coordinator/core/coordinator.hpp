#pragma once

#include "agent/common/base/error.hpp"
#include "coordinator/admission/claims.hpp"
#include "coordinator/admission/connections.hpp"
#include "coordinator/admission/doorkeeper.hpp"
#include "coordinator/admission/limits.hpp"
#include "coordinator/admission/peer.hpp"
#include "coordinator/authority/authority.hpp"
#include "coordinator/core/audit.hpp"
#include "coordinator/core/courier.hpp"
#include "coordinator/core/state.hpp"
#include "coordinator/core/waits.hpp"
#include "coordinator/registry/duplicates.hpp"
#include "coordinator/registry/registry.hpp"
#include "kagent/v1/admin.pb.h"
#include "kagent/v1/agent.pb.h"
#include "kagent/v1/config.pb.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace kagent::coordinator {

Now now();

struct Counters {
  std::uint64_t enrolments_accepted = 0, enrolments_refused = 0, enrolments_throttled = 0;
  std::uint64_t sessions_opened = 0, sessions_refused = 0;
  std::uint64_t administration_refused = 0;
  std::uint64_t grants_sent = 0, mints_requested = 0;
};

// What the operator has written, and the files that it names.
struct Settings {
  v1::ClusterConfig config;
  attest::RegionCertificates region_certificates;
};

// Brings callers, registry, store and clock together. Everything here runs on the loop's one
// thread.
class Coordinator {
 public:
  // `fatal` is called when the store fails: nothing can be promised any more; and when a
  // certificate of its own is due: the next start renews it.
  Coordinator(boost::asio::any_io_executor loop, State state, Audit audit, Settings settings,
              std::function<void(const Error&)> fatal);
  ~Coordinator();
  Coordinator(const Coordinator&) = delete;
  Coordinator& operator=(const Coordinator&) = delete;

  // `advertised`: HOST:PORT in user-data.
  void start(std::string advertised);
  // Ends all sessions and watches, and saves what is not saved yet. Idempotent.
  void stop();

  // For agents.
  v1::ChallengeResponse challenge() const { return door_.challenge(now()); }
  // `done` is called once, on the loop, when the answer is on disk.
  using EnrollDone = std::function<void(Result<v1::EnrollResponse>)>;
  void enroll(const v1::EnrollRequest& request, const Caller& caller, EnrollDone done);
  // Errors: unauthenticated (no node certificate, or not enrolled here: enrol anew).
  // data_loss: the store is an older copy; `fatal` is called.
  Result<> admit(const Caller& caller);
  void received(const std::shared_ptr<Peer>& peer, const Caller& caller, v1::AgentMessage message);
  // A session is told its end. Its connection then is a stranger's: if the peer does not read, that
  // ends it.
  void ending(const Caller& caller);
  void closed(const Peer* peer, const Caller& caller);

  // For administrators.
  // Errors: permission_denied.
  Result<> may_administer(const Caller& caller, std::string_view what);
  v1::ListNodesResponse list_nodes() const;
  // Errors: not_found; failed_precondition (it fits several).
  Result<const Node*> resolve(const std::string& id_or_name) const;
  v1::Node describe(const Node& node) const { return to_message(node); }
  using LogsDone = Waits<v1::GetLogsResponse>::Done;
  void get_logs(const v1::GetLogsRequest& request, LogsDone done);  // at most 5 s
  using KubeconfigDone = std::function<void(Result<v1::GetKubeconfigResponse>)>;
  void get_kubeconfig(const v1::GetKubeconfigRequest& request, const Caller& caller,
                      KubeconfigDone done);  // at most 10 s
  Result<v1::LeaveNodeResponse> leave_node(const v1::LeaveNodeRequest& request,
                                           const Caller& caller);
  Result<v1::RetryNodeResponse> retry_node(const v1::RetryNodeRequest& request,
                                           const Caller& caller);
  Result<v1::RejoinNodeResponse> rejoin_node(const v1::RejoinNodeRequest& request,
                                             const Caller& caller);
  v1::ListClaimsResponse list_claims() const;
  Result<v1::ApproveNodeResponse> approve_node(const v1::ApproveNodeRequest& request,
                                               const Caller& caller);
  Result<v1::ForgetNodeResponse> forget_node(const v1::ForgetNodeRequest& request,
                                             const Caller& caller);
  Result<v1::CreateTokenResponse> create_token(const v1::CreateTokenRequest& request,
                                               const Caller& caller);
  v1::ListCertificatesResponse list_certificates() const;
  v1::ListTokensResponse list_tokens() const;
  Result<v1::DropTokenResponse> drop_token(const v1::DropTokenRequest& request,
                                           const Caller& caller);
  using PlanLeaveDone = std::function<void(Result<v1::PlanLeaveResponse>)>;
  void plan_leave(const v1::PlanLeaveRequest& request, PlanLeaveDone done);  // at most 2 minutes
  std::string user_data(bool with_token) const;
  Result<std::string> hand_out_user_data(bool with_token, const Caller& caller);
  const v1::ClusterConfig& config() const { return config_; }
  void watch(std::shared_ptr<Watcher> watcher);
  void unwatch(const Watcher* watcher);

  // Errors: io, resource_exhausted: it cannot be audited; what was in force stays.
  Result<> configure(Settings settings);
  Result<> reopen_audit() { return audit_.reopen(); }

  const Registry& registry() const { return registry_; }
  const Counters& counters() const { return counters_; }
  const Courier& courier() const { return courier_; }
  std::size_t sessions() const { return sessions_.size(); }
  Connections& connections() { return connections_; }
  const Connections& connections() const { return connections_; }
  bool serving() const { return started_ && !stopped_; }

 private:
  struct Session {
    std::shared_ptr<Peer> peer;
    bool oversized = false;           // it was told
    std::vector<Conflict> conflicts;  // as the node was told last
  };

  v1::Node to_message(const Node& node) const;
  // enrolment.cpp
  Result<Applicant> applicant_of(const v1::EnrollRequest& request, const Caller& caller) const;
  Result<Pass> take(const Applicant& applicant);
  Result<> spend(const std::string& token);
  Result<> let_in_by(AuditEntry& entry, const Claim& claim);
  bool is_node(const Caller& caller) const;
  Result<> has_seat() const;
  Result<> has_room(const Caller& caller, Now at) const;
  bool renews_too_often(const Applicant& applicant, Now at);
  void look_ahead(const std::string& id, std::uint64_t serial);
  void add_rival(v1::Node& message) const;
  void greet(Session& session, const Caller& caller, v1::Hello hello);
  bool is_too_large(const std::string& id, const v1::NodeReport& report);
  Result<> audited(AuditEntry& entry, Result<> decided);
  Result<> save_order(AuditEntry& entry);
  void dispatch(const Caller& caller, v1::AgentMessage& message);
  void note_certificate(const Caller& caller, const v1::NodeCertificate& judged);
  void drain_reply(const std::string& node, const v1::DrainReply& reply);
  void plan_drain(const Node& node, std::shared_ptr<v1::PlanLeaveResponse> plan,
                  PlanLeaveDone done);
  void tell_conflicts(const std::string& id, const v1::NodeFacts& facts);
  void log_reply(const std::string& node, v1::LogReply& reply);
  void act();  // hands the registry's actions to the courier
  void deliver(Send& action);
  [[nodiscard]] Result<v1::SignedEnvelope> seal(
      const std::string& node, std::uint64_t serial, v1::EnvelopePayload payload,
      std::chrono::system_clock::time_point expires_at) const;
  void send_envelope(const std::string& node, std::uint64_t serial, v1::EnvelopePayload payload,
                     std::chrono::system_clock::time_point expires_at);
  void send(const std::string& node, v1::CoordinatorMessage message);
  void arm_sweep();
  void look_at_certificates(Now at);
  void flush_reports();

  boost::asio::any_io_executor loop_;
  Authority authority_;
  Rollback rollback_;
  std::unique_ptr<Store> store_;
  v1::ClusterConfig config_;
  std::string advertised_;  // HOST:PORT in user-data
  Audit audit_;
  Doorkeeper door_;
  Connections connections_;
  Strangers strangers_;
  Newcomers newcomers_;
  std::unordered_map<std::string, Bucket> renewals_;  // by node id
  std::size_t most_nodes_;
  Claims waiting_;  // for an administrator's word
  Claims rivals_;   // with another key for an id that is taken
  Registry registry_;
  Duplicates duplicates_;
  Courier courier_;
  std::function<void(const Error&)> fatal_;
  std::vector<OwnCertificate> own_certificates_;
  std::unordered_set<std::string> ahead_;  // nodes that know of later orders than the store
  std::unordered_map<std::string, pki::Validity> node_certificates_;  // by node id, as last seen
  boost::asio::steady_timer sweep_;
  std::unordered_map<std::string, Session> sessions_;  // by node id
  std::vector<std::shared_ptr<Watcher>> watchers_;
  Waits<v1::GetLogsResponse> log_waits_;
  Waits<v1::KubeconfigReply> kubeconfig_waits_;
  Waits<v1::ResetPlan> plan_waits_;
  Waits<v1::DrainReply> drain_plan_waits_;
  // Of what is asked here; the registry counts its own from 1.
  std::uint64_t next_request_ = std::uint64_t{1} << 32U;
  std::unordered_set<std::string> unsaved_reports_;
  unsigned sweeps_ = 0;
  std::chrono::system_clock::time_point started_at_;
  Counters counters_;
  bool started_ = false;
  bool stopped_ = false;
};

// Deterministic over equal documents.
std::string digest_of(const v1::ClusterConfig& config);

}  // namespace kagent::coordinator
