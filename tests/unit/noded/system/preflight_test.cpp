#include "agent/noded/machine/machine.hpp"
#include "agent/noded/system/preflight_rules.hpp"
#include "tests/unit/noded/fake_units.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace kagent::noded;

namespace {

PreflightFacts good() {
  PreflightFacts facts;
  facts.control_plane = true;
  facts.cpus = 2;
  facts.memory_mib = 4096;
  facts.disk_free_mib = 20000;
  facts.cgroup_controllers = {"cpu", "cpuset", "memory", "pids"};
  facts.kernel = "6.1.0-28-cloud-amd64";
  facts.networks = {"172.31.0.0/16"};
  facts.pod_cidr = "10.240.0.0/16";
  facts.service_cidr = "10.96.0.0/12";
  return facts;
}

// "NAME cause" for each problem.
std::vector<std::string> problems(const PreflightFacts& facts,
                                  const std::vector<std::string>& ignored = {}) {
  std::vector<std::string> names;
  for (const Problem& problem : preflight_problems(facts, ignored)) {
    names.push_back(problem.name + " " + problem.failure.id.text());
    CHECK_FALSE(problem.failure.message.empty());
    CHECK_FALSE(problem.failure.remedy.empty());
  }
  return names;
}
using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("preflight: a suitable machine has no problem") {
  CHECK(problems(good()).empty());
}

TEST_CASE("preflight: kubeadm's names of checks allow a t2.micro as a control plane") {
  PreflightFacts facts = good();
  facts.cpus = 1;
  facts.memory_mib = 960;
  CHECK(problems(facts) == Names{"NumCPU preflight.cpu", "Mem preflight.memory"});
  CHECK(problems(facts, {"numcpu", "Mem"}).empty());
  CHECK(problems(facts, {"all"}).empty());
  facts.control_plane = false;
  CHECK(problems(facts).empty());
}

TEST_CASE("preflight: each port in use is a problem until the node has joined") {
  PreflightFacts facts = good();
  facts.listening = {22, 6443, 10250};
  CHECK(problems(facts) ==
        Names{"Port-6443 preflight.port-in-use", "Port-10250 preflight.port-in-use"});
  CHECK(problems(facts, {"Port-6443"}) == Names{"Port-10250 preflight.port-in-use"});
  facts.joined = true;
  CHECK(problems(facts).empty());
  facts.joined = false;
  facts.control_plane = false;
  CHECK(problems(facts) == Names{"Port-10250 preflight.port-in-use"});
}

TEST_CASE("preflight: disk, cgroup controllers, kernel") {
  PreflightFacts facts = good();
  facts.disk_free_mib = 100;
  facts.cgroup_controllers.erase("memory");
  facts.kernel = "2.6.32-754.el6.x86_64";
  CHECK(problems(facts) == Names{"DiskSpace preflight.disk", "SystemVerification preflight.cgroups",
                                 "SystemVerification preflight.kernel"});
  CHECK(problems(facts, {"all"}).empty());
}

TEST_CASE(
    "preflight: pod and service ranges must not overlap the VPC's until the node has joined") {
  PreflightFacts facts = good();
  facts.networks = {"10.240.12.0/24", "10.100.0.0/16", "192.168.0.0/24"};
  CHECK(problems(facts) ==
        Names{"CIDROverlap preflight.cidr-overlap", "CIDROverlap preflight.cidr-overlap"});
  CHECK(problems(facts, {"CIDROverlap"}).empty());
  facts.joined = true;
  CHECK(problems(facts).empty());
}

TEST_CASE("preflight: NO_PROXY must exempt the way to the API server") {
  PreflightFacts facts = good();
  facts.endpoint = "api.example.com:6443";
  facts.environment["https_proxy"] = "http://user:secret@proxy.example.com:3128";
  const auto found = preflight_problems(facts, {});
  REQUIRE(found.size() == 1);
  CHECK(found[0].failure.id == "preflight.proxy");
  CHECK(found[0].failure.message.find("api.example.com") != std::string::npos);
  CHECK(found[0].failure.message.find("6443") == std::string::npos);
  CHECK(found[0].failure.message.find("secret") == std::string::npos);

  facts.environment["no_proxy"] = "10.0.0.0/8, .example.com";
  CHECK(problems(facts).empty());
  facts.environment["no_proxy"] = "10.96.0.0/12,10.240.0.0/16,other.example.com";
  CHECK(problems(facts) == Names{"HTTPProxy preflight.proxy"});
  facts.environment["no_proxy"] = "*";
  CHECK(problems(facts).empty());
}

TEST_CASE("preflight: a proxy for pod and service ranges is no problem") {
  PreflightFacts facts = good();
  facts.environment["HTTPS_PROXY"] = "http://proxy.example.com:3128";
  facts.address = "172.31.4.7";
  // kubeadm init contacts its own API server.
  CHECK(problems(facts) == Names{"HTTPProxy preflight.proxy"});
  CHECK(problems(facts, {"HTTPProxy"}).empty());
  facts.environment["NO_PROXY"] = "172.31.0.0/16";
  CHECK(problems(facts).empty());
  facts.endpoint = "[fd00::1]:6443";
  CHECK(problems(facts) == Names{"HTTPProxy preflight.proxy"});
  facts.environment["NO_PROXY"] = "172.31.0.0/16,fd00::/64";
  CHECK(problems(facts).empty());
  facts.control_plane = false;
  facts.environment["NO_PROXY"] = "fd00::/64";
  CHECK(problems(facts).empty());
}

TEST_CASE("preflight: a CNI configuration in the image is found before pods use it") {
  PreflightFacts facts = good();
  facts.cni_files = {"10-containerd-net.conflist", "87-podman-bridge.conflist"};
  CHECK(problems(facts).empty());  // without a cluster's CNI, these files are intended
  facts.applies_cni = true;
  const auto found = preflight_problems(facts, {});
  REQUIRE(found.size() == 1);
  CHECK(found[0].failure.id == "preflight.cni-config");
  CHECK(found[0].failure.message.find("87-podman-bridge.conflist") != std::string::npos);
  CHECK(problems(facts, {"CNIConfig"}).empty());
  facts.joined = true;
  CHECK(problems(facts).empty());
}

TEST_CASE("preflight: CNI files after an interrupted join belong to the cluster") {
  Machine machine;
  auto step = make_preflight();
  machine.context->cluster.mutable_cni()->add_manifests("/etc/kagent/flannel.yml");
  machine.write("/etc/cni/net.d/10-flannel.conflist", "{}");
  machine.write("/etc/cni/net.d/README", "");
  const auto complains = [&] {
    const auto changes = machine.check(*step);
    return std::ranges::count_if(changes, [](const std::string& change) {
      return change.starts_with("CNIConfig: ") && change.ends_with(": 10-flannel.conflist");
    });
  };
  CHECK(complains() == 1);
  machine.write("/var/lib/kagent-noded/join-started", "join\n");
  CHECK(complains() == 0);
}

TEST_CASE("kubeadm advertises the address of the default route's interface") {
  constexpr char route[] =
      "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n"
      "docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\n"
      "eth0\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\n"
      "eth0\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\n";
  constexpr char trie[] =
      "Local:\n     |-- 127.0.0.1\n        /32 host LOCAL\n     |-- 172.17.0.1\n"
      "        /32 host LOCAL\n     |-- 192.168.0.9\n        /32 host LOCAL\n";
  CHECK(machine::default_address(route, trie) == "192.168.0.9");
  CHECK(machine::default_address("", trie).empty());
}

TEST_CASE("networks of a routing table exclude the default route and the CNI's networks") {
  CHECK(machine::networks("Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n"
                          "eth0\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\n"
                          "eth0\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\n"
                          "docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\n"
                          "flannel.1\t0001F40A\t0001F40A\t0003\t0\t0\t0\t00FFFFFF\n") ==
        std::vector<std::string>{"192.168.0.0/24", "172.17.0.0/16"});
  CHECK(machine::kernel_version("6.1.0-28") == machine::KernelVersion{6, 1});
}
