#include "agent/noded/bus/service.hpp"

#include "agent/common/base/log.hpp"
#include "agent/common/base/paths.hpp"
#include "agent/common/base/version.hpp"
#include "agent/common/dbus/connection.hpp"
#include "agent/common/dbus/error.hpp"
#include "agent/common/plan/plan.hpp"
#include "agent/common/trust/node_identity.hpp"
#include "agent/noded/cluster/issue_kubeconfig.hpp"
#include "agent/noded/cluster/local_cluster.hpp"
#include "agent/noded/kubeadm/kubeadm_run.hpp"
#include "agent/noded/kubelet/kubelet_identity.hpp"
#include "agent/noded/orders/orders.hpp"
#include "agent/noded/step/admin_conf.hpp"
#include "agent/noded/step/certificates.hpp"
#include "agent/noded/step/context.hpp"
#include "agent/noded/step/cri.hpp"
#include "agent/noded/step/outcome.hpp"
#include "agent/noded/step/survey.hpp"
#include "agent/noded/systemd/journal.hpp"

#include "node1_adaptor.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <map>

namespace kagent::noded {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr char bus_name[] = "io.kagent.Node1";
constexpr char object_path[] = "/io/kagent/Node1";
constexpr auto idle_after = 60s;
constexpr std::uint32_t most_lines = 1000;

using PlanLine = sdbus::Struct<std::string, std::string, std::vector<std::string>>;
using CertificateLine = sdbus::Struct<std::string, std::string, std::string, int64_t, int64_t>;
using CheckReply = std::shared_ptr<sdbus::Result<std::string, std::vector<std::string>>>;
using PlanReply = std::shared_ptr<sdbus::Result<std::vector<PlanLine>>>;

}  // namespace

class Service::Impl final : public sdbus::AdaptorInterfaces<io::kagent::Node1_adaptor> {
 public:
  Impl(asio::io_context& io, dbus::Connection& connection, std::shared_ptr<Units> units,
       Vault vault, std::vector<std::unique_ptr<Step>> steps, std::function<void()> idle)
      : AdaptorInterfaces(connection.bus(), object_path),
        io_(io),
        connection_(connection),
        units_(std::move(units)),
        vault_(std::move(vault)),
        idle_(std::move(idle)),
        idle_timer_(io),
        survey_done_(io, asio::steady_timer::time_point::max()) {
    for (auto& step : steps) {
      const std::string name(step->name());
      steps_[name] = std::move(step);
    }
    registerAdaptor();
    touch();
  }
  ~Impl() { unregisterAdaptor(); }

  Result<> take_name() {
    try {
      connection_.bus().requestName(bus_name);
      connection_.rearm();
      return {};
    } catch (const sdbus::Error& error) {
      return dbus::from_dbus(error).context(std::string("taking the bus name ") + bus_name);
    }
  }

 private:
  // Methods: they copy, spawn and return; an exception is the reply.
  std::tuple<std::string, uint64_t> SubmitEnvelope(const std::vector<uint8_t>& bytes) override {
    touch();
    const std::string serialised(bytes.begin(), bytes.end());
    auto context = read_context(units_, vault_);
    if (!context) throw dbus::to_dbus(context.error());
    const Trust trust{(*context)->coordinator.ca_sha256, (*context)->node_id};
    auto accepted = vault_.submit(serialised, trust, std::chrono::system_clock::now());
    if (!accepted) {
      log::warning("an envelope is refused: {}", accepted.error().message());
      if (accepted.error().code() == Errc::permission_denied)
        throw dbus::to_dbus(dbus::envelope_refused, accepted.error());
      throw dbus::to_dbus(accepted.error());
    }
    log::info("{} {} accepted", accepted->kind, accepted->serial);
    return {accepted->kind, accepted->serial};
  }

  std::tuple<std::string, bool, uint64_t> GetAssignment() override {
    touch();
    const auto assignment = vault_.assignment();
    if (!assignment) return {std::string{}, false, 0};
    return {assignment->role(), assignment->init(), assignment->lease_fence()};
  }

  std::tuple<std::map<std::string, std::string>, uint32_t> GetWatch() override {
    touch();
    auto context = read_context(units_, vault_);
    if (!context) throw dbus::to_dbus(context.error());
    const auto& watch = (*context)->cluster.watch();
    return {{watch.steps().begin(), watch.steps().end()}, watch.every_seconds()};
  }

  void CheckStep(sdbus::Result<std::string, std::vector<std::string>>&& result,
                 std::string step) override {
    touch();
    auto reply =
        std::make_shared<sdbus::Result<std::string, std::vector<std::string>>>(std::move(result));
    asio::co_spawn(io_, check_step(std::move(reply), std::move(step)), asio::detached);
  }

  void ApplyStep(const std::string& step, const uint32_t& attempt) override {
    touch();
    if (!steps_.contains(step)) throw dbus::to_dbus(unknown(step));
    start(step, attempt);
  }

  void Plan(sdbus::Result<std::vector<PlanLine>>&& result) override {
    touch();
    auto reply = std::make_shared<sdbus::Result<std::vector<PlanLine>>>(std::move(result));
    asio::co_spawn(io_, plan(mine(), std::move(reply)), asio::detached);
  }

  void PlanReset(sdbus::Result<std::vector<PlanLine>>&& result) override {
    touch();
    auto reply = std::make_shared<sdbus::Result<std::vector<PlanLine>>>(std::move(result));
    std::vector<std::string> names;
    for (const plan::Step& step : plan::reset_steps()) names.emplace_back(step.name);
    asio::co_spawn(io_, plan(std::move(names), std::move(reply)), asio::detached);
  }

  std::tuple<uint64_t, bool> GetReset() override {
    touch();
    const auto reset = vault_.reset();
    return {reset.serial, reset.done};
  }

  std::vector<std::string> ReadLog(const std::string& step, const uint32_t& lines) override {
    touch();
    const std::size_t count = std::min(lines == 0 ? 200 : lines, most_lines);
    if (!step.empty()) {
      if (!steps_.contains(step)) throw dbus::to_dbus(unknown(step));
      return journal::last_run(unit_name(step), count);
    }
    std::vector<std::string> all;
    for (const auto& steps : {plan::all_steps(), plan::reset_steps()})
      for (const plan::Step& each : steps)
        for (auto& line : journal::last_run(unit_name(each.name), count))
          all.push_back(std::string(each.name) + ": " + line);
    return all;
  }

  std::tuple<std::string, std::string, uint64_t> GetCluster() override {
    touch();
    const LocalCluster cluster = initialised_cluster();
    return {cluster.api_server, cluster.ca_pem, cluster.fence};
  }

  std::tuple<std::string, std::string, std::string> IssueKubeconfig() override {
    touch();
    auto order = vault_.take_kubeconfig_order();
    if (!order) throw dbus::to_dbus(order.error());
    auto issued = issue_kubeconfig(*order, "/");
    if (!issued) throw dbus::to_dbus(issued.error());
    log::info("signed a certificate for {}, good for {} s", order->user(),
              order->lifetime_seconds());
    return {issued->api_server, issued->ca_pem, issued->certificate_pem};
  }

  void UploadCertificates(sdbus::Result<std::string>&& result) override {
    touch();
    auto reply = std::make_shared<sdbus::Result<std::string>>(std::move(result));
    asio::co_spawn(io_, upload(std::move(reply)), asio::detached);
  }

  void RemoveEtcdMember(sdbus::Result<>&& result) override {
    touch();
    auto reply = std::make_shared<sdbus::Result<>>(std::move(result));
    asio::co_spawn(io_, remove_member(std::move(reply)), asio::detached);
  }

  std::string NodeId() override {
    const auto id = node_id();
    return id ? *id : std::string{};
  }
  std::string Version() override { return version; }
  std::string ProductUuid() override { return product_uuid(); }
  std::vector<std::string> RuntimeUnits() override {
    const auto context = read_context(units_, vault_);
    if (!context) throw dbus::to_dbus(context.error());
    return runtime_units(**context);
  }
  uint64_t KubeletCertificateExpiry() override {
    const auto identity = kubelet_identity(Context{});
    if (!identity) return 0;
    return static_cast<uint64_t>(std::chrono::system_clock::to_time_t(identity->not_after));
  }
  std::vector<CertificateLine> ListCertificates() override {
    touch();
    const auto seconds = std::chrono::system_clock::to_time_t;
    std::vector<CertificateLine> lines;
    for (const auto& [file, subject, use, validity] : held_certificates(Context{}))
      lines.emplace_back(file, subject, use, seconds(validity.not_before),
                         seconds(validity.not_after));
    return lines;
  }
  uint64_t AssignmentSerial() override { return vault_.assignment_serial(); }

  static Error unknown(const std::string& step) {
    return {Errc::not_found, "there is no step \"" + step + "\""};
  }

  asio::awaitable<void> upload(std::shared_ptr<sdbus::Result<std::string>> reply) {
    auto key = co_await upload_as_ordered(vault_, units_);
    if (key)
      reply->returnResults(*key);
    else
      reply->returnError(dbus::to_dbus(key.error()));
    connection_.rearm();
  }

  asio::awaitable<void> remove_member(std::shared_ptr<sdbus::Result<>> reply) {
    auto removed = co_await remove_member_as_ordered(vault_, units_);
    if (removed)
      reply->returnResults();
    else
      reply->returnError(dbus::to_dbus(removed.error()));
    connection_.rearm();
  }

  asio::awaitable<void> check_step(CheckReply reply, std::string name) {
    const auto step = steps_.find(name);
    if (step == steps_.end()) {
      reply->returnError(dbus::to_dbus(unknown(name)));
      connection_.rearm();
      co_return;
    }
    auto found = co_await look(*step->second);
    if (!found) {
      reply->returnError(dbus::to_dbus(found.error()));
    } else {
      // A run of an earlier life of ours: its end is told as any other.
      if (found->state == StepState::running) start(name, 0);
      reply->returnResults(std::string(to_string(found->state)), found->changes);
    }
    connection_.rearm();
  }

  asio::awaitable<Result<CheckResult>> look(Step& step) {
    if (running_.contains(std::string(step.name()))) {
      CheckResult busy;
      busy.state = StepState::running;
      co_return busy;
    }
    auto context = read_context(units_, vault_);
    if (!context) co_return context.error();
    (*context)->answers = answers_;
    ContextPtr fixed = std::move(*context);
    co_return co_await step.check(std::move(fixed));
  }

  asio::awaitable<void> plan(std::vector<std::string> names, PlanReply reply) {
    std::vector<PlanLine> lines;
    for (const std::string& name : names) {
      PlanLine line = co_await plan_one(name);
      lines.push_back(std::move(line));
    }
    reply->returnResults(lines);
    connection_.rearm();
  }

  asio::awaitable<PlanLine> plan_one(std::string name) {
    auto found = co_await look(*steps_.at(name));
    if (found) co_return PlanLine(name, std::string(to_string(found->state)), found->changes);
    const std::vector<std::string> why(1, found.error().message());
    co_return PlanLine(name, "unknown", why);
  }

  // Of the steps that there are, this node's, once it knows what it is.
  [[nodiscard]] std::vector<std::string> mine() const {
    std::vector<std::string> names;
    const auto assignment = vault_.assignment();
    if (!assignment) {
      for (const plan::Step& step : plan::all_steps()) names.emplace_back(step.name);
      return names;
    }
    const auto role =
        assignment->role() == "control-plane" ? plan::Role::control_plane : plan::Role::worker;
    for (const plan::Step* step : plan::steps_for(role, assignment->init()))
      names.emplace_back(step->name);
    return names;
  }

  void start(const std::string& name, std::uint32_t attempt) {
    const auto [entry, fresh] = running_.emplace(name, attempt);
    if (!fresh) {
      if (attempt != 0) entry->second = attempt;
      return;
    }
    asio::co_spawn(io_, apply(name), asio::detached);
  }

  asio::awaitable<void> apply(std::string name) {
    Outcome outcome;
    auto context = read_context(units_, vault_);
    if (!context) {
      outcome = failed(name, context.error());
    } else {
      (*context)->answers = answers_;
      (*context)->progress = [this, name](const std::string& detail) {
        emitStepProgress(name, detail);
        connection_.rearm();
      };
      ContextPtr fixed = std::move(*context);
      if (!fixed->reset_ordered) co_await survey(fixed);
      outcome = co_await steps_.at(name)->apply(std::move(fixed));
    }
    if (name == "join" && grant_is_spent(outcome))
      if (auto dropped = vault_.drop_grant(); !dropped)
        log::warning("{}", dropped.error().message());
    if (outcome.ok())
      log::info("step {} is done", name);
    else
      log::warning("step {}: {}: {}", name, outcome.cause, outcome.message);
    if (name == plan::reset_steps().back().name) {
      survey_begun_ = false;  // the next change is a first one again
      survey_done_.expires_at(asio::steady_timer::time_point::max());
    }
    const std::uint32_t attempt = running_.at(name);
    running_.erase(name);
    emitStepFinished(name, attempt, outcome.cause, outcome.message, outcome.remedy, outcome.unit,
                     outcome.invocation_id, outcome.journal);
    connection_.rearm();
    touch();
  }

  // Before the first change of all. Without it a reset leaves more behind, that is all.
  asio::awaitable<void> survey(ContextPtr context) {
    if (!survey_begun_) {
      survey_begun_ = true;
      auto taken = co_await take_survey(std::move(context));
      if (!taken) log::warning("what the node was before kagent: {}", taken.error().message());
      survey_done_.cancel();
      survey_done_.expires_at(asio::steady_timer::time_point::min());
    } else {
      boost::system::error_code ignored;
      co_await survey_done_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
  }

  void touch() {
    idle_timer_.expires_after(idle_after);
    idle_timer_.async_wait([this](boost::system::error_code error) {
      if (error) return;
      if (running_.empty())
        idle_();
      else
        touch();
    });
  }

  asio::io_context& io_;
  dbus::Connection& connection_;
  std::shared_ptr<Units> units_;
  std::shared_ptr<Answers> answers_ = std::make_shared<Answers>();
  Vault vault_;
  std::function<void()> idle_;
  asio::steady_timer idle_timer_;
  asio::steady_timer survey_done_;
  bool survey_begun_ = false;  // in this life
  std::map<std::string, std::unique_ptr<Step>> steps_;
  std::map<std::string, std::uint32_t> running_;  // step to attempt
};

Service::Service(asio::io_context& io, dbus::Connection& connection, std::shared_ptr<Units> units,
                 Vault vault, std::vector<std::unique_ptr<Step>> steps, std::function<void()> idle)
    : impl_(std::make_unique<Impl>(io, connection, std::move(units), std::move(vault),
                                   std::move(steps), std::move(idle))) {}
Service::~Service() = default;

Result<> Service::take_name() {
  return impl_->take_name();
}

}  // namespace kagent::noded
