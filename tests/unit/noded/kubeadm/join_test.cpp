#include "agent/common/base/paths.hpp"
#include "agent/common/config/documents.hpp"
#include "agent/noded/kubeadm/kubeadm_run.hpp"
#include "agent/noded/step/kubernetes_paths.hpp"
#include "agent/noded/step/outcome.hpp"
#include "tests/unit/noded/fake_units.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>

using namespace kagent;
using namespace kagent::noded;

namespace {

constexpr char etcd[] = "/etc/kubernetes/manifests/etcd.yaml";

// A further control plane whose first kubeadm join was interrupted.
struct CutOff : Machine {
  std::unique_ptr<Step> step = make_join();

  CutOff() {
    context->assignment.emplace().set_role("control-plane");
    auto& grant = context->grant.emplace();
    grant.set_api_server("https://10.0.0.1:6443");
    grant.set_ca_certificates("ca\n");
    grant.set_bootstrap_token("abcdef.0123456789abcdef");
    write(marks_of("join").started, "join\n");
    write("/etc/kubernetes/pki/ca.crt", "ca\n");
    write("/etc/kubernetes/manifests/kube-apiserver.yaml", "");
    units->on_run = [](const Command& command) {
      const bool version = command.lines.front()[1] == "version";
      return printed(command, version ? "v1.31.0\n" : "");
    };
  }
  [[nodiscard]] bool ran(const std::string& unit) const {
    return std::ranges::any_of(units->commands, [&](const Command& c) { return c.unit == unit; });
  }
  [[nodiscard]] Command::Argv joined() const {
    for (const Command& command : units->commands)
      if (command.unit == "kagent-join.service") return command.lines.front();
    return {};
  }
};

}  // namespace

TEST_CASE("An interrupted join that has announced its etcd member continues without a reset") {
  CutOff node;
  node.write(etcd, "");
  node.write(kubelet_conf, "");
  CHECK(node.check(*node.step) ==
        std::vector<std::string>{"kubeadm join https://10.0.0.1:6443, from where it was cut off"});
  CHECK(node.apply(*node.step).ok());
  CHECK_FALSE(node.ran("kagent-join-reset.service"));
  REQUIRE_FALSE(node.joined().empty());
  CHECK(node.joined().back() ==
        "--skip-phases=preflight,control-plane-prepare,check-etcd,kubelet-start");
}

TEST_CASE("An interrupted join starts again before etcd, on a worker and in another cluster") {
  CutOff node;
  SECTION("etcd was not reached") {}
  SECTION("a worker") {
    node.context->assignment->set_role("worker");
    node.write(etcd, "");
  }
  SECTION("what is left is another cluster's") {
    node.write(etcd, "");
    node.write("/etc/kubernetes/pki/ca.crt", "other\n");
  }
  CHECK(node.check(*node.step).size() == 2);
  CHECK(node.apply(*node.step).ok());
  CHECK(node.ran("kagent-join-reset.service"));
  REQUIRE_FALSE(node.joined().empty());
  CHECK(node.joined().back() == "/run/kagent/join.yaml");
}

TEST_CASE("T10 A join that ran spends its grant, a join that could not run does not") {
  CutOff node;
  CHECK(grant_is_spent(node.apply(*node.step)));
  const auto fails = [&](const std::string& unit) {
    node.units->on_run = [unit](const Command& command) {
      UnitRun run = failing(command, 1);
      if (command.unit == "kagent-join-probe.service") run.result = "timeout";
      if (command.unit == unit) return run;
      return printed(command, command.lines.front()[1] == "version" ? "v1.31.0\n" : "");
    };
    return node.apply(*node.step);
  };
  std::filesystem::remove(node.context->at(marks_of("join").done));
  const Outcome run = fails("kagent-join.service");
  CHECK(run.cause() == "join.failed");
  CHECK(grant_is_spent(run));
  const Outcome probe = fails("kagent-join-probe.service");
  CHECK(probe.cause() == "join.api-unreachable");
  CHECK_FALSE(grant_is_spent(probe));
}

TEST_CASE("T12 The evidence of a failed join contains no token") {
  CutOff node;
  node.write("/etc/kubernetes/bootstrap-kubelet.conf", "token: abcdef.0123456789abcdef\n");
  CHECK(node.apply(*node.step).ok());
  const auto reset = std::ranges::find(node.units->commands, "kagent-join-reset.service",
                                       [](const Command& command) { return command.unit; });
  REQUIRE(reset != node.units->commands.end());
  const Command::Argv hide{"rm", "-f", "/etc/kubernetes/bootstrap-kubelet.conf"};
  const auto hidden = std::ranges::find(reset->lines, hide);
  const auto kept = std::ranges::find_if(
      reset->lines, [](const Command::Argv& line) { return line.front() == "cp"; });
  REQUIRE(kept != reset->lines.end());
  CHECK(hidden < kept);
}

TEST_CASE("The files on disk show which phases an interrupted join has behind it") {
  const CutOff node;
  CHECK(phases_behind(*node.context, "ca\n").empty());
  node.write(kubelet_conf, "");
  CHECK(phases_behind(*node.context, "ca\n").size() == 4);
  CHECK(phases_behind(*node.context, "").empty());
}

// Outputs of kubectl 1.32 and 1.35.
TEST_CASE("kubectl's output tells why the API server cannot be reached") {
  const auto cause = [](const std::string& line) {
    const auto failure = api_trouble("join", {line});
    return failure ? failure->id.text() : "";
  };
  const std::string tls = "Unable to connect to the server: tls: failed to verify certificate: ";
  CHECK(cause(tls + "x509: certificate signed by unknown authority") == "join.wrong-ca");
  CHECK(cause(tls + "x509: certificate has expired or is not yet valid: current time "
                    "2026-11-25T01:13:26Z is before 2030-10-10T00:00:00Z") == "join.clock-skew");
  CHECK(cause(tls + "x509: certificate is not valid for any names, but wanted to match api") ==
        "join.wrong-ca");
  CHECK(cause("The connection to the server 127.0.0.1:9 was refused - did you specify the right "
              "host or port?") == "join.api-unreachable");
  CHECK(cause("Unable to connect to the server: dial tcp: lookup api.invalid: no such host") ==
        "join.api-unreachable");
  CHECK(cause("error: You must be logged in to the server (Unauthorized)").empty());
}

TEST_CASE(
    "The probe of the API server names a user, so kubectl does not ask the terminal for one") {
  CutOff node;
  std::string config;
  node.units->on_run = [&](const Command& command) {
    if (command.unit == "kagent-join-probe.service") config = node.read(command.lines[0][2]);
    const bool version = command.lines.front()[1] == "version";
    return printed(command, version ? "v1.31.0\n" : "");
  };
  CHECK(node.apply(*node.step).ok());
  const auto documents = config::parse_documents(config);
  REQUIRE(documents);
  const auto& probe = documents->at(0);
  const auto user = probe.at("contexts").at(0).at("context").at("user");
  CHECK(probe.at("users").at(0).at("name") == user);
  CHECK_FALSE(probe.at("users").at(0).at("user").at("token").get<std::string>().empty());
  CHECK(config.find("abcdef") == std::string::npos);  // without the bootstrap token
}

TEST_CASE("The number 401 in a time of day is no refused token") {
  CHECK_FALSE(kubeadm::is_unauthorized({"I1125 14:01:40.401401    4011 join.go:401] [preflight]"}));
  CHECK(
      kubeadm::is_unauthorized({"error execution phase preflight: unable to fetch the "
                                "kubeadm-config ConfigMap: failed to get "
                                "config map: Unauthorized"}));
}

TEST_CASE("Ignoring all preflight errors is an argument of kubeadm, not part of its file") {
  CutOff node;
  node.context->cluster.add_ignore_preflight_errors("all");
  CHECK(node.apply(*node.step).ok());
  REQUIRE_FALSE(node.joined().empty());
  CHECK(node.joined().back() == "--ignore-preflight-errors=all");
}

TEST_CASE("The last words of a failed command leave out the line that kubeadm always adds") {
  CHECK(last_words({"W1125 strict.go:55] a warning", "an earlier line", "unknown field \"colour\"",
                    "", "To see the stack trace of this error execute with --v=5 or higher"}) ==
        "an earlier line; unknown field \"colour\"");
  CHECK(last_words({}).empty());
  const Error error(Errc::io, "kubeadm (kagent-kubeadm-images.service): exit status 3");
  const Outcome outcome = failed("images", error.in_unit("kagent-kubeadm-images.service"));
  CHECK(outcome.failure->remedy == "See `journalctl -u kagent-kubeadm-images` on the node.");
  CHECK(failed("images", Error(Errc::io, "reading /x: no")).failure->remedy ==
        "See `journalctl -u kagent-noded` on the node.");
}

TEST_CASE("The failed phase is read from kubeadm's error") {
  CHECK(kubeadm::failed_phase({"[check-etcd] Checking that the etcd cluster is healthy",
                               "error execution phase check-etcd: etcd cluster is not healthy: "
                               "failed to dial endpoint https://10.77.0.11:2379 with maintenance "
                               "client: context deadline exceeded"}) == "check-etcd");
  CHECK(kubeadm::failed_phase({"error execution phase control-plane-join/etcd: error creating "
                               "local etcd static pod manifest file: timeout waiting for etcd "
                               "cluster to be available"}) == "control-plane-join/etcd");
  CHECK(kubeadm::failed_phase({"[preflight] Running pre-flight checks"}).empty());
}
