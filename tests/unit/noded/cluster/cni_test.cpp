#include "agent/noded/cluster/cni_live.hpp"
#include "agent/noded/cluster/cni_manifest.hpp"
#include "tests/unit/noded/fake_units.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>

using namespace kagent::noded;
using nlohmann::json;

namespace {

// Output of `kubectl get -o json`, shortened, for flannel's v0.15 manifest.
std::string flannel_map(const std::string& network) {
  json map{{"metadata", {{"namespace", "kube-flannel"}, {"name", "kube-flannel-cfg"}}}};
  map["data"]["net-conf.json"] =
      "{\n  \"Network\": \"" + network + "\",\n  \"Backend\": {\"Type\": \"vxlan\"}\n}\n";
  return json{{"kind", "List"}, {"items", json::array({map})}}.dump();
}

std::string daemon_sets() {
  return R"({"kind": "List", "items": [
    {"metadata": {"namespace": "kube-flannel", "name": "kube-flannel-ds"},
     "spec": {"selector": {"matchLabels": {"app": "flannel"}},
              "template": {"spec": {"volumes": [{"name": "cfg", "configMap": {"name": "kube-flannel-cfg"}}]}}}},
    {"metadata": {"namespace": "kube-system", "name": "kube-proxy"},
     "spec": {"selector": {"matchLabels": {"k8s-app": "kube-proxy"}},
              "template": {"spec": {"volumes": [{"name": "cfg", "configMap": {"name": "kube-flannel-cfg"}}]}}}}]})";
}

std::string manifest(const std::string& network) {
  return "kind: ConfigMap\ndata:\n  net-conf.json: |\n    {\n      \"Network\": \"" + network +
         "\"\n    }\n";
}

bool asks_for(const Command& command, const std::string& what) {
  for (const auto& line : command.lines)
    for (const auto& word : line)
      if (word == what) return true;
  return false;
}

}  // namespace

TEST_CASE("cni: flannel's wrong network is corrected, and only its pods restart") {
  const auto mends =
      mends_of_live_cni(flannel_map("10.244.0.0/16"), daemon_sets(), "10.240.0.0/16");
  REQUIRE(mends.size() == 1);
  CHECK(mends[0].change.find("10.244.0.0/16 becomes the cluster's pod CIDR 10.240.0.0/16") !=
        std::string::npos);
  REQUIRE(mends[0].kubectl.size() == 2);
  const auto& patch = mends[0].kubectl[0];
  const json conf =
      json::parse(json::parse(patch.back()).at("data").at("net-conf.json").get<std::string>());
  CHECK(conf.at("Network") == "10.240.0.0/16");
  CHECK(conf.at("Backend").at("Type") == "vxlan");
  CHECK(mends[0].kubectl[1] ==
        Command::Argv{"delete", "pods", "-n", "kube-flannel", "-l", "app=flannel", "--wait=false"});
}

TEST_CASE("cni: a network that contains the pod CIDR stays as it is") {
  CHECK(mends_of_live_cni(flannel_map("10.240.0.0/16"), daemon_sets(), "10.240.0.0/16").empty());
  CHECK(mends_of_live_cni(flannel_map("10.0.0.0/8"), daemon_sets(), "10.240.0.0/16").empty());
  CHECK(mends_of_live_cni("no json", "", "10.240.0.0/16").empty());
}

TEST_CASE("cni: Calico's variable is corrected in its DaemonSet") {
  const auto calico = [](const std::string& pool) {
    return R"({"items": [{"metadata": {"namespace": "kube-system", "name": "calico-node"},
      "spec": {"template": {"spec": {"containers": [{"name": "calico-node", "env": [
        {"name": "CALICO_IPV4POOL_CIDR", "value": ")" +
           pool + R"("}]}]}}}}]})";
  };
  const auto mends = mends_of_live_cni("", calico("192.168.0.0/16"), "10.240.0.0/16");
  REQUIRE(mends.size() == 1);
  REQUIRE(mends[0].kubectl.size() == 1);
  CHECK(mends[0].kubectl[0].back().find(R"("value":"10.240.0.0/16")") != std::string::npos);
  CHECK(mends_of_live_cni("", calico("10.240.0.0/16"), "10.240.0.0/16").empty());
}

TEST_CASE("cni: flannel gets the second range of a dual-stack cluster") {
  const PodCidrs both = pod_cidrs("10.240.0.0/16,fd00:10:244::/56");
  const auto given = correct_cni_manifest(manifest("10.244.0.0/16"), both);
  CHECK(given.corrections.size() == 2);
  const auto from = given.text.find('{');
  const json conf = json::parse(given.text.substr(from));
  CHECK(conf == json{{"Network", "10.240.0.0/16"},
                     {"EnableIPv6", true},
                     {"IPv6Network", "fd00:10:244::/56"}});
  const auto again = correct_cni_manifest(given.text, both);
  CHECK(again.corrections.empty());
  CHECK(again.text == given.text);
  CHECK(correct_cni_manifest(given.text, pod_cidrs("10.240.0.0/16,fd00:9::/56"))
            .text.find("\"IPv6Network\": \"fd00:9::/56\"") != std::string::npos);
}

TEST_CASE("cni: pools of Calico's operator are moved into the cluster's range") {
  const std::string resources =
      "apiVersion: operator.tigera.io/v1\nkind: Installation\nmetadata:\n  name: default\n"
      "spec:\n  calicoNetwork:\n    ipPools:\n    - name: default-ipv4-ippool\n"
      "      blockSize: 26\n      cidr: 192.168.0.0/16\n    - cidr: fd00:9::/56\n"
      "---\napiVersion: example.com/v1\nkind: Other\nspec:\n  cidr: 192.168.0.0/16\n";
  const auto two = correct_cni_manifest(resources, pod_cidrs("10.240.0.0/16,fd00::/56"));
  CHECK(
      two.corrections ==
      std::vector<std::string>{
          "Installation: ipPools cidr 192.168.0.0/16 becomes the cluster's pod CIDR 10.240.0.0/16",
          "Installation: ipPools cidr fd00:9::/56 becomes the cluster's pod CIDR fd00::/56"});
  CHECK(two.text.find("      cidr: 10.240.0.0/16\n    - cidr: fd00::/56\n---\n") !=
        std::string::npos);
  CHECK(two.text.ends_with("  cidr: 192.168.0.0/16\n"));
  CHECK(correct_cni_manifest(resources, pod_cidrs("192.0.0.0/8")).text == resources);
}

TEST_CASE("cni: manifests are applied on the server's side, and their kinds are awaited") {
  Machine machine;
  auto step = make_cni();
  auto& manifests = *machine.context->cluster.mutable_cni();
  manifests.add_manifests("/etc/kagent/operator.yml");
  manifests.add_manifests("/etc/kagent/resources.yml");
  machine.write("/etc/kagent/operator.yml",
                "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n");
  machine.write("/etc/kagent/resources.yml", "kind: Installation\n");
  std::vector<std::vector<std::string>> verbs;  // of each unit that applies a manifest
  int to_fail = 0;
  machine.units->on_run = [&](const Command& command) {
    if (command.unit != "kagent-cni.service") return printed(command, "{\"items\": []}");
    verbs.emplace_back();
    for (const auto& line : command.lines) {
      verbs.back().push_back(line[3]);
      if (line[3] != "apply") continue;
      CHECK(std::ranges::find(line, "--server-side") != line.end());
      CHECK(std::ranges::find(line, "--force-conflicts") != line.end());
    }
    return to_fail-- > 0 ? failing(command, 1) : printed(command, "");
  };
  using Verbs = std::vector<std::vector<std::string>>;
  SECTION("in files of their own") {
    CHECK(machine.apply(*step).ok());
    CHECK(verbs == Verbs{{"apply", "wait"}, {"apply"}});
  }
  SECTION("beside objects of these kinds, which are refused at first") {
    to_fail = 1;
    CHECK(machine.apply(*step).ok());
    CHECK(verbs == Verbs{{"apply", "wait"}, {"wait", "apply", "wait"}, {"apply"}});
  }
  SECTION("what is refused for good fails") {
    to_fail = 2;
    CHECK(machine.apply(*step).cause() == "cni.apply-failed");
  }
}

TEST_CASE("cni: corrections are shown beforehand, and a manifest is applied once") {
  Machine machine;
  auto step = make_cni();
  machine.context->cluster.set_pod_cidr("10.240.0.0/16");
  machine.context->cluster.mutable_cni()->add_manifests("/etc/kagent/flannel.yml");
  machine.write("/etc/kagent/flannel.yml", manifest("10.244.0.0/16"));
  machine.write("/etc/kubernetes/pki/ca.crt", "a CA");
  machine.write("/etc/kubernetes/admin.conf", "");
  machine.units->on_run = [](const Command& command) {
    return printed(command, "{\"items\": []}");
  };

  const auto changes = machine.check(*step);
  REQUIRE(changes.size() == 2);
  CHECK(changes[1].find("Network 10.244.0.0/16 becomes") != std::string::npos);
  CHECK(machine.apply(*step).ok());
  CHECK(machine.read("/run/kagent/cni-0.yaml") == manifest("10.240.0.0/16"));
  CHECK(machine.read("/etc/kagent/flannel.yml") == manifest("10.244.0.0/16"));
  CHECK(machine.check(*step).empty());
}

TEST_CASE("cni: the existing cluster's range counts, even if the ClusterConfig has changed since") {
  Machine machine;
  auto step = make_cni();
  machine.context->cluster.set_pod_cidr("10.99.0.0/16");
  machine.write("/etc/kubernetes/admin.conf", "");
  machine.write("/etc/kubernetes/manifests/kube-controller-manager.yaml",
                "    - kube-controller-manager\n    - --cluster-cidr=10.240.0.0/16\n");
  std::string network = "10.244.0.0/16";
  machine.units->on_run = [&network](const Command& command) {
    if (asks_for(command, "configmaps")) return printed(command, flannel_map(network));
    if (asks_for(command, "daemonsets")) return printed(command, daemon_sets());
    if (asks_for(command, "patch")) network = "10.240.0.0/16";
    return printed(command, "");
  };
  REQUIRE(machine.check(*step).size() == 1);
  CHECK(machine.check(*step)[0].find("pod CIDR 10.240.0.0/16") != std::string::npos);
  CHECK(machine.apply(*step).ok());
  CHECK(network == "10.240.0.0/16");
  CHECK(machine.check(*step).empty());
}

TEST_CASE("cni: each failure has its own cause") {
  Machine machine;
  auto step = make_cni();
  machine.write("/etc/kubernetes/admin.conf", "");
  machine.units->on_run = [](const Command& command) { return failing(command, 1); };
  CHECK(machine.check(*step).size() == 1);
  CHECK(machine.apply(*step).cause() == "cni.api-unreachable");
  machine.context->cluster.mutable_cni()->add_manifests("/etc/kagent/none.yml");
  CHECK(machine.apply(*step).cause() == "cni.manifest-missing");
  machine.write("/etc/kagent/none.yml", manifest("10.244.0.0/16"));
  CHECK(machine.apply(*step).cause() == "cni.apply-failed");
}
