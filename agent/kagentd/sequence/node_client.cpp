#include "agent/kagentd/sequence/node_client.hpp"

#include "agent/common/base/log.hpp"
#include "agent/common/dbus/connection.hpp"
#include "agent/common/dbus/error.hpp"
#include "node1_proxy.hpp"

#include <optional>
#include <tuple>

namespace kagent::kagentd {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr char bus_name[] = "io.kagent.Node1";
constexpr char object_path[] = "/io/kagent/Node1";
// The methods of the generated proxy block, so only its constants are used.
const std::string interface = io::kagent::Node1_proxy::INTERFACE_NAME;
constexpr char properties[] = "org.freedesktop.DBus.Properties";
constexpr char gone_match[] =
    "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
    "member='NameOwnerChanged',arg0='io.kagent.Node1'";
// For calls in which noded may wait for another program, such as the API server.
constexpr auto long_timeout = 120s;
constexpr auto call_timeout = 30s;

template <class... Values>
Result<std::tuple<Values...>> read_all(Result<sdbus::MethodReply> reply) {
  using Read = Result<std::tuple<Values...>>;  // explicit: a Variant would convert from an Error
  if (!reply) return Read(boost::system::in_place_error, reply.error().context("kagent-noded"));
  try {
    std::tuple<Values...> values;
    std::apply([&](Values&... value) { ((void)(*reply >> value), ...); }, values);
    return Read(boost::system::in_place_value, std::move(values));
  } catch (const sdbus::Error& error) {
    return Read(boost::system::in_place_error, Errc::protocol,
                "kagent-noded: " + error.getMessage());
  }
}

std::optional<Check> check_state(const std::string& name) {
  if (name == "done") return Check::done;
  if (name == "needed") return Check::needed;
  if (name == "running") return Check::running;
  if (name == "blocked") return Check::blocked;
  return {};
}

// noded gave no answer, as opposed to an error of its own.
template <class T>
bool is_lost(const Result<T>& answer) {
  if (answer) return false;
  const Errc code = answer.error().code();
  return code == Errc::unavailable || code == Errc::deadline_exceeded || code == Errc::cancelled;
}

class DbusNodeClient final : public NodeClient {
 public:
  explicit DbusNodeClient(dbus::Connection& connection)
      : connection_(connection),
        proxy_(sdbus::createProxy(connection.bus(), bus_name, object_path)) {
    proxy_->registerSignalHandler(interface, "StepFinished",
                                  [this](sdbus::Signal& signal) { on_finished(signal); });
    proxy_->registerSignalHandler(interface, "StepProgress",
                                  [this](sdbus::Signal& signal) { on_progress(signal); });
    proxy_->finishRegistration();
    gone_ = connection.bus().addMatch(gone_match, [this](sdbus::Message& m) { on_owner(m); });
    connection.rearm();
  }

  void listen(NodeEvents events) override { events_ = std::move(events); }

  asio::awaitable<Result<NodeCheck>> check(std::string step) override {
    auto message = dbus::make_call(*proxy_, interface, "CheckStep", step);
    auto values =
        co_await ask<std::string, std::vector<std::string>>(std::move(message), long_timeout);
    if (!values) co_return values.error();
    const auto state = check_state(std::get<0>(*values));
    if (!state)
      co_return Error(Errc::protocol, "kagent-noded: unknown state " + std::get<0>(*values));
    NodeCheck found;
    found.state = *state;
    found.changes = std::move(std::get<1>(*values));
    co_return found;
  }

  asio::awaitable<Result<>> apply(std::string step, unsigned attempt) override {
    const std::uint32_t number = attempt;
    auto message = dbus::make_call(*proxy_, interface, "ApplyStep", step, number);
    auto values = co_await ask<>(std::move(message), call_timeout);
    if (!values) co_return values.error();
    co_return Result<>();
  }

  asio::awaitable<Result<NodeState>> state() override {
    // Only this process submits envelopes, and the caller waits for this call: no assignment comes
    // between the calls below.
    NodeState state;
    auto assignment = co_await held_assignment();
    if (!assignment) co_return assignment.error();
    state.assignment = std::move(*assignment);
    auto policy = co_await watch();
    if (is_lost(policy)) co_return policy.error();
    if (policy)
      state.watch = std::move(*policy);
    else
      log::warning("the policy on drift is unknown: {}", policy.error().message());
    auto units = co_await property<std::vector<std::string>>("RuntimeUnits");
    if (is_lost(units)) co_return units.error();
    if (units) state.runtime_units = std::move(*units);
    auto uuid = co_await property<std::string>("ProductUuid");
    if (is_lost(uuid)) co_return uuid.error();
    if (uuid) state.product_uuid = std::move(*uuid);
    auto cluster = co_await local_cluster();
    if (is_lost(cluster)) co_return cluster.error();
    if (cluster) state.cluster = std::move(*cluster);
    auto expiry = co_await property<std::uint64_t>("KubeletCertificateExpiry");
    if (is_lost(expiry)) co_return expiry.error();
    if (expiry && *expiry != 0)
      state.kubelet_certificate_expiry =
          std::chrono::system_clock::from_time_t(static_cast<std::time_t>(*expiry));
    auto certificates = co_await held_certificates();
    if (is_lost(certificates)) co_return certificates.error();
    if (certificates) state.certificates = std::move(*certificates);
    co_return state;
  }

  asio::awaitable<Result<Delivered>> deliver(std::string envelope) override {
    const std::vector<std::uint8_t> bytes(envelope.begin(), envelope.end());
    auto message = dbus::make_call(*proxy_, interface, "SubmitEnvelope", bytes);
    auto values = co_await ask<std::string, std::uint64_t>(std::move(message), call_timeout);
    if (!values) co_return values.error();
    const auto& [kind, serial] = *values;
    if (kind == "assignment" || kind == "reset") co_return Delivered(NewAssignment());
    if (kind == "join-grant") co_return Delivered(NewGrant());
    if (kind == "kubeconfig") {
      auto issued = co_await issue_kubeconfig();
      co_return Delivered(KubeconfigOrder(serial, std::move(issued)));
    }
    if (kind == "upload") {
      auto key = co_await upload_certificates();
      co_return Delivered(UploadOrder(std::move(key)));
    }
    if (kind == "etcd-member") {
      auto removed = co_await remove_etcd_member();
      co_return Delivered(EtcdMemberOrder(std::move(removed)));
    }
    co_return Delivered(OtherOrder());
  }

  asio::awaitable<Result<std::vector<std::string>>> plan_reset() override {
    using Line = sdbus::Struct<std::string, std::string, std::vector<std::string>>;
    auto message = dbus::make_call(*proxy_, interface, "PlanReset");
    auto values = co_await ask<std::vector<Line>>(std::move(message), long_timeout);
    if (!values) co_return values.error();
    std::vector<std::string> changes;
    for (const Line& line : std::get<0>(*values))
      for (const std::string& change : line.get<2>()) changes.push_back(change);
    co_return changes;
  }

  asio::awaitable<Result<std::vector<std::string>>> read_log(std::string step,
                                                             unsigned lines) override {
    const std::uint32_t count = lines;
    auto message = dbus::make_call(*proxy_, interface, "ReadLog", step, count);
    auto values = co_await ask<std::vector<std::string>>(std::move(message), call_timeout);
    if (!values) co_return values.error();
    co_return std::move(std::get<0>(*values));
  }

 private:
  // One call and its answer.
  template <class... Values>
  asio::awaitable<Result<std::tuple<Values...>>> ask(sdbus::MethodCall message,
                                                     std::chrono::milliseconds timeout) {
    auto reply = co_await dbus::call(connection_, *proxy_, std::move(message), timeout);
    co_return read_all<Values...>(std::move(reply));
  }

  asio::awaitable<Result<HeldAssignment>> held_assignment() {
    auto serial = co_await property<std::uint64_t>("AssignmentSerial");
    if (!serial) co_return serial.error();
    auto get = dbus::make_call(*proxy_, interface, "GetAssignment");
    auto values = co_await ask<std::string, bool, std::uint64_t>(std::move(get), call_timeout);
    if (!values) co_return values.error();
    HeldAssignment held;
    held.serial = *serial;
    std::string role;
    std::tie(role, held.init, held.lease_fence) = std::move(*values);
    held.role = plan::parse_role(role).value_or(plan::Role::worker);
    auto get_reset = dbus::make_call(*proxy_, interface, "GetReset");
    auto reset = co_await ask<std::uint64_t, bool>(std::move(get_reset), call_timeout);
    if (!reset) co_return reset.error();
    std::tie(held.reset_serial, held.reset_done) = std::move(*reset);
    co_return held;
  }

  asio::awaitable<Result<Watch>> watch() {
    auto get = dbus::make_call(*proxy_, interface, "GetWatch");
    auto values = co_await ask<std::map<std::string, std::string>, std::uint32_t>(std::move(get),
                                                                                  call_timeout);
    if (!values) co_return values.error();
    Watch watch;
    for (const auto& [step, drift] : std::get<0>(*values))
      if (const auto known = plan::parse_drift(drift)) watch.steps[step] = *known;
    if (const std::uint32_t every = std::get<1>(*values); every != 0)
      watch.every = std::chrono::seconds(every);
    co_return watch;
  }

  asio::awaitable<Result<LocalCluster>> local_cluster() {
    auto get = dbus::make_call(*proxy_, interface, "GetCluster");
    auto values =
        co_await ask<std::string, std::string, std::uint64_t>(std::move(get), call_timeout);
    if (!values) co_return values.error();
    LocalCluster cluster;
    std::tie(cluster.api_server, cluster.ca_pem, cluster.lease_fence) = std::move(*values);
    co_return cluster;
  }

  asio::awaitable<Result<std::vector<HeldCertificate>>> held_certificates() {
    using Line = sdbus::Struct<std::string, std::string, std::string, std::int64_t, std::int64_t>;
    auto list = dbus::make_call(*proxy_, interface, "ListCertificates");
    auto values = co_await ask<std::vector<Line>>(std::move(list), call_timeout);
    if (!values) co_return values.error();
    std::vector<HeldCertificate> held;
    for (const Line& line : std::get<0>(*values))
      held.push_back({line.get<0>(), line.get<1>(), line.get<2>(),
                      std::chrono::system_clock::from_time_t(line.get<3>()),
                      std::chrono::system_clock::from_time_t(line.get<4>())});
    co_return held;
  }

  asio::awaitable<Result<IssuedKubeconfig>> issue_kubeconfig() {
    auto issue = dbus::make_call(*proxy_, interface, "IssueKubeconfig");
    auto values =
        co_await ask<std::string, std::string, std::string>(std::move(issue), call_timeout);
    if (!values) co_return values.error();
    IssuedKubeconfig issued;
    std::tie(issued.api_server, issued.ca_pem, issued.certificate_pem) = std::move(*values);
    co_return issued;
  }

  asio::awaitable<Result<std::string>> upload_certificates() {
    auto upload = dbus::make_call(*proxy_, interface, "UploadCertificates");
    auto values = co_await ask<std::string>(std::move(upload), long_timeout);
    if (!values) co_return values.error();
    co_return std::move(std::get<0>(*values));
  }

  asio::awaitable<Result<>> remove_etcd_member() {
    auto remove = dbus::make_call(*proxy_, interface, "RemoveEtcdMember");
    auto values = co_await ask<>(std::move(remove), long_timeout);
    if (!values) co_return values.error();
    co_return Result<>();
  }

  template <class T>
  asio::awaitable<Result<T>> property(std::string name) {
    auto get = dbus::make_call(*proxy_, properties, "Get", interface, name);
    auto values = co_await ask<sdbus::Variant>(std::move(get), call_timeout);
    if (!values) co_return values.error();
    const sdbus::Variant& value = std::get<0>(*values);
    if (!value.containsValueOfType<T>())
      co_return Error(Errc::protocol, "kagent-noded: " + name + " is of another type");
    co_return value.get<T>();
  }

  // sdbus-c++ handlers must not throw.
  void on_finished(sdbus::Signal& signal) {
    try {
      std::string step;
      std::uint32_t attempt = 0;
      std::string cause;
      Failure failure;
      Finish finish;
      signal >> step >> attempt >> cause >> failure.message >> failure.remedy >> finish.unit >>
          finish.invocation_id >> failure.journal;
      finish.attempt = attempt;
      failure.id = CauseId::received(cause);
      if (!cause.empty()) finish.failure = std::move(failure);
      if (events_.finished) events_.finished(std::move(step), std::move(finish));
    } catch (const sdbus::Error& error) {
      log::warning("kagent-noded: malformed StepFinished signal: {}", error.getMessage());
    }
  }

  void on_progress(sdbus::Signal& signal) {
    try {
      std::string step, detail;
      signal >> step >> detail;
      if (events_.progress) events_.progress(std::move(step), std::move(detail));
    } catch (const sdbus::Error& error) {
      log::warning("kagent-noded: malformed StepProgress signal: {}", error.getMessage());
    }
  }

  void on_owner(sdbus::Message& message) {
    try {
      std::string name, before, after;
      message >> name >> before >> after;
      if (after.empty() && events_.gone) events_.gone();
    } catch (const sdbus::Error& error) {
      log::warning("malformed NameOwnerChanged signal: {}", error.getMessage());
    }
  }

  dbus::Connection& connection_;
  NodeEvents events_;
  std::unique_ptr<sdbus::IProxy> proxy_;
  sdbus::Slot gone_;
};

}  // namespace

Result<std::unique_ptr<NodeClient>> make_node_client(dbus::Connection& connection) {
  try {
    return std::unique_ptr<NodeClient>(std::make_unique<DbusNodeClient>(connection));
  } catch (const sdbus::Error& error) {
    return dbus::from_dbus(error).context("watching kagent-noded");
  }
}

}  // namespace kagent::kagentd
