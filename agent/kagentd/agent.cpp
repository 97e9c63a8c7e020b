#include "agent/kagentd/agent.hpp"

#include "agent/common/base/log.hpp"
#include "agent/common/base/paths.hpp"
#include "agent/common/plan/plan.hpp"

#include <systemd/sd-daemon.h>

#include <algorithm>

namespace kagent::kagentd {
namespace asio = boost::asio;

namespace {

// Shown by `systemctl status`. `trouble`: why there is no session, or empty.
void show_session(const std::string& trouble) {
  const std::string text = trouble.empty() ? "in session with the coordinator" : trouble;
  sd_notify(0, ("STATUS=" + text).c_str());
}

Session::Options session_options(const Agent::Options& options) {
  Session::Options session;
  session.coordinator = options.coordinator;
  session.node_id = options.node_id;
  session.role = options.node.role();
  session.state = options.state;
  session.instance_proof = paths::identity_rsa2048;
  return session;
}

}  // namespace

Agent::Agent(asio::io_context& io, Tasks& tasks, dbus::Connection& connection, NodeClient& node,
             Options options)
    : options_(std::move(options)),
      tasks_(tasks),
      node_(node),
      session_(io, tasks, session_options(options_),
               Session::Handlers{
                   [this] { return reports_.hello(); },
                   [this](v1::CoordinatorMessage message) { received(std::move(message)); },
                   [this] { connected(); }, show_session}),
      driver_(io.get_executor(), tasks, node,
              ProgressFile(options_.state / "journal", options_.node_id),
              [this] { reports_.changed(); }),
      units_(tasks, connection, [this] { unit_changed(); }),
      files_(io, [this](const std::string& path) { file_changed(path); }),
      local_(tasks, node, [this](const NodeState& state) { told(state); }),
      envelopes_(
          tasks, node,
          Envelopes::Handlers{[this](Delivered envelope) { return delivered(std::move(envelope)); },
                              [this] { reports_.changed(); }, [this] { session_.begin_anew(); }}),
      reports_(io, session_,
               Reports::Sources{options_.node, options_.coordinator, driver_, units_, local_,
                                envelopes_},
               [this] { reported(); }),
      kubernetes_(io, tasks, session_, options_.kubeconfig, [this] { cluster_orders_.signing(); }),
      cluster_orders_(tasks, session_, node, kubernetes_),
      local_requests_(tasks, session_, node) {}

Result<> Agent::start() {
  NodeEvents events;
  events.finished = [this](const std::string& step, Finish finish) {
    driver_.finished(step, std::move(finish));
  };
  events.progress = [this](const std::string& step, std::string detail) {
    driver_.progress(step, std::move(detail));
  };
  events.gone = [this] { driver_.node_gone(); };
  node_.listen(std::move(events));
  if (auto watching = units_.start(); !watching) return watching.error();
  for (const plan::Step& step : plan::all_steps())
    for (const std::string_view path : step.files) files_.add(std::string(path));
  tasks_.start(run());
  return {};
}

void Agent::stop() {
  session_.close();
}

// The assignment that noded holds comes first: the node carries it out even while the coordinator
// is away.
asio::awaitable<void> Agent::run() {
  const auto state = co_await local_.ask();
  driver_.start(local_.assignment());
  if (state)
    told(*state);
  else
    local_.start_refresh();
  reports_.start();
  co_await session_.run();
}

void Agent::received(v1::CoordinatorMessage message) {
  const auto now = std::chrono::system_clock::now();
  switch (message.body_case()) {
    case v1::CoordinatorMessage::kWelcome:
      outlook_.welcome(message.welcome(), now);
      driver_.outlook(outlook_.problems());
      break;
    case v1::CoordinatorMessage::kHeartbeatReply:
      outlook_.clock(message.heartbeat_reply().coordinator_time(), now);
      driver_.outlook(outlook_.problems());
      break;
    case v1::CoordinatorMessage::kConflicts:
      outlook_.conflicts(message.conflicts());
      driver_.outlook(outlook_.problems());
      break;
    case v1::CoordinatorMessage::kEnvelope:
      envelopes_.take(message.envelope().SerializeAsString());
      break;
    case v1::CoordinatorMessage::kRetry:
      log::info("an administrator asks to retry the failed steps");
      driver_.retry();
      break;
    case v1::CoordinatorMessage::kMint: cluster_orders_.mint(message.mint()); break;
    case v1::CoordinatorMessage::kRevokeToken:
      cluster_orders_.revoke(message.revoke_token().token_id());
      break;
    case v1::CoordinatorMessage::kDrain: cluster_orders_.drain(message.drain()); break;
    case v1::CoordinatorMessage::kUnregister:
      cluster_orders_.unregister(message.unregister());
      break;
    case v1::CoordinatorMessage::kPlanReset:
      local_requests_.plan_reset(message.plan_reset().request());
      break;
    case v1::CoordinatorMessage::kLogRequest:
      local_requests_.read_log(message.log_request());
      break;
    default: log::debug("a message of an unknown kind from the coordinator"); break;
  }
}

void Agent::connected() {
  cluster_orders_.forget();  // the coordinator orders again what it still wants
  kubernetes_.connected();
}

asio::awaitable<void> Agent::delivered(Delivered envelope) {
  if (std::holds_alternative<NewAssignment>(envelope)) co_await local_.refresh();
  if (std::holds_alternative<NewGrant>(envelope)) {
    log::info("a join grant has come");
    driver_.grant_arrived();
  }
  if (const auto* const order = std::get_if<KubeconfigOrder>(&envelope))
    local_requests_.send_kubeconfig(*order);
}

void Agent::told(const NodeState& state) {
  if (state.assignment.resets() || state.assignment.away()) leave_cluster();
  const bool other_assignment = driver_.assigned(state.assignment);
  if (state.watch) driver_.watch(*state.watch);
  if (!state.runtime_units.empty())
    if (auto followed = units_.follow_runtime(state.runtime_units); !followed)
      log::warning("{}", followed.error().message());
  if (reports_.told(state) || other_assignment) reports_.changed();
}

// Before the node is in a cluster, kubelet restarts over and over.
void Agent::unit_changed() {
  reports_.changed();
  if (!driver_.in_cluster()) return;
  driver_.look("runtime");
  driver_.look("kubelet");
}

void Agent::file_changed(const std::string& path) {
  for (const plan::Step& step : plan::all_steps())
    if (std::ranges::find(step.files, path) != step.files.end()) driver_.look(step.name);
}

// What follows from the steps that are done by now.
void Agent::reported() {
  files_.add_missing();  // steps make files and folders
  if (driver_.is_done("kubeconfig")) kubernetes_.look();
  // noded has recorded the end of the reset before it signalled the end of this step.
  const bool was_reset =
      driver_.is_done(plan::reset_steps().back().name) && local_.assignment().resets();
  if (reports_.wants_state() || was_reset) local_.start_refresh();
}

// Nothing known about this cluster is valid for the next one.
void Agent::leave_cluster() {
  kubernetes_.leave();
  cluster_orders_.forget();
  reports_.leave_cluster();
}

}  // namespace kagent::kagentd
