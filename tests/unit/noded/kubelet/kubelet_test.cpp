#include "agent/common/trust/pki.hpp"
#include "agent/noded/kubelet/kubelet_identity.hpp"
#include "agent/noded/kubelet/kubelet_trouble.hpp"
#include "tests/support/result.hpp"
#include "tests/unit/noded/fake_units.hpp"

using namespace kagent;
using namespace kagent::noded;
using namespace std::chrono_literals;

namespace {

// A node that has joined, with a certificate like kubelet's.
struct Joined : Machine {
  pki::Key ca_key = pki::generate_key().value();
  pki::Certificate ca = pki::make_ca(ca_key, "test").value();

  explicit Joined(const std::string& name) {
    const auto key = pki::generate_key().value();
    pki::IssueRequest request;
    request.subject = {"system:nodes", "system:node:" + name};
    request.lifetime = 24h;
    const auto certificate = pki::issue(request, key, ca, ca_key).value();
    write("/var/lib/kubelet/pki/kubelet-client-current.pem",
          pki::to_pem(certificate).value() + pki::key_to_pem(key).value());
    write("/etc/kubernetes/kubelet.conf",
          "kind: Config\nusers:\n- name: default-auth\n  user:\n"
          "    client-certificate: /var/lib/kubelet/pki/kubelet-client-current.pem\n");
    write("/etc/kubernetes/pki/ca.crt", pki::to_pem(ca).value());
  }
  [[nodiscard]] std::string problem(const std::string& name,
                                    std::chrono::seconds later = 0s) const {
    const auto identity = kubelet_identity(*context);
    REQUIRE(identity);
    const auto found =
        identity_problem("join", *identity, name, std::chrono::system_clock::now() + later);
    return found ? found->id.text() : "";
  }
};

UnitState crashing() {
  return {"loaded", "activating", "auto-restart", "enabled", "", {}};
}

UnitState running() {
  return {"loaded", "active", "running", "enabled", "", {}};
}

}  // namespace

TEST_CASE("kubelet's certificate must fit this cluster and this node and be valid now") {
  const Joined node("ip-10-0-0-7");
  CHECK(node.problem("ip-10-0-0-7").empty());
  CHECK(node.problem("ip-10-0-0-8") == "join.other-name");
  CHECK(node.problem("ip-10-0-0-7", 25h) == "join.certificate-expired");
  const auto other_key = pki::generate_key().value();
  node.write("/etc/kubernetes/pki/ca.crt",
             pki::to_pem(pki::make_ca(other_key, "other").value()).value());
  CHECK(node.problem("ip-10-0-0-7") == "join.other-cluster");
}

TEST_CASE("kubelet's restarts before init or join are no trouble") {
  Machine machine;
  auto step = make_kubelet();
  machine.units->units["kubelet.service"] = crashing();
  machine.units->units["kubelet.service"].drop_ins = {"/x/10-kubeadm.conf",
                                                      "/x/20-container-runtime.conf"};
  CHECK(machine.check(*step).empty());
  machine.write("/var/lib/kubelet/config.yaml", "cgroupDriver: systemd\n");
  REQUIRE(machine.check(*step).size() == 1);
  CHECK(machine.apply(*step).cause() == "kubelet.no-runtime");
  machine.units->units["containerd.service"] = running();
  CHECK(machine.apply(*step).cause() == "kubelet.crashing");
}

TEST_CASE("a kubelet that restarts without dockerd blames dockerd, not containerd") {
  Machine machine;
  machine.context->cluster.set_runtime("docker");
  machine.units->units["kubelet.service"] = crashing();
  machine.units->units["kubelet.service"].drop_ins = {"/x/10-kubeadm.conf"};
  machine.units->units["containerd.service"] = running();
  machine.write("/var/lib/kubelet/config.yaml", "cgroupDriver: systemd\n");
  const auto stopped = machine.apply(*make_kubelet());
  CHECK(stopped.cause() == "kubelet.no-runtime");
  CHECK(stopped.failure->remedy.find("docker.service") != std::string::npos);
  machine.units->units["docker.service"] = running();
  CHECK(machine.apply(*make_kubelet()).cause() == "kubelet.crashing");
}

TEST_CASE(
    "kubelet starts after its container runtime, and a running kubelet is not restarted for it") {
  Machine machine;
  auto step = make_kubelet();
  machine.units->units["kubelet.service"] = {"loaded", "active", "running", "enabled", "", {}};
  machine.units->units["kubelet.service"].drop_ins = {"/x/10-kubeadm.conf"};
  CHECK(machine.check(*step) ==
        std::vector<std::string>{
            "write /etc/systemd/system/kubelet.service.d/20-container-runtime.conf"});
  CHECK(machine.apply(*step).ok());
  CHECK(machine.read("/etc/systemd/system/kubelet.service.d/20-container-runtime.conf")
            .find("After=containerd.service") != std::string::npos);
  CHECK(std::ranges::find(machine.units->calls, "restart kubelet.service") ==
        machine.units->calls.end());
}

TEST_CASE("a wrong cgroup driver or swap is found in the files before kubelet fails") {
  Machine machine;
  CHECK_FALSE(kubelet_misfit(*machine.context));
  machine.write("/var/lib/kubelet/config.yaml", "cgroupDriver: cgroupfs\n");
  REQUIRE(kubelet_misfit(*machine.context));
  CHECK(kubelet_misfit(*machine.context)->id == "kubelet.cgroup-driver-mismatch");
  machine.write("/proc/swaps", "Filename Type Size Used Priority\n/swapfile file 1 0 -2\n");
  machine.write("/var/lib/kubelet/config.yaml", "cgroupDriver: systemd\n");
  CHECK(kubelet_misfit(*machine.context)->id == "kubelet.swap");
  machine.write("/var/lib/kubelet/config.yaml", "cgroupDriver: systemd\nfailSwapOn: false\n");
  CHECK_FALSE(kubelet_misfit(*machine.context));
}

TEST_CASE("the last error of kubelet's log, without its header") {
  CHECK(last_klog_error(
            {"I1123 17:49:17.1 1 server.go:1] \"Starting\"",
             "E1123 17:49:17.123456    1234 server.go:302] \"Failed to run kubelet\" err=\"no\"",
             "kubelet.service: Main process exited, code=exited, status=1/FAILURE"}) ==
        "\"Failed to run kubelet\" err=\"no\"");
  CHECK(last_klog_error({"Everything is well"}).empty());
}

TEST_CASE("init never runs over a live cluster") {
  Joined node("not-this-one");
  auto step = make_init();
  node.context->assignment.emplace().set_init(true);
  node.write("/var/lib/kagent-noded/init-started", "1\n");
  node.write("/var/lib/kagent-noded/init-done", "1\n");
  node.write("/var/lib/etcd/member/snap/db", "data");
  SECTION("one that is another node's is for a person") {
    node.write("/etc/kubernetes/admin.conf", "");
    CHECK(node.check(*step).size() == 1);
    CHECK(node.apply(*step).cause() == "init.other-name");
  }
  SECTION("one whose admin.conf is gone too") {
    CHECK(node.check(*step).size() == 1);
    CHECK(node.apply(*step).cause() == "init.damaged");
  }
  CHECK(node.units->commands.empty());
  CHECK(node.read("/var/lib/etcd/member/snap/db") == "data");
}

TEST_CASE("an interrupted init is reset and tried again, and its evidence is kept") {
  Machine machine;
  auto step = make_init();
  machine.context->assignment.emplace().set_init(true);
  machine.context->cluster.mutable_kubeadm()->mutable_patches()->insert(
      {"etcd0.yaml", "spec: {}\n"});
  machine.write("/var/lib/kagent-noded/init-started", "1\n");
  machine.write("/etc/kubernetes/manifests/etcd.yaml", "half done");
  std::string config;  // as kubeadm reads it
  machine.units->on_run = [&](const Command& command) {
    if (command.unit == "kagent-init.service") config = machine.read("/run/kagent/init.yaml");
    return printed(command, command.capture ? "v1.31.2\n" : "");
  };
  CHECK(machine.check(*step).size() == 2);
  CHECK(machine.apply(*step).ok());
  REQUIRE(machine.units->commands.size() == 3);
  const auto& reset = machine.units->commands[0];
  CHECK(reset.unit == "kagent-init-reset.service");
  CHECK(reset.lines[3] ==
        Command::Argv{"cp", "-a", "/etc/kubernetes", "/var/lib/kagent-noded/evidence/init"});
  CHECK(reset.lines.back()[1] == "reset");
  CHECK(machine.units->commands[2].unit == "kagent-init.service");
  CHECK(machine.read("/run/kagent/patches/etcd0.yaml") == "spec: {}\n");
  CHECK(config.find("kubeadm.k8s.io/v1beta4") != std::string::npos);
  CHECK_FALSE(machine.context->exists("/run/kagent/init.yaml"));  // the file contained a token
}

TEST_CASE("init uses an operator's CA, which survives the reset of an interrupted init") {
  Machine machine;
  auto step = make_init();
  machine.context->before =
      std::make_shared<Before>(machine.context->root, machine.context->root / before_file);
  Before::Survey survey;
  survey.folders["/etc/kubernetes"] = {"pki"};
  REQUIRE(machine.context->before->keep(survey));
  machine.context->assignment.emplace().set_init(true);
  machine.write("/etc/kubernetes/pki/ca.crt", "theirs");
  machine.write("/etc/kubernetes/pki/ca.key", "theirs");
  machine.units->on_run = [](const Command& command) {
    return printed(command, command.capture ? "v1.31.2\n" : "");
  };
  CHECK(machine.check(*step) == std::vector<std::string>{"kubeadm init"});
  CHECK(machine.apply(*step).ok());
  REQUIRE(machine.units->commands.size() == 2);
  CHECK(machine.units->commands.back().unit == "kagent-init.service");

  machine.units->commands.clear();
  machine.write("/etc/kubernetes/manifests/etcd.yaml", "half done");
  CHECK(machine.apply(*step).ok());
  REQUIRE(machine.units->commands.size() == 3);
  const std::string kept = "/var/lib/kagent-noded/evidence/init/kubernetes/pki/";
  CHECK(machine.units->commands.front().lines.back() ==
        Command::Argv{"cp", "-a", kept + "ca.crt", kept + "ca.key", "/etc/kubernetes/pki"});
}

TEST_CASE("a foreign cluster is never reset") {
  Machine machine;
  auto step = make_init();
  machine.context->assignment.emplace().set_init(true);
  machine.write("/etc/kubernetes/admin.conf", "theirs");
  CHECK(machine.apply(*step).cause() == "init.foreign-cluster");
  CHECK(machine.units->commands.empty());
}
