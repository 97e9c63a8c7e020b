#include "agent/kagentd/agent.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/base/liveness.hpp"
#include "agent/common/base/log.hpp"
#include "agent/common/base/paths.hpp"
#include "agent/common/base/pause.hpp"
#include "agent/common/base/version.hpp"
#include "agent/common/plan/plan.hpp"
#include "agent/common/trust/node_identity.hpp"
#include "agent/kagentd/report/facts.hpp"
#include "agent/kagentd/report/report.hpp"

#include <google/protobuf/util/time_util.h>
#include <systemd/sd-daemon.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <cmath>

namespace kagent::kagentd {
namespace asio = boost::asio;
using google::protobuf::util::TimeUtil;
using namespace std::chrono_literals;

namespace {

// Months away, but who has renewed one by hand wants to see it.
constexpr unsigned reports_a_certificate_look = 600s / liveness::report_every;

// More than any coordinator sends before the first is taken; the oldest is given up.
constexpr std::size_t most_envelopes = 16;
constexpr auto look_again = 3s;
constexpr auto greet_again = 30s;

bool is_lost(const Error& error) {
  return error.code() == Errc::unavailable || error.code() == Errc::deadline_exceeded;
}

v1::ClusterReady to_message(const LocalCluster& cluster) {
  v1::ClusterReady ready;
  ready.set_api_server(cluster.api_server);
  ready.set_ca_certificates(cluster.ca_pem);
  ready.set_lease_fence(cluster.lease_fence);
  return ready;
}

Failure obstacle_of(const Error& error) {
  const std::string message = "an order of the coordinator is not taken: " + error.message();
  if (error.code() == Errc::resource_exhausted)
    return {"disk.full", message, "Make room on the node's disk; kagent goes on by itself."};
  if (is_lost(error))
    return {"noded.unavailable", message,
            "See `journalctl -u kagent-noded` on the node; kagent tries again by itself."};
  return {"envelope.refused", message,
          "See that the node's clock and the coordinator's agree; kagent asks again by itself."};
}

void set_status(const std::string& text) {
  sd_notify(0, ("STATUS=" + text).c_str());
}

}  // namespace

Agent::Agent(asio::io_context& io, dbus::Connection& connection, Options options)
    : io_(io),
      options_(std::move(options)),
      connection_(connection),
      units_(io.get_executor(), connection, [this] { unit_changed(); }),
      files_(io,
             [this](const std::string& path) {
               for (const plan::Step& step : plan::all_steps())
                 if (std::ranges::find(step.files, path) != step.files.end())
                   driver_->look(step.name);
             }),
      session_(io, options_.coordinator, options_.node_id, options_.node.role(), options_.state,
               paths::identity_rsa2048,
               Session::Handlers{
                   [this] { return hello(); },
                   [this](v1::CoordinatorMessage message) { received(std::move(message)); },
                   [this] { on_connected(); },
                   [](const std::string& trouble) {
                     set_status(trouble.empty() ? "in session with the coordinator" : trouble);
                   }}),
      report_timer_(io),
      facts_(lasting_facts()) {}

Result<> Agent::start() {
  NodeEvents events;
  events.finished = [this](const std::string& step, Finish finish) {
    driver_->finished(step, std::move(finish));
  };
  events.progress = [this](const std::string& step, std::string detail) {
    driver_->progress(step, std::move(detail));
  };
  events.gone = [this] { driver_->node_gone(); };
  auto node = make_node_client(connection_, std::move(events));
  if (!node) return node.error();
  node_ = std::move(*node);
  driver_.emplace(io_.get_executor(), *node_, Journal(options_.state / "journal", options_.node_id),
                  [this] { changed(); });
  if (auto watching = units_.start(); !watching) return watching.error();
  for (const plan::Step& step : plan::all_steps())
    for (const std::string_view path : step.files) files_.add(std::string(path));
  asio::co_spawn(io_, begin(), asio::detached);
  return {};
}

// What noded holds comes first: a node goes on with it though the coordinator is away.
asio::awaitable<void> Agent::begin() {
  auto uuid = co_await node_->product_uuid();
  if (uuid) facts_.set_product_uuid(*uuid);
  auto held = co_await node_->assignment();
  if (held)
    assignment_ = *held;
  else
    noded_.say("the assignment is not told: " + held.error().message());
  driver_->start(assignment_);
  if (held) co_await take_watch();
  if (!held) asio::co_spawn(io_, take_assignment(), asio::detached);
  repeat_report();
  co_await session_.run();
}

bool Agent::in_cluster() const {
  return driver_->is_done("init") || driver_->is_done("join");
}

v1::NodeReport Agent::report() const {
  v1::NodeReport report;
  v1::NodeFacts& facts = *report.mutable_facts() = facts_;
  facts.set_node_name(node_name());
  facts.set_address(options_.node.node_ip().empty()
                        ? address_towards(options_.coordinator.host, options_.coordinator.port)
                        : options_.node.node_ip());
  const Moment now{std::chrono::steady_clock::now(), std::chrono::system_clock::now()};
  for (v1::StepStatus& step : step_statuses(driver_->steps(), driver_->runs(), now))
    *report.add_steps() = std::move(step);
  report.set_kubelet(health_of(units_.kubelet(), in_cluster()));
  report.set_runtime(health_of(units_.runtime(), true));
  if (certificate_expiry_)
    *report.mutable_kubelet_certificate_expires_at() = timestamp(*certificate_expiry_);
  put_certificates(certificates_, report);
  *report.mutable_at() = timestamp(now.wall);
  if (assignment_.reset_done) report.set_reset_serial(assignment_.reset_serial);
  if (obstacle_) put_failure(*obstacle_, *report.mutable_obstacle());
  return report;
}

v1::Hello Agent::hello() const {
  v1::Hello hello;
  hello.set_protocol(protocol_version);
  hello.set_requested_role(options_.node.role());
  hello.set_assignment_serial(assignment_.serial);
  *hello.mutable_report() = report();
  if (!cluster_.api_server.empty()) *hello.mutable_cluster_ready() = to_message(cluster_);
  return hello;
}

// Many changes of one turn of the loop make one report.
void Agent::changed() {
  if (std::exchange(report_queued_, true)) return;
  asio::post(io_, [this] {
    report_queued_ = false;
    send_report();
    files_.add_missing();                          // steps make them
    if (!driver_->is_done("init")) cluster_ = {};  // another one may come of it
    if (driver_->is_done("init") && cluster_.api_server.empty() && !looking_for_cluster_) {
      looking_for_cluster_ = true;
      asio::co_spawn(io_, look_for_cluster(), asio::detached);
    }
    if (driver_->is_done("ready") && !std::exchange(certificates_looked_at_, true))
      asio::co_spawn(io_, look_at_certificates(), asio::detached);
    if (driver_->is_done("kubeconfig")) look_for_kubernetes();
    // noded has just said so: now it holds another state.
    if (driver_->is_done(plan::reset_steps().back().name) && assignment_.resets())
      asio::co_spawn(io_, take_assignment(), asio::detached);
  });
}

void Agent::send_report() {
  v1::AgentMessage message;
  *message.mutable_report() = report();
  session_.send(std::move(message));
}

void Agent::repeat_report() {
  report_timer_.expires_after(liveness::report_every);
  report_timer_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    if (++reports_ % reports_a_certificate_look == 0) certificates_looked_at_ = false;
    changed();
    repeat_report();
  });
}

void Agent::on_connected() {
  early_orders_.clear();  // of another session: asked again
  send_kubernetes_nodes();
  for (v1::AgentMessage& verdict : verdicts_.take()) session_.send(std::move(verdict));
}

void Agent::received(v1::CoordinatorMessage message) {
  switch (message.body_case()) {
    case v1::CoordinatorMessage::kWelcome:
      outlook_.welcome(message.welcome(), std::chrono::system_clock::now());
      driver_->outlook(outlook_.problems());
      break;
    case v1::CoordinatorMessage::kHeartbeatReply:
      outlook_.clock(message.heartbeat_reply().coordinator_time(),
                     std::chrono::system_clock::now());
      driver_->outlook(outlook_.problems());
      break;
    case v1::CoordinatorMessage::kConflicts:
      outlook_.conflicts(message.conflicts());
      driver_->outlook(outlook_.problems());
      break;
    case v1::CoordinatorMessage::kEnvelope:
      take_envelope(message.envelope().SerializeAsString());
      break;
    case v1::CoordinatorMessage::kMint: take_order(message.mint()); break;
    case v1::CoordinatorMessage::kRetry:
      log::info("what has failed is tried again: an administrator asks for it");
      driver_->retry();
      break;
    case v1::CoordinatorMessage::kRevokeToken:
      asio::co_spawn(io_, revoke(message.revoke_token().token_id()), asio::detached);
      break;
    case v1::CoordinatorMessage::kDrain:
      asio::co_spawn(io_, drain(message.drain()), asio::detached);
      break;
    case v1::CoordinatorMessage::kUnregister:
      asio::co_spawn(io_, unregister(message.unregister()), asio::detached);
      break;
    case v1::CoordinatorMessage::kPlanReset:
      asio::co_spawn(io_, plan_reset(message.plan_reset().request()), asio::detached);
      break;
    case v1::CoordinatorMessage::kLogRequest:
      asio::co_spawn(io_, read_log(message.log_request()), asio::detached);
      break;
    default: log::debug("a message of an unknown kind from the coordinator"); break;
  }
}

void Agent::take_envelope(std::string envelope) {
  if (envelopes_.size() >= most_envelopes) envelopes_.pop_front();
  envelopes_.push_back(std::move(envelope));
  if (std::exchange(delivering_, true)) return;
  asio::co_spawn(io_, deliver(), asio::detached);
}

// A courier: noded alone decides whether an envelope holds. One after the other, for their serials
// grow; again while noded is not there.
asio::awaitable<void> Agent::deliver() {
  while (!envelopes_.empty()) {
    std::string envelope = std::move(envelopes_.front());
    envelopes_.pop_front();
    auto accepted = co_await node_->submit(envelope);
    if (!accepted) {
      if (not_taken(std::move(envelope), accepted.error())) co_await pause(look_again);
      continue;
    }
    if (std::exchange(obstacle_, std::nullopt)) changed();
    noded_.over();
    if (accepted->kind == "assignment" || accepted->kind == "reset") co_await take_assignment();
    if (accepted->kind == "join-grant") {
      log::info("a join grant has come");
      driver_->grant_arrived();
    }
    if (accepted->kind == "kubeconfig") co_await issue_kubeconfig(accepted->serial);
  }
  delivering_ = false;
}

// What noded could not take for now it is given again. What it refuses is of no use to it any more:
// the coordinator says it anew, once it is asked.
bool Agent::not_taken(std::string envelope, const Error& why) {
  noded_.say("an envelope is not taken: " + why.message());
  Failure obstacle = obstacle_of(why);
  const bool known = obstacle_ == obstacle;
  obstacle_ = std::move(obstacle);
  if (!known) changed();
  const bool later = is_lost(why) || why.code() == Errc::resource_exhausted;
  if (later)
    envelopes_.push_front(std::move(envelope));
  else if (!std::exchange(asking_again_, true))
    asio::co_spawn(io_, ask_again(), asio::detached);
  return later;
}

// A session of its own begins with all that the coordinator wants of this node: what is refused
// again is an obstacle again.
asio::awaitable<void> Agent::ask_again() {
  co_await pause(greet_again);
  asking_again_ = false;
  if (!std::exchange(obstacle_, std::nullopt)) co_return;
  changed();
  session_.begin_anew();
}

asio::awaitable<void> Agent::take_assignment() {
  for (;;) {
    auto held = co_await node_->assignment();
    if (held) {
      assignment_ = *held;
      if (assignment_.resets() || assignment_.away()) leave_cluster();
      driver_->assigned(assignment_);
      co_await take_watch();
      changed();
      co_return;
    }
    noded_.say("the assignment is not told: " + held.error().message());
    co_await pause(look_again);
  }
}

asio::awaitable<void> Agent::take_watch() {
  auto watch = co_await node_->watch();
  if (watch)
    driver_->watch(std::move(*watch));
  else
    log::warning("what becomes of drift is not told: {}", watch.error().message());
  auto units = co_await node_->runtime_units();
  if (!units) co_return;
  if (auto followed = units_.follow_runtime(*units); !followed)
    log::warning("{}", followed.error().message());
}

// Before it is in a cluster a kubelet comes and goes, as it should.
void Agent::unit_changed() {
  changed();
  if (!in_cluster()) return;
  driver_->look("runtime");
  driver_->look("kubelet");
}

asio::awaitable<void> Agent::look_for_cluster() {
  auto cluster = co_await node_->cluster();
  looking_for_cluster_ = false;
  if (!cluster || cluster->api_server.empty()) co_return;
  cluster_ = std::move(*cluster);
  v1::AgentMessage message;
  *message.mutable_cluster_ready() = to_message(cluster_);
  session_.send(std::move(message));
}

// Nothing of the cluster that was holds for the next one.
void Agent::leave_cluster() {
  cluster_ = {};
  kubernetes_.reset();
  kubeconfig_.clear();
  kubernetes_nodes_.clear();
  certificate_expiry_.reset();
  certificates_.clear();
  certificates_looked_at_ = false;
  early_orders_.clear();
  stop_watching();
}

asio::awaitable<void> Agent::look_at_certificates() {
  auto expiry = co_await node_->kubelet_certificate_expiry();
  if (expiry) certificate_expiry_ = *expiry;
  auto held = co_await node_->certificates();
  if (held) certificates_ = std::move(*held);
  changed();
}

}  // namespace kagent::kagentd
