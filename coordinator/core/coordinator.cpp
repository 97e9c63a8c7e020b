#include "coordinator/core/coordinator.hpp"

#include "coordinator/core/clock.hpp"
#include "coordinator/core/convert.hpp"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/json_util.h>
#include <malloc.h>

#include <algorithm>

namespace kagent::coordinator {
namespace {

constexpr unsigned sweeps_a_report_flush = 4;
constexpr unsigned sweeps_a_trim = 60;

Policy policy_of(const v1::ClusterConfig& config) {
  Policy policy;
  policy.control_planes = std::max(1U, config.control_planes());
  policy.config_digest = digest_of(config);
  policy.local_balancer = config.local_balancer_port() != 0;
  return policy;
}

// A change of the enrolment policy is no reason for new Assignments.
v1::ClusterConfig for_nodes(v1::ClusterConfig config) {
  config.clear_enrolment();
  return config;
}

std::vector<std::optional<Report>> reports_of(const Snapshot& snapshot) {
  std::vector<std::optional<Report>> reports;
  for (const StoredNode& node : snapshot.nodes) reports.push_back(parse_report(node.report));
  return reports;
}

}  // namespace

std::string digest_of(const v1::ClusterConfig& config) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    config.SerializeToCodedStream(&coded);
  }
  return pki::sha256_hex(bytes);
}

Coordinator::Coordinator(boost::asio::any_io_executor loop, State state, Audit audit,
                         Settings settings, std::function<void(const Error&)> fatal)
    : fatal_(std::move(fatal)),
      authority_(std::move(state.authority)),
      store_(std::move(state.store)),
      config_(for_nodes(settings.config)),
      audit_(std::move(audit)),
      registry_(policy_of(config_), state.snapshot, reports_of(state.snapshot), now()),
      conflicts_(registry_, sessions_),
      reports_(registry_, *store_),
      ahead_(registry_),
      certificates_(authority_),
      envelopes_(authority_),
      commit_(loop, *store_, fatal_),
      postman_(registry_, commit_, sessions_, conflicts_, watchers_, envelopes_, audit_, config_),
      decisions_(audit_, postman_, commit_, fatal_),
      user_data_(authority_, audit_),
      door_(authority_.pins, Tokens(state.snapshot.token_hashes, state.snapshot.tokens)),
      log_requests_(registry_, sessions_),
      kubeconfig_orders_(registry_, postman_, commit_, audit_),
      leave_orders_(registry_, sessions_, decisions_),
      token_orders_(authority_, door_.tokens(), *store_, audit_, decisions_, user_data_),
      enrolments_(authority_, registry_, *store_, door_, applications_, certificates_, postman_,
                  commit_, watchers_, audit_),
      approvals_(registry_, *store_, door_, applications_, audit_, decisions_),
      gate_(registry_, std::move(state.rollback), connections_, audit_, fatal_),
      reception_(registry_, sessions_, gate_, postman_, audit_,
                 {conflicts_, reports_, ahead_, certificates_},
                 {log_requests_, kubeconfig_orders_, leave_orders_}, authority_.cluster_id,
                 config_),
      administration_(registry_, sessions_, connections_, applications_, ahead_, audit_),
      sweep_(loop) {
  door_.configure(settings.config.enrolment(), std::move(settings.region_certificates));
}

void Coordinator::start(std::string advertised) {
  user_data_.set_address(std::move(advertised));
  certificates_.start(now().wall);
  started_ = true;
  arm_sweep();
}

void Coordinator::stop() {
  if (std::exchange(stopped_, true)) return;
  gate_.close();
  sweep_.cancel();
  (void)commit_.flush();
  reports_.flush();
  audit_.flush(now(), true);
  const Error why(Errc::unavailable, "the coordinator is stopping");
  sessions_.close_all(why);
  watchers_.close_all(why);
  log_requests_.fail_all(why);
  kubeconfig_orders_.fail_all(why);
  leave_orders_.fail_all(why);
}

void Coordinator::arm_sweep() {
  sweep_.expires_after(liveness::sweep_every);
  sweep_.async_wait([this](boost::system::error_code error) {
    if (error || stopped_) return;
    sweep();
    arm_sweep();
  });
}

void Coordinator::sweep() {
  const Now at = now();
  registry_.tick(at);
  postman_.act();
  log_requests_.expire(at.steady);
  kubeconfig_orders_.expire(at.steady);
  leave_orders_.expire(at.steady);
  audit_.flush(at);
  if (const auto why = certificates_.restart_reason(at.wall)) fatal_(*why);
  if (++sweeps_ % sweeps_a_report_flush == 0) reports_.flush();
  // Otherwise glibc keeps the memory that a burst of requests has used.
  if (sweeps_ % sweeps_a_trim == 0) ::malloc_trim(0);
}

Result<> Coordinator::configure(Settings settings) {
  const v1::EnrolmentConfig& enrolment = settings.config.enrolment();
  if (auto audited = audit_enrolment_policy(enrolment); !audited) return audited;
  door_.configure(enrolment, std::move(settings.region_certificates));
  config_ = for_nodes(settings.config);
  registry_.configure(policy_of(config_), now());
  postman_.act();
  return {};
}

Result<> Coordinator::audit_enrolment_policy(const v1::EnrolmentConfig& enrolment) {
  if (enrolment.SerializeAsString() == door_.config().SerializeAsString()) return {};
  AuditEntry entry("enrolment-policy", Caller());
  entry.actor = "configuration";
  std::string policy;
  (void)google::protobuf::util::MessageToJsonString(enrolment, &policy);
  entry.more.emplace_back("policy", policy);
  return audit_.granted(entry, now());
}

}  // namespace kagent::coordinator
