#include "agent/noded/step/cri.hpp"
#include "tests/unit/noded/fake_units.hpp"

#include <catch2/catch_test_macros.hpp>

#include <sys/stat.h>

#include <algorithm>

using namespace kagent::noded;
using Strings = std::vector<std::string>;

namespace {

constexpr char theirs[] = "version = 2\nroot = \"/data\"\n";

struct Node : Machine {
  explicit Node(const std::string& runtime) {
    context->cluster.set_runtime(runtime);
    for (const std::string name : {"containerd", "docker", "cri-docker"})
      units->units[name + ".service"] = {"loaded", "inactive", "", "disabled", "", {}};
    units->on_run = [this](const Command& command) { return answer(command); };
  }

  void add_program(const std::string& name) const {
    write("/usr/bin/" + name, "");
    REQUIRE(::chmod(context->at("/usr/bin/" + name).c_str(), 0755) == 0);
  }

  [[nodiscard]] UnitRun answer(const Command& command) const {
    const auto& argv = command.lines.front();
    if (argv.back() == "dump" || argv[0] == "dockerd")
      return valid ? printed(command, "") : failing(command, 1);
    if (argv[0] == "containerd") return printed(command, "containerd x/y 1.6.20~ds1\n");
    if (argv[0] == "docker" && argv[1] == "--version")
      return printed(command, "Docker version " + docker_version + ", build 297e128\n");
    if (argv[0] == "docker") return printed(command, cgroup_driver + "\n");
    if (argv[0] == "crictl") return cri ? printed(command, info) : failing(command, 1);
    if (argv[1] == "version") return printed(command, "v1.32.4\n");
    return printed(command, "registry.k8s.io/kube-proxy:v1.32.4\nregistry.k8s.io/pause:3.10\n");
  }

  [[nodiscard]] long restarts(const std::string& unit) const {
    return std::ranges::count(units->calls, "restart " + unit);
  }

  [[nodiscard]] std::vector<Command::Argv> validations() const {
    std::vector<Command::Argv> found;
    for (const Command& command : units->commands)
      if (command.unit == "kagent-runtime-validate.service") found.push_back(command.lines.front());
    return found;
  }

  bool cri = true;
  bool valid = true;
  std::string info = "{}";
  std::string docker_version = "20.10.24+dfsg1";
  std::string cgroup_driver = "systemd";
};

}  // namespace

TEST_CASE("runtime: a merged configuration restarts containerd once") {
  Node node("containerd");
  auto step = make_runtime();
  node.write("/etc/containerd/config.toml", theirs);
  auto& mirrors = *node.context->cluster.mutable_registry_mirrors();
  mirrors["docker.io"].add_endpoints("https://mirror.example");
  CHECK(node.check(*step) == Strings{"write /etc/containerd/certs.d/docker.io/hosts.toml",
                                     "write /etc/containerd/config.toml", "enable containerd",
                                     "start containerd"});
  CHECK(node.apply(*step).ok());
  CHECK(node.read("/etc/containerd/config.toml.kagent-orig") == theirs);
  CHECK(node.read("/etc/containerd/config.toml").find("/data") != std::string::npos);
  CHECK(node.read("/etc/containerd/config.toml").find("pause:3.10") != std::string::npos);
  CHECK(node.check(*step).empty());
  CHECK(node.apply(*step).ok());
  CHECK(node.restarts("containerd.service") == 1);

  node.cri = false;
  CHECK(node.check(*step).size() == 1);
  CHECK(node.apply(*step).cause() == "runtime.not-answering");
  CHECK(node.restarts("containerd.service") == 2);
}

TEST_CASE("runtime: a person's changes to kagent's file are kept as evidence") {
  Node node("containerd");
  auto step = make_runtime();
  node.context->before =
      std::make_shared<Before>(node.context->root, node.context->root / before_file);
  CHECK(node.apply(*step).ok());
  const std::string kept = "/var/lib/kagent-noded/evidence/runtime/config.toml";
  const std::string ours = node.read("/etc/containerd/config.toml");
  auto& mirrors = *node.context->cluster.mutable_registry_mirrors();
  mirrors["docker.io"].add_endpoints("https://mirror.example");
  CHECK(node.apply(*step).ok());
  CHECK_FALSE(node.context->exists(kept));

  node.write("/etc/containerd/config.toml", ours + "# mine\n");
  CHECK(node.apply(*step).ok());
  CHECK(node.read(kept) == ours + "# mine\n");
  CHECK(node.read("/etc/containerd/config.toml").find("# mine") == std::string::npos);
}

TEST_CASE("runtime: a configuration that cannot be merged stays as it is") {
  Node node("containerd");
  auto step = make_runtime();
  node.write("/etc/containerd/config.toml", "version = 1\n");
  CHECK(node.apply(*step).cause() == "runtime.config");
  CHECK(node.read("/etc/containerd/config.toml") == "version = 1\n");
  CHECK(node.restarts("containerd.service") == 0);
}

TEST_CASE("runtime: containerd is masked, missing or does not start") {
  Node node("containerd");
  auto step = make_runtime();
  node.units->failing_jobs = {"containerd.service"};
  CHECK(node.apply(*step).cause() == "runtime.not-starting");
  node.units->units["containerd.service"].load = "masked";
  CHECK(node.check(*step).empty());
  CHECK(node.apply(*step).cause() == "runtime.masked");
  node.units->units.clear();
  CHECK(node.apply(*step).cause() == "runtime.program-missing");
}

TEST_CASE("runtime: docker with dockershim") {
  Node node("docker");
  auto step = make_runtime();
  CHECK(cri_endpoint(*node.context) == "/var/run/dockershim.sock");
  node.write("/etc/docker/daemon.json", "{\"debug\": true}");
  CHECK(node.apply(*step).ok());
  CHECK(node.read("/etc/docker/daemon.json.kagent-orig") == "{\"debug\": true}");
  CHECK(node.check(*step).empty());
  CHECK(node.restarts("docker.service") == 1);
  CHECK(node.restarts("cri-docker.service") == 0);
  node.cgroup_driver = "cgroupfs";
  CHECK(node.check(*step) == Strings{"restart docker: it does not run cgroups by systemd"});
  CHECK(node.apply(*step).cause() == "runtime.cgroup-driver");
}

TEST_CASE("runtime: a configuration that the daemon refuses does not replace the old one") {
  SECTION("containerd") {
    Node node("containerd");
    auto step = make_runtime();
    node.write("/etc/containerd/config.toml", theirs);
    (*node.context->cluster.mutable_containerd()->mutable_drop_ins())["a.toml"] =
        "[plugins.\"io.containerd.grpc.v1.cri\"]\nsandbox_image = 5\n";
    node.valid = false;
    const Outcome outcome = node.apply(*step);
    CHECK(outcome.cause() == "runtime.config");
    CHECK(outcome.failure->message ==
          "containerd refuses the new /etc/containerd/config.toml, so the old one stays: exit "
          "status 1");
    CHECK(node.validations() ==
          std::vector<Command::Argv>{{"containerd", "--config",
                                      "/etc/containerd/config.toml.kagent-new", "config", "dump"}});
    CHECK(node.read("/etc/containerd/config.toml") == theirs);
    CHECK_FALSE(node.context->exists("/etc/containerd/config.toml.kagent-new"));
    CHECK(node.restarts("containerd.service") == 0);
    node.valid = true;
    CHECK(node.apply(*step).ok());
    CHECK(node.restarts("containerd.service") == 1);
  }
  SECTION("docker, from the version on that can") {
    Node node("docker");
    auto step = make_runtime();
    node.docker_version = "27.5.1";
    node.valid = false;
    CHECK(node.apply(*step).cause() == "runtime.config");
    CHECK(node.validations() ==
          std::vector<Command::Argv>{
              {"dockerd", "--validate", "--config-file", "/etc/docker/daemon.json.kagent-new"}});
    CHECK_FALSE(node.context->exists("/etc/docker/daemon.json"));
    node.docker_version = "20.10.24+dfsg1";
    CHECK(node.apply(*step).ok());
  }
}

TEST_CASE("runtime: a reset removes the folder that validation made") {
  Node node("containerd");
  auto step = make_runtime();
  node.context->before =
      std::make_shared<Before>(node.context->root, node.context->at("/before.json"));
  CHECK(node.apply(*step).ok());
  CHECK(node.validations().size() == 1);
  for (const FileBack& file : node.context->before->files().value())
    CHECK(node.context->before->put_back(file));
  CHECK_FALSE(node.context->exists("/etc/containerd"));
}

TEST_CASE("runtime: containerd is not well if its imports undo the systemd cgroup driver") {
  Node node("containerd");
  auto step = make_runtime();
  node.info = R"({"config": {"containerd": {"defaultRuntimeName": "runc", "runtimes":
                 {"runc": {"runtimeType": "io.containerd.runc.v2", "options": null}}}}})";
  CHECK(node.apply(*step).cause() == "runtime.cgroup-driver");
  CHECK(node.check(*step) == Strings{"restart containerd: it does not run cgroups by systemd"});
  node.info = "{}";
  CHECK(node.apply(*step).ok());
}

TEST_CASE("runtime: a key removed from docker.daemon is removed from daemon.json") {
  Node node("docker");
  auto step = make_runtime();
  SECTION("which was there before") {
    node.write("/etc/docker/daemon.json", "{\"debug\": true}");
    node.context->cluster.mutable_docker()->set_daemon(R"({"bip": "10.1.0.1/24"})");
    CHECK(node.apply(*step).ok());
    CHECK(node.read("/etc/docker/daemon.json").find("bip") != std::string::npos);
    node.context->cluster.mutable_docker()->clear_daemon();
    CHECK(node.apply(*step).ok());
    CHECK(node.read("/etc/docker/daemon.json").find("debug") != std::string::npos);
  }
  SECTION("which kagent has made") {
    node.context->cluster.mutable_docker()->set_daemon(R"({"bip": "10.1.0.1/24"})");
    CHECK(node.apply(*step).ok());
    node.context->cluster.mutable_docker()->clear_daemon();
    CHECK(node.apply(*step).ok());
  }
  CHECK(node.read("/etc/docker/daemon.json").find("bip") == std::string::npos);
  CHECK(node.check(*step).empty());
}

TEST_CASE("runtime: docker with cri-dockerd and kubeadm's sandbox image") {
  Node node("docker");
  auto step = make_runtime();
  node.add_program("cri-dockerd");
  CHECK(cri_endpoint(*node.context) == "unix:///run/cri-dockerd.sock");
  CHECK(node.apply(*step).ok());
  CHECK(node.read("/etc/systemd/system/cri-docker.service.d/10-kagent.conf")
            .find("--pod-infra-container-image=registry.k8s.io/pause:3.10") != std::string::npos);
  CHECK(node.restarts("cri-docker.service") == 1);
  CHECK(node.check(*step).empty());
  node.cri = false;
  CHECK(node.apply(*step).cause() == "runtime.not-answering");
}
