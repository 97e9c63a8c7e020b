#include "agent/noded/runtime/docker_config.hpp"

#include <nlohmann/json.hpp>

namespace kagent::noded {
namespace {

using nlohmann::json;

Result<json> parse(std::string_view text, const char* name) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return json::object();
  auto parsed = json::parse(text, nullptr, false);
  if (!parsed.is_object())
    return Error(Errc::invalid_argument, std::string(name) + " is no JSON object");
  return parsed;
}

// kubelet uses the systemd driver, and both must agree.
void set_cgroup_driver(json& config) {
  constexpr std::string_view option = "native.cgroupdriver=";
  json options = json::array({std::string(option) + "systemd"});
  if (const auto given = config.find("exec-opts"); given != config.end() && given->is_array())
    for (const auto& one : *given)
      if (!one.is_string() || !one.get_ref<const std::string&>().starts_with(option))
        options.push_back(one);
  config["exec-opts"] = std::move(options);
}

}  // namespace

Result<std::string> docker_config(std::string_view original, const DockerWant& want) {
  auto config = parse(original, "/etc/docker/daemon.json");
  if (!config) return config.error();
  auto over = parse(want.daemon, "docker.daemon of the ClusterConfig");
  if (!over) return over.error();
  config->merge_patch(*over);
  set_cgroup_driver(*config);
  if (!want.mirrors.empty()) (*config)["registry-mirrors"] = want.mirrors;
  return config->dump(2) + "\n";
}

}  // namespace kagent::noded
