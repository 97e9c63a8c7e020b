#include "tests/unit/noded/fake_units.hpp"

#include <catch2/catch_test_macros.hpp>

#include <sys/stat.h>

using namespace kagent::noded;
using Strings = std::vector<std::string>;

namespace {

constexpr char list_file[] = "/etc/apt/sources.list.d/kubernetes.list";
constexpr char key[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQEN\n";

void add_program(const Machine& machine, const std::string& name) {
  machine.write("/usr/bin/" + name, "");
  REQUIRE(::chmod(machine.context->at("/usr/bin/" + name).c_str(), 0755) == 0);
}

// Imitates apt-get: installing a program also sets its version.
void install(const Machine& machine) {
  for (const char* name : {"kubelet", "kubeadm", "kubectl", "crictl", "containerd", "ctr",
                           "conntrack", "socat", "ip", "tc", "ethtool", "iptables"})
    add_program(machine, name);
}

UnitRun versions(const Command& command, const std::string& kubernetes) {
  return printed(command, "v" + kubernetes + "\nKubernetes v" + kubernetes + "\nClient Version: v" +
                              kubernetes +
                              "\ncontainerd github.com/containerd/containerd 1.6.20\n");
}

bool is_install(const Command& command) {
  return command.unit == "kagent-packages.service";
}

struct BareDebian : Machine {
  BareDebian() {
    auto& cluster = context->cluster;
    cluster.set_kubernetes_version("v1.32.4");
    cluster.mutable_packages()->set_mode("install");
    cluster.mutable_packages()->set_repository("file:///srv/kubernetes");
    write("/etc/os-release", "ID=debian\n");
    write("/srv/kubernetes/Release.key", key);
    add_program(*this, "apt-get");
  }
};

}  // namespace

TEST_CASE("packages: an image's own packages are checked, not changed") {
  Machine machine;
  auto step = make_packages();
  CHECK(machine.check(*step).front() == "program kubelet is not installed");
  CHECK(machine.apply(*step).cause() == "packages.program-missing");
  install(machine);
  machine.units->on_run = [](const Command& command) { return versions(command, "1.32.4"); };
  CHECK(machine.check(*step).empty());

  machine.context->cluster.set_kubernetes_version("v1.33.1");
  CHECK(machine.check(*step).size() == 1);
  CHECK(machine.apply(*step).cause() == "packages.kubeadm-version");
  machine.context->cluster.add_ignore_preflight_errors("KubernetesVersion");
  CHECK(machine.check(*step).empty());
  machine.context->cluster.clear_ignore_preflight_errors();
  machine.write(std::string("/etc/kubernetes/kubelet.conf"), "");
  CHECK(machine.check(*step).empty());
}

TEST_CASE("packages: a bare Debian gets repository, packages and holds, once") {
  const BareDebian machine;
  auto step = make_packages();
  const auto changes = machine.check(*step);
  REQUIRE(changes.size() == 4);
  CHECK(changes[0] == "write /etc/apt/keyrings/kubernetes-apt-keyring.asc");
  CHECK(changes[3].starts_with("install kubelet=1.32.4-*"));
  CHECK(machine.units->calls.empty());
  for (auto make : {make_runtime, make_images, make_kubelet})
    CHECK(machine.check(*make()).front().ends_with("once it is installed"));

  machine.units->on_run = [&](const Command& command) {
    if (!is_install(command)) return versions(command, "1.32.4");
    CHECK(machine.read(list_file).find("file:///srv/kubernetes/ /") != std::string::npos);
    install(machine);
    return printed(command, "");
  };
  CHECK(machine.apply(*step).ok());
  CHECK(machine.read("/etc/apt/keyrings/kubernetes-apt-keyring.asc") == key);
  const Command& command = machine.units->commands.front();
  REQUIRE(command.lines.size() == 3);
  CHECK(command.lines[0].back() == "update");
  CHECK(command.lines[1][1] == "DEBIAN_FRONTEND=noninteractive");
  CHECK(command.lines[2] == Strings{"apt-mark", "hold", "kubelet", "kubeadm", "kubectl"});
  machine.write("/var/lib/dpkg/status", "Package: kubelet\nStatus: hold ok installed\n");
  CHECK(machine.check(*step).empty());
}

TEST_CASE("packages: a package that is no longer held is held again, and nothing is installed") {
  const BareDebian machine;
  auto step = make_packages();
  install(machine);
  machine.units->on_run = [](const Command& command) { return versions(command, "1.32.4"); };
  CHECK(machine.apply(*step).ok());
  machine.write("/var/lib/dpkg/status", "Package: kubelet\nStatus: install ok installed\n");
  CHECK(machine.check(*step) == Strings{"hold kubelet"});
  machine.units->commands.clear();
  CHECK(machine.apply(*step).ok());
  const auto& commands = machine.units->commands;
  const auto hold = std::ranges::find_if(commands, is_install);
  REQUIRE(hold != commands.end());
  CHECK(hold->lines.size() == 1);
}

TEST_CASE("packages: the work of a killed dpkg is completed first") {
  const BareDebian machine;
  auto step = make_packages();
  machine.write("/var/lib/dpkg/updates/0001", "Package: socat\n");
  CHECK_FALSE(machine.apply(*step).ok());
  const auto& lines = machine.units->commands.front().lines;
  CHECK(lines.front()[2] == "dpkg");
  CHECK(lines.size() == 4);
}

TEST_CASE("packages: apt's helper fetches the key once, and a web page is no key") {
  const BareDebian machine;
  auto step = make_packages();
  machine.context->cluster.mutable_packages()->set_key("https://example.org/Release.key");
  CHECK(machine.check(*step).front() == "fetch https://example.org/Release.key");
  std::string answer = "<html>";
  machine.units->on_run = [&](const Command& command) {
    if (command.unit == "kagent-packages-key.service")
      machine.write(command.lines.front().back(), answer);
    if (is_install(command)) install(machine);
    return versions(command, "1.32.4");
  };
  CHECK(machine.apply(*step).cause() == "packages.key");
  answer = key;
  CHECK(machine.apply(*step).ok());
  CHECK(machine.check(*step).empty());
  machine.units->commands.clear();
  CHECK(machine.apply(*step).ok());
  for (const auto& command : machine.units->commands)
    CHECK(command.unit != "kagent-packages-key.service");
}

TEST_CASE("packages: a file that is no key, and a system without apt and dnf") {
  const BareDebian machine;
  auto step = make_packages();
  machine.write("/srv/kubernetes/Release.key", "no key");
  CHECK(machine.apply(*step).cause() == "packages.key");
  std::filesystem::remove(machine.context->at("/usr/bin/apt-get"));
  CHECK(machine.apply(*step).cause() == "packages.no-manager");
}

TEST_CASE("packages: installed packages are checked again, and a running installation is awaited") {
  const BareDebian machine;
  auto step = make_packages();
  machine.units->on_run = [&](const Command& command) {
    install(machine);
    return versions(command, "1.33.5");
  };
  CHECK(machine.apply(*step).cause() == "packages.kubelet-version");
  machine.units->on_run = [](const Command& command) {
    return is_install(command) ? failing(command, 100) : versions(command, "1.32.5");
  };
  CHECK(machine.apply(*step).cause() == "packages.failed");
  machine.units->units["kagent-packages.service"].active = "activating";
  machine.units->commands.clear();
  CHECK(machine.check(*step).empty());
  CHECK(machine.units->commands.empty());
}
