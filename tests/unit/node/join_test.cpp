#include "agent/base/paths.hpp"
#include "agent/node/steps/kubernetes.hpp"
#include "tests/unit/node/fake_units.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace kagent;
using namespace kagent::node;

namespace {

constexpr char etcd[] = "/etc/kubernetes/manifests/etcd.yaml";

// A further control plane whose first kubeadm join was cut off.
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

TEST_CASE("A control plane that has announced its etcd is never reset, but finished") {
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

TEST_CASE("A join that was cut off begins anew before etcd, as a worker, and in another cluster") {
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

TEST_CASE("What a cut-off join has behind it is told by what is on the disk") {
  const CutOff node;
  CHECK(phases_behind(*node.context, "ca\n").empty());
  node.write(kubelet_conf, "");
  CHECK(phases_behind(*node.context, "ca\n").size() == 4);
  CHECK(phases_behind(*node.context, "").empty());
}

TEST_CASE("The phase of kubeadm that failed is read from its error") {
  CHECK(kubeadm::failed_phase({"[check-etcd] Checking that the etcd cluster is healthy",
                               "error execution phase check-etcd: etcd cluster is not healthy: "
                               "failed to dial endpoint https://10.77.0.11:2379 with maintenance "
                               "client: context deadline exceeded"}) == "check-etcd");
  CHECK(kubeadm::failed_phase({"error execution phase control-plane-join/etcd: error creating "
                               "local etcd static pod manifest file: timeout waiting for etcd "
                               "cluster to be available"}) == "control-plane-join/etcd");
  CHECK(kubeadm::failed_phase({"[preflight] Running pre-flight checks"}).empty());
}
