#include "agent/noded/kubeadm/documents.hpp"
#include "agent/common/config/documents.hpp"
#include "tests/support/result.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

using namespace kagent;
using namespace kagent::noded;
using namespace kagent::noded::kubeadm;
using nlohmann::json;

namespace {

constexpr char taint_master[] = "node-role.kubernetes.io/master";
constexpr char taint_control_plane[] = "node-role.kubernetes.io/control-plane";

Version of(int minor) {
  return {1, minor, "v1." + std::to_string(minor) + ".4"};
}

// The files that kubeadm would read on a node.
struct Node {
  v1::ClusterConfig cluster;
  v1::NodeConfig node;

  [[nodiscard]] NodeRegistration registration() const {
    NodeRegistration registration;
    registration.name = "ip-10-0-0-7";
    registration.cri_socket = "unix:///run/cri-dockerd.sock";
    registration.address = "10.0.0.7";
    registration.node = &node;
    return registration;
  }
  [[nodiscard]] std::vector<json> init(int minor) const {
    return config::parse_documents(init_documents(cluster, registration(), of(minor), {}).value())
        .value();
  }
  [[nodiscard]] json join(int minor, bool control_plane) const {
    JoinSecrets secrets;
    secrets.control_plane = control_plane;
    const auto text = join_documents(cluster, registration(), of(minor), secrets);
    return config::parse_documents(text.value()).value().at(0);
  }
};

json at(const json& document, const char* pointer) {
  return document.value(json::json_pointer(pointer), json());
}

std::vector<std::string> taints_of(const json& document) {
  std::vector<std::string> keys;
  for (const auto& taint : at(document, "/nodeRegistration/taints"))
    keys.push_back(taint.at("key").get<std::string>());
  return keys;
}

}  // namespace

TEST_CASE("raw arguments of either form are merged by name, on both sides of 1.31") {
  Node node;
  node.node.mutable_labels()->insert({"disk", "ssd"});
  const std::string as_map =
      "apiVersion: kubeadm.k8s.io/v1beta3\nkind: InitConfiguration\n"
      "nodeRegistration: {kubeletExtraArgs: {max-pods: 50}}\n---\n"
      "apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\n"
      "apiServer: {extraArgs: {v: \"4\"}}\netcd: {local: {extraArgs: {quota-backend-bytes: "
      "\"1\"}}}\n";
  const std::string as_list =
      "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\n"
      "nodeRegistration: {kubeletExtraArgs: [{name: max-pods, value: \"50\"}]}\n---\n"
      "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n"
      "apiServer: {extraArgs: [{name: v, value: \"4\"}]}\n"
      "etcd: {local: {extraArgs: [{name: quota-backend-bytes, value: \"1\"}]}}\n";
  for (const std::string& raw : {as_map, as_list}) {
    INFO(raw);
    node.cluster.mutable_kubeadm()->set_documents(raw);
    const auto old = node.init(30);
    CHECK(at(old[0], "/apiVersion") == "kubeadm.k8s.io/v1beta3");
    CHECK(at(old[0], "/nodeRegistration/kubeletExtraArgs") ==
          json{{"max-pods", "50"}, {"node-ip", "10.0.0.7"}, {"node-labels", "disk=ssd"}});
    CHECK(at(old[1], "/apiServer/extraArgs") == json{{"v", "4"}});
    const auto young = node.init(31);
    CHECK(at(young[0], "/apiVersion") == "kubeadm.k8s.io/v1beta4");
    CHECK(at(young[0], "/nodeRegistration/kubeletExtraArgs") ==
          json::parse(R"([{"name": "node-ip", "value": "10.0.0.7"},
                          {"name": "node-labels", "value": "disk=ssd"},
                          {"name": "max-pods", "value": "50"}])"));
    CHECK(at(young[1], "/etcd/local/extraArgs") ==
          json::parse(R"([{"name": "quota-backend-bytes", "value": "1"}])"));
  }
}

TEST_CASE("a raw argument replaces ours of the same name, and a name may occur twice") {
  Node node;
  node.cluster.mutable_kubelet_extra_args()->insert({"v", "2"});
  node.cluster.mutable_kubeadm()->set_documents(
      "apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\nnodeRegistration:\n"
      "  kubeletExtraArgs: [{name: v, value: \"4\"}, {name: v, value: \"5\"}]\n");
  CHECK(at(node.join(32, false), "/nodeRegistration/kubeletExtraArgs") ==
        json::parse(R"([{"name": "node-ip", "value": "10.0.0.7"}, {"name": "v", "value": "4"},
                        {"name": "v", "value": "5"}])"));
}

TEST_CASE("taints of a control plane are added to kubeadm's default taint") {
  Node node;
  CHECK(at(node.init(32)[0], "/nodeRegistration/taints").is_null());  // kubeadm's own default
  node.node.add_taints("dedicated=gpu:NoSchedule");
  using Keys = std::vector<std::string>;
  CHECK(taints_of(node.init(23)[0]) == Keys{"dedicated", taint_master});
  CHECK(taints_of(node.init(24)[0]) == Keys{"dedicated", taint_master, taint_control_plane});
  CHECK(taints_of(node.init(25)[0]) == Keys{"dedicated", taint_control_plane});
  CHECK(taints_of(node.join(32, true)) == Keys{"dedicated", taint_control_plane});
  CHECK(taints_of(node.join(32, false)) == Keys{"dedicated"});
  node.node.add_taints("node-role.kubernetes.io/control-plane:NoSchedule");
  CHECK(taints_of(node.join(32, true)) == Keys{"dedicated", taint_control_plane});
}

TEST_CASE("the list of images is requested with the CRI socket, since a node may have two") {
  const Node node;
  const auto documents =
      config::parse_documents(images_documents(node.cluster, node.registration(), of(24)).value())
          .value();
  REQUIRE(documents.size() == 2);
  CHECK(at(documents[0], "/kind") == "InitConfiguration");
  CHECK(at(documents[0], "/nodeRegistration") ==
        json{{"name", "ip-10-0-0-7"}, {"criSocket", "unix:///run/cri-dockerd.sock"}});
  CHECK(at(documents[1], "/kind") == "ClusterConfiguration");
}

TEST_CASE("ignored preflight errors go into the file, except for all") {
  Node node;
  node.cluster.add_ignore_preflight_errors("NumCPU");
  CHECK_FALSE(ignores_all(node.cluster));
  CHECK(at(node.init(22)[0], "/nodeRegistration/ignorePreflightErrors") == json{"NumCPU"});
  node.cluster.add_ignore_preflight_errors("All");
  CHECK(ignores_all(node.cluster));
  CHECK(at(node.init(22)[0], "/nodeRegistration/ignorePreflightErrors").is_null());
}

TEST_CASE("T16 YAML that expands without bound is refused") {
  std::string laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c <= 'j'; ++c) {
    const std::string before(9, static_cast<char>(c - 1));
    laughs += std::string(1, c) + ": &" + c + " [";
    for (const char alias : before) laughs += std::string("*") + alias + ", ";
    laughs += "x]\n";
  }
  const std::string deep = std::string(10'000, '[') + std::string(10'000, ']');
  for (const std::string& text :
       {laughs, deep, std::string("a: &a [*a]\n"), std::string(",,,,{do,,")}) {
    const auto documents = config::parse_documents(text);
    REQUIRE_FALSE(documents);
    CHECK(documents.error().code() == Errc::invalid_argument);
  }
  CHECK(config::parse_documents("a: &a {b: 1}\nc: *a\n").value().front()["c"]["b"] == 1);
}
