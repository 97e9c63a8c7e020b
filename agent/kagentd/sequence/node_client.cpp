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
// The generated proxy's methods block; of it we take the name.
const std::string interface = io::kagent::Node1_proxy::INTERFACE_NAME;
constexpr char properties[] = "org.freedesktop.DBus.Properties";
constexpr char gone_match[] =
    "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
    "member='NameOwnerChanged',arg0='io.kagent.Node1'";
// A check may ask the API server; the other calls do a little work on files.
constexpr auto check_timeout = 120s;
constexpr auto call_timeout = 30s;

template <class... Values>
Result<std::tuple<Values...>> read_all(Result<sdbus::MethodReply> reply) {
  using Read = Result<std::tuple<Values...>>;  // said out loud: a Variant would swallow an Error
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

class DbusNodeClient final : public NodeClient {
 public:
  DbusNodeClient(dbus::Connection& connection, NodeEvents events)
      : connection_(connection),
        events_(std::move(events)),
        proxy_(sdbus::createProxy(connection.bus(), bus_name, object_path)) {
    proxy_->registerSignalHandler(interface, "StepFinished",
                                  [this](sdbus::Signal& signal) { on_finished(signal); });
    proxy_->registerSignalHandler(interface, "StepProgress",
                                  [this](sdbus::Signal& signal) { on_progress(signal); });
    proxy_->finishRegistration();
    gone_ = connection.bus().addMatch(gone_match, [this](sdbus::Message& m) { on_owner(m); });
    connection.rearm();
  }

  asio::awaitable<Result<NodeCheck>> check(std::string step) override {
    auto message = dbus::make_call(*proxy_, interface, "CheckStep", step);
    auto reply = co_await dbus::call(connection_, *proxy_, std::move(message), check_timeout);
    auto values = read_all<std::string, std::vector<std::string>>(std::move(reply));
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
    auto reply = co_await dbus::call(connection_, *proxy_, std::move(message), call_timeout);
    if (!reply) co_return reply.error().context("kagent-noded");
    co_return Result<>();
  }

  asio::awaitable<Result<Submitted>> submit(std::string envelope) override {
    const std::vector<std::uint8_t> bytes(envelope.begin(), envelope.end());
    auto message = dbus::make_call(*proxy_, interface, "SubmitEnvelope", bytes);
    auto reply = co_await dbus::call(connection_, *proxy_, std::move(message), call_timeout);
    auto values = read_all<std::string, std::uint64_t>(std::move(reply));
    if (!values) co_return values.error();
    Submitted submitted;
    std::tie(submitted.kind, submitted.serial) = std::move(*values);
    co_return submitted;
  }

  asio::awaitable<Result<HeldAssignment>> assignment() override {
    // Nobody but us submits envelopes: no newer one comes between the two calls.
    auto serial = co_await property<std::uint64_t>("AssignmentSerial");
    if (!serial) co_return serial.error();
    auto message = dbus::make_call(*proxy_, interface, "GetAssignment");
    auto reply = co_await dbus::call(connection_, *proxy_, std::move(message), call_timeout);
    auto values = read_all<std::string, bool, std::uint64_t>(std::move(reply));
    if (!values) co_return values.error();
    HeldAssignment held;
    held.serial = *serial;
    std::string role;
    std::tie(role, held.init, held.lease_fence) = std::move(*values);
    held.role = plan::parse_role(role).value_or(plan::Role::worker);
    auto ask = dbus::make_call(*proxy_, interface, "GetReset");
    auto answer = co_await dbus::call(connection_, *proxy_, std::move(ask), call_timeout);
    auto reset = read_all<std::uint64_t, bool>(std::move(answer));
    if (!reset) co_return reset.error();
    std::tie(held.reset_serial, held.reset_done) = std::move(*reset);
    co_return held;
  }

  asio::awaitable<Result<Watch>> watch() override {
    auto message = dbus::make_call(*proxy_, interface, "GetWatch");
    auto reply = co_await dbus::call(connection_, *proxy_, std::move(message), call_timeout);
    auto values = read_all<std::map<std::string, std::string>, std::uint32_t>(std::move(reply));
    if (!values) co_return values.error();
    Watch watch;
    for (const auto& [step, drift] : std::get<0>(*values))
      if (const auto known = plan::parse_drift(drift)) watch.steps[step] = *known;
    if (const std::uint32_t every = std::get<1>(*values); every != 0)
      watch.every = std::chrono::seconds(every);
    co_return watch;
  }

  asio::awaitable<Result<std::vector<std::string>>> runtime_units() override {
    return property<std::vector<std::string>>("RuntimeUnits");
  }

  asio::awaitable<Result<std::vector<std::string>>> plan_reset() override {
    using Line = sdbus::Struct<std::string, std::string, std::vector<std::string>>;
    auto message = dbus::make_call(*proxy_, interface, "PlanReset");
    auto reply = co_await dbus::call(connection_, *proxy_, std::move(message), check_timeout);
    auto values = read_all<std::vector<Line>>(std::move(reply));
    if (!values) co_return values.error();
    std::vector<std::string> changes;
    for (const Line& line : std::get<0>(*values))
      for (const std::string& change : line.get<2>()) changes.push_back(change);
    co_return changes;
  }

  asio::awaitable<Result<LocalCluster>> cluster() override {
    auto message = dbus::make_call(*proxy_, interface, "GetCluster");
    auto reply = co_await dbus::call(connection_, *proxy_, std::move(message), call_timeout);
    auto values = read_all<std::string, std::string, std::uint64_t>(std::move(reply));
    if (!values) co_return values.error();
    LocalCluster cluster;
    std::tie(cluster.api_server, cluster.ca_pem, cluster.lease_fence) = std::move(*values);
    co_return cluster;
  }

  asio::awaitable<Result<IssuedKubeconfig>> issue_kubeconfig() override {
    auto message = dbus::make_call(*proxy_, interface, "IssueKubeconfig");
    auto reply = co_await dbus::call(connection_, *proxy_, std::move(message), call_timeout);
    auto values = read_all<std::string, std::string, std::string>(std::move(reply));
    if (!values) co_return values.error();
    IssuedKubeconfig issued;
    std::tie(issued.api_server, issued.ca_pem, issued.certificate_pem) = std::move(*values);
    co_return issued;
  }

  asio::awaitable<Result<std::string>> upload_certificates() override {
    auto message = dbus::make_call(*proxy_, interface, "UploadCertificates");
    auto reply = co_await dbus::call(connection_, *proxy_, std::move(message), check_timeout);
    auto values = read_all<std::string>(std::move(reply));
    if (!values) co_return values.error();
    co_return std::move(std::get<0>(*values));
  }

  asio::awaitable<Result<>> remove_etcd_member() override {
    auto message = dbus::make_call(*proxy_, interface, "RemoveEtcdMember");
    auto reply = co_await dbus::call(connection_, *proxy_, std::move(message), check_timeout);
    if (!reply) co_return reply.error().context("kagent-noded");
    co_return Result<>();
  }

  asio::awaitable<Result<std::string>> product_uuid() override {
    return property<std::string>("ProductUuid");
  }

  asio::awaitable<Result<std::optional<std::chrono::system_clock::time_point>>>
  kubelet_certificate_expiry() override {
    using Expiry = std::optional<std::chrono::system_clock::time_point>;
    auto seconds = co_await property<std::uint64_t>("KubeletCertificateExpiry");
    if (!seconds) co_return seconds.error();
    if (*seconds == 0) co_return Expiry();
    co_return Expiry(std::chrono::system_clock::from_time_t(static_cast<std::time_t>(*seconds)));
  }

  asio::awaitable<Result<std::vector<HeldCertificate>>> certificates() override {
    using Line = sdbus::Struct<std::string, std::string, std::string, std::int64_t, std::int64_t>;
    auto message = dbus::make_call(*proxy_, interface, "ListCertificates");
    auto reply = co_await dbus::call(connection_, *proxy_, std::move(message), call_timeout);
    auto values = read_all<std::vector<Line>>(std::move(reply));
    if (!values) co_return values.error();
    std::vector<HeldCertificate> held;
    for (const Line& line : std::get<0>(*values))
      held.push_back({line.get<0>(), line.get<1>(), line.get<2>(),
                      std::chrono::system_clock::from_time_t(line.get<3>()),
                      std::chrono::system_clock::from_time_t(line.get<4>())});
    co_return held;
  }

  asio::awaitable<Result<std::vector<std::string>>> read_log(std::string step,
                                                             unsigned lines) override {
    const std::uint32_t count = lines;
    auto message = dbus::make_call(*proxy_, interface, "ReadLog", step, count);
    auto reply = co_await dbus::call(connection_, *proxy_, std::move(message), call_timeout);
    auto values = read_all<std::vector<std::string>>(std::move(reply));
    if (!values) co_return values.error();
    co_return std::move(std::get<0>(*values));
  }

 private:
  template <class T>
  asio::awaitable<Result<T>> property(std::string name) {
    auto get = dbus::make_call(*proxy_, properties, "Get", interface, name);
    auto reply = co_await dbus::call(connection_, *proxy_, std::move(get), call_timeout);
    auto values = read_all<sdbus::Variant>(std::move(reply));
    if (!values) co_return values.error();
    const sdbus::Variant& value = std::get<0>(*values);
    if (!value.containsValueOfType<T>())
      co_return Error(Errc::protocol, "kagent-noded: " + name + " is of another type");
    co_return value.get<T>();
  }

  // Handlers of sdbus-c++ must not throw.
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
      if (!cause.empty()) {
        failure.id = CauseId::received(std::move(cause));
        finish.failure = std::move(failure);
      }
      events_.finished(std::move(step), std::move(finish));
    } catch (const sdbus::Error& error) {
      log::warning("kagent-noded: a StepFinished that cannot be read: {}", error.getMessage());
    }
  }

  void on_progress(sdbus::Signal& signal) {
    try {
      std::string step, detail;
      signal >> step >> detail;
      events_.progress(std::move(step), std::move(detail));
    } catch (const sdbus::Error& error) {
      log::warning("kagent-noded: a StepProgress that cannot be read: {}", error.getMessage());
    }
  }

  void on_owner(sdbus::Message& message) {
    try {
      std::string name, before, after;
      message >> name >> before >> after;
      if (after.empty()) events_.gone();
    } catch (const sdbus::Error& error) {
      log::warning("the bus: a NameOwnerChanged that cannot be read: {}", error.getMessage());
    }
  }

  dbus::Connection& connection_;
  NodeEvents events_;
  std::unique_ptr<sdbus::IProxy> proxy_;
  sdbus::Slot gone_;
};

}  // namespace

Result<std::unique_ptr<NodeClient>> make_node_client(dbus::Connection& connection,
                                                     NodeEvents events) {
  try {
    return std::unique_ptr<NodeClient>(
        std::make_unique<DbusNodeClient>(connection, std::move(events)));
  } catch (const sdbus::Error& error) {
    return dbus::from_dbus(error).context("watching kagent-noded");
  }
}

}  // namespace kagent::kagentd
