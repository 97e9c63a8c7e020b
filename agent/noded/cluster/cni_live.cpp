#include "agent/noded/cluster/cni_live.hpp"

#include "agent/common/config/rules.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace kagent::noded {
namespace {

using nlohmann::json;
using namespace nlohmann::literals;

constexpr char net_conf[] = "net-conf.json";
constexpr char calico_variable[] = "CALICO_IPV4POOL_CIDR";

json items_of(std::string_view list) {
  const json parsed = json::parse(list, nullptr, false);
  return parsed.is_object() ? parsed.value("items", json::array()) : json::array();
}

std::string text_at(const json& value, const json::json_pointer& where) {
  return value.contains(where) && value.at(where).is_string() ? value.at(where).get<std::string>()
                                                              : std::string();
}

bool mounts(const json& daemon_set, const std::string& config_map) {
  for (const json& volume :
       daemon_set.value("/spec/template/spec/volumes"_json_pointer, json::array()))
    if (text_at(volume, "/configMap/name"_json_pointer) == config_map) return true;
  return false;
}

std::string selector_of(const json& daemon_set) {
  std::string selector;
  const json labels = daemon_set.value("/spec/selector/matchLabels"_json_pointer, json::object());
  for (const auto& [key, value] : labels.items())
    selector += fmt::format("{}{}={}", selector.empty() ? "" : ",", key, value.get<std::string>());
  return selector;
}

void mend_flannel(const json& map, const json& daemon_sets, std::string_view pod_cidr,
                  std::vector<CniMend>& mends) {
  const std::string space = text_at(map, "/metadata/namespace"_json_pointer);
  const std::string name = text_at(map, "/metadata/name"_json_pointer);
  json conf = json::parse(map.value("/data"_json_pointer, json::object()).value(net_conf, ""),
                          nullptr, false);
  if (!conf.is_object()) return;
  const std::string network = text_at(conf, "/Network"_json_pointer);
  if (network.empty() || config::cidr_contains(network, pod_cidr)) return;
  conf["Network"] = pod_cidr;
  json patch;
  patch["data"][net_conf] = conf.dump(2);
  CniMend mend;
  mend.change = fmt::format(
      "correct net-conf.json in ConfigMap {}/{}: Network {} becomes the cluster's pod CIDR {}; its "
      "pods restart",
      space, name, network, pod_cidr);
  mend.kubectl.push_back(
      {"patch", "configmap", name, "-n", space, "--type", "merge", "-p", patch.dump()});
  for (const json& daemon_set : daemon_sets) {
    const std::string selector = selector_of(daemon_set);
    if (text_at(daemon_set, "/metadata/namespace"_json_pointer) != space || selector.empty() ||
        !mounts(daemon_set, name))
      continue;
    mend.kubectl.push_back({"delete", "pods", "-n", space, "-l", selector, "--wait=false"});
  }
  mends.push_back(std::move(mend));
}

void mend_calico(const json& daemon_set, std::string_view pod_cidr, std::vector<CniMend>& mends) {
  if (text_at(daemon_set, "/metadata/name"_json_pointer) != "calico-node") return;
  const std::string space = text_at(daemon_set, "/metadata/namespace"_json_pointer);
  for (const json& container :
       daemon_set.value("/spec/template/spec/containers"_json_pointer, json::array()))
    for (const json& variable : container.value("env", json::array())) {
      const std::string network = text_at(variable, "/value"_json_pointer);
      if (text_at(variable, "/name"_json_pointer) != calico_variable || network.empty() ||
          config::cidr_contains(network, pod_cidr))
        continue;
      json env{{"name", calico_variable}, {"value", pod_cidr}};
      json part{{"name", container.value("name", "")}, {"env", json::array({std::move(env)})}};
      json patch;
      patch["spec"]["template"]["spec"]["containers"] = json::array({std::move(part)});
      CniMend mend;
      mend.change = fmt::format(
          "correct {} of DaemonSet {}/calico-node: {} becomes the cluster's pod CIDR {}; its pods "
          "restart",
          calico_variable, space, network, pod_cidr);
      mend.kubectl.push_back(
          {"patch", "daemonset", "calico-node", "-n", space, "-p", patch.dump()});
      mends.push_back(std::move(mend));
    }
}

}  // namespace

std::vector<CniMend> mends_of_live_cni(std::string_view config_maps, std::string_view daemon_sets,
                                       std::string_view pod_cidr) {
  std::vector<CniMend> mends;
  if (pod_cidr.empty()) return mends;
  const json sets = items_of(daemon_sets);
  for (const json& map : items_of(config_maps)) mend_flannel(map, sets, pod_cidr, mends);
  for (const json& set : sets) mend_calico(set, pod_cidr, mends);
  return mends;
}

}  // namespace kagent::noded
