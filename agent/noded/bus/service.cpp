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
#include "agent/noded/kubelet/kubelet_identity.hpp"
#include "agent/noded/orders/orders.hpp"
#include "agent/noded/runner/runner.hpp"
#include "agent/noded/step/admin_conf.hpp"
#include "agent/noded/step/certificates.hpp"
#include "agent/noded/step/context.hpp"
#include "agent/noded/step/cri.hpp"
#include "agent/noded/systemd/journal.hpp"

#include "node1_adaptor.hpp"

#include <boost/asio/steady_timer.hpp>

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

// A coroutine outlives the method that starts it, so it shares the reply.
template <class... Values>
auto shared(sdbus::Result<Values...>&& reply) {
  return std::make_shared<sdbus::Result<Values...>>(std::move(reply));
}

}  // namespace

class Service::Impl final : public sdbus::AdaptorInterfaces<io::kagent::Node1_adaptor> {
 public:
  Impl(asio::io_context& io, dbus::Connection& connection, Tasks& tasks, Systemd systemd,
       Vault vault, std::vector<std::unique_ptr<Step>> steps, std::function<void()> idle)
      : AdaptorInterfaces(connection.bus(), object_path),
        connection_(connection),
        tasks_(tasks),
        systemd_(std::move(systemd)),
        vault_(std::move(vault)),
        runner_(
            io.get_executor(), tasks, vault_, [this] { return read_context(systemd_, vault_); },
            std::move(steps), reports()),
        idle_(std::move(idle)),
        idle_timer_(io) {
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
  // Methods copy their arguments, start a task and return. An exception is the reply.
  std::tuple<std::string, uint64_t> SubmitEnvelope(const std::vector<uint8_t>& bytes) override {
    touch();
    const std::string serialised(bytes.begin(), bytes.end());
    auto context = read_context(systemd_, vault_);
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
    auto context = read_context(systemd_, vault_);
    if (!context) throw dbus::to_dbus(context.error());
    const auto& watch = (*context)->cluster.watch();
    return {{watch.steps().begin(), watch.steps().end()}, watch.every_seconds()};
  }

  void CheckStep(sdbus::Result<std::string, std::vector<std::string>>&& result,
                 std::string step) override {
    touch();
    tasks_.start(check_step(shared(std::move(result)), std::move(step)));
  }

  void ApplyStep(const std::string& step, const uint32_t& attempt) override {
    touch();
    if (auto started = runner_.start(step, attempt); !started) throw dbus::to_dbus(started.error());
  }

  void Plan(sdbus::Result<std::vector<PlanLine>>&& result) override {
    touch();
    tasks_.start(plan(runner_.plan(), shared(std::move(result))));
  }

  void PlanReset(sdbus::Result<std::vector<PlanLine>>&& result) override {
    touch();
    tasks_.start(plan(runner_.plan_reset(), shared(std::move(result))));
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
      if (!runner_.knows(step))
        throw dbus::to_dbus(Error(Errc::not_found, "there is no step \"" + step + "\""));
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
    tasks_.start(upload(shared(std::move(result))));
  }

  void RemoveEtcdMember(sdbus::Result<>&& result) override {
    touch();
    tasks_.start(remove_member(shared(std::move(result))));
  }

  std::string NodeId() override {
    const auto id = node_id();
    return id ? *id : std::string{};
  }
  std::string Version() override { return version; }
  std::string ProductUuid() override { return product_uuid(); }
  std::vector<std::string> RuntimeUnits() override {
    const auto context = read_context(systemd_, vault_);
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

  asio::awaitable<void> upload(std::shared_ptr<sdbus::Result<std::string>> reply) {
    auto key = co_await upload_as_ordered(vault_, systemd_);
    if (key)
      reply->returnResults(*key);
    else
      reply->returnError(dbus::to_dbus(key.error()));
    connection_.rearm();
  }

  asio::awaitable<void> remove_member(std::shared_ptr<sdbus::Result<>> reply) {
    auto removed = co_await remove_member_as_ordered(vault_, systemd_);
    if (removed)
      reply->returnResults();
    else
      reply->returnError(dbus::to_dbus(removed.error()));
    connection_.rearm();
  }

  asio::awaitable<void> check_step(CheckReply reply, std::string name) {
    auto found = co_await runner_.check(std::move(name));
    if (found)
      reply->returnResults(std::string(to_string(found->state)), found->changes);
    else
      reply->returnError(dbus::to_dbus(found.error()));
    connection_.rearm();
  }

  asio::awaitable<void> plan(asio::awaitable<std::vector<PlannedStep>> planning, PlanReply reply) {
    const auto planned = co_await std::move(planning);
    std::vector<PlanLine> lines;
    for (const auto& [name, state, changes] : planned) lines.emplace_back(name, state, changes);
    reply->returnResults(lines);
    connection_.rearm();
  }

  Runner::Reports reports() {
    Runner::Reports reports;
    reports.progress = [this](const std::string& step, const std::string& detail) {
      emitStepProgress(step, detail);
      connection_.rearm();
    };
    reports.finished = [this](const std::string& step, std::uint32_t attempt,
                              const Outcome& outcome) {
      const Failure failure = outcome.failure.value_or(Failure());
      emitStepFinished(step, attempt, failure.id.text(), failure.message, failure.remedy,
                       outcome.unit, outcome.invocation_id, failure.journal);
      connection_.rearm();
      touch();
    };
    return reports;
  }

  void touch() {
    idle_timer_.expires_after(idle_after);
    idle_timer_.async_wait([this](boost::system::error_code error) {
      if (error) return;
      if (tasks_.running() == 0)
        idle_();
      else
        touch();
    });
  }

  dbus::Connection& connection_;
  Tasks& tasks_;
  Systemd systemd_;
  Vault vault_;
  Runner runner_;
  std::function<void()> idle_;
  asio::steady_timer idle_timer_;
};

Service::Service(asio::io_context& io, dbus::Connection& connection, Tasks& tasks, Systemd systemd,
                 Vault vault, std::vector<std::unique_ptr<Step>> steps, std::function<void()> idle)
    : impl_(std::make_unique<Impl>(io, connection, tasks, std::move(systemd), std::move(vault),
                                   std::move(steps), std::move(idle))) {}
Service::~Service() = default;

Result<> Service::take_name() {
  return impl_->take_name();
}

}  // namespace kagent::noded
