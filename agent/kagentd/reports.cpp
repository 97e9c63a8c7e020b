#include "agent/kagentd/reports.hpp"

#include "agent/common/base/liveness.hpp"
#include "agent/common/base/version.hpp"
#include "agent/common/trust/node_identity.hpp"
#include "agent/kagentd/report/facts.hpp"
#include "agent/kagentd/report/report.hpp"

#include <boost/asio/post.hpp>

namespace kagent::kagentd {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// Certificates last for months, but an operator who has renewed one by hand wants to see it.
constexpr unsigned reports_a_certificate_look = 600s / liveness::report_every;

v1::ClusterReady to_message(const LocalCluster& cluster) {
  v1::ClusterReady ready;
  ready.set_api_server(cluster.api_server);
  ready.set_ca_certificates(cluster.ca_pem);
  ready.set_lease_fence(cluster.lease_fence);
  return ready;
}

}  // namespace

Reports::Reports(asio::io_context& io, Link& link, Sources sources, std::function<void()> reported)
    : io_(io),
      link_(link),
      sources_(sources),
      reported_(std::move(reported)),
      timer_(io),
      facts_(lasting_facts()) {}

void Reports::start() {
  repeat();
}

void Reports::repeat() {
  timer_.expires_after(liveness::report_every);
  timer_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    if (++repeats_ % reports_a_certificate_look == 0) certificates_known_ = false;
    changed();
    repeat();
  });
}

void Reports::changed() {
  if (std::exchange(queued_, true)) return;
  asio::post(io_, [this] {
    queued_ = false;
    send();
    if (!sources_.driver.is_done("init")) cluster_ = {};  // the next init makes another cluster
    reported_();
  });
}

bool Reports::told(const NodeState& state) {
  bool different = false;
  if (facts_.product_uuid() != state.product_uuid) {
    facts_.set_product_uuid(state.product_uuid);
    different = true;
  }
  if (sources_.driver.is_done("init") && cluster_.api_server.empty() &&
      !state.cluster.api_server.empty()) {
    cluster_ = state.cluster;
    v1::AgentMessage message;
    *message.mutable_cluster_ready() = to_message(cluster_);
    link_.send(std::move(message));
  }
  if (sources_.driver.is_done("ready") && !std::exchange(certificates_known_, true)) {
    kubelet_certificate_expiry_ = state.kubelet_certificate_expiry;
    certificates_ = state.certificates;
    different = true;
  }
  return different;
}

void Reports::leave_cluster() {
  cluster_ = {};
  kubelet_certificate_expiry_.reset();
  certificates_.clear();
  certificates_known_ = false;
}

bool Reports::wants_state() const {
  return (sources_.driver.is_done("init") && cluster_.api_server.empty()) ||
         (sources_.driver.is_done("ready") && !certificates_known_);
}

void Reports::send() {
  v1::AgentMessage message;
  *message.mutable_report() = report();
  link_.send(std::move(message));
}

v1::NodeReport Reports::report() const {
  const Driver& driver = sources_.driver;
  v1::NodeReport report;
  v1::NodeFacts& facts = *report.mutable_facts() = facts_;
  facts.set_node_name(node_name());
  facts.set_address(sources_.config.node_ip().empty()
                        ? address_towards(sources_.coordinator.host, sources_.coordinator.port)
                        : sources_.config.node_ip());
  const Moment now{std::chrono::steady_clock::now(), std::chrono::system_clock::now()};
  for (v1::StepStatus& step : step_statuses(driver.steps(), driver.runs(), now))
    *report.add_steps() = std::move(step);
  report.set_kubelet(health_of(sources_.units.kubelet(), driver.in_cluster()));
  report.set_runtime(health_of(sources_.units.runtime(), true));
  if (kubelet_certificate_expiry_)
    *report.mutable_kubelet_certificate_expires_at() = timestamp(*kubelet_certificate_expiry_);
  put_certificates(certificates_, report);
  *report.mutable_at() = timestamp(now.wall);
  const HeldAssignment& assignment = sources_.local.assignment();
  if (assignment.reset_done) report.set_reset_serial(assignment.reset_serial);
  if (const auto& obstacle = sources_.envelopes.obstacle())
    put_failure(*obstacle, *report.mutable_obstacle());
  return report;
}

v1::Hello Reports::hello() const {
  v1::Hello hello;
  hello.set_protocol(protocol_version);
  hello.set_requested_role(sources_.config.role());
  hello.set_assignment_serial(sources_.local.assignment().serial);
  *hello.mutable_report() = report();
  if (!cluster_.api_server.empty()) *hello.mutable_cluster_ready() = to_message(cluster_);
  return hello;
}

}  // namespace kagent::kagentd
