#include "agent/noded/runtime/containerd_config.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>

namespace kagent::noded {
namespace {

Result<toml::table> parse(std::string_view text, const std::string& name) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    return Error(Errc::invalid_argument,
                 fmt::format("{}:{}:{}: {}", name, error.source().begin.line,
                             error.source().begin.column, error.description()));
  }
}

void merge(toml::table& into, const toml::table& over) {
  for (const auto& [key, value] : over) {
    auto* mine = into.get_as<toml::table>(key);
    if (const auto* theirs = value.as_table(); theirs != nullptr && mine != nullptr)
      merge(*mine, *theirs);
    else
      into.insert_or_assign(key, value);
  }
}

toml::table& table_at(toml::table& root, std::initializer_list<std::string_view> path) {
  toml::table* table = &root;
  for (const auto key : path) {
    if (table->get_as<toml::table>(key) == nullptr) table->insert_or_assign(key, toml::table{});
    table = table->get_as<toml::table>(key);
  }
  return *table;
}

constexpr auto cri = "io.containerd.grpc.v1.cri";
constexpr auto cri_runtime = "io.containerd.cri.v1.runtime";
constexpr auto cri_images = "io.containerd.cri.v1.images";
constexpr auto default_folder = "/etc/containerd/certs.d";

bool is_cri(std::string_view plugin) {
  return plugin.ends_with("cri") || plugin == cri_runtime || plugin == cri_images;
}

// Docker's package ships containerd with CRI disabled.
void enable_cri(toml::table& config) {
  auto* disabled = config.get_as<toml::array>("disabled_plugins");
  if (disabled == nullptr) return;
  toml::array left;
  for (const auto& plugin : *disabled)
    if (const auto name = plugin.value<std::string>(); name && !is_cri(*name))
      left.push_back(*name);
  config.insert_or_assign("disabled_plugins", std::move(left));
}

// Debian's package looks for plugins in /usr/lib/cni, but Kubernetes' packages and CNI manifests
// install them into /opt/cni/bin, which is containerd's default.
void use_default_cni_folders(toml::table& plugin) {
  auto* cni = plugin.get_as<toml::table>("cni");
  if (cni == nullptr) return;
  for (const auto* key : {"bin_dir", "bin_dirs", "conf_dir"}) cni->erase(key);
}

// The version that the text states, or else the version that its plugin names imply; 0 if neither
// tells.
std::int64_t version_of(const toml::table& config) {
  if (const auto version = config["version"].value<std::int64_t>()) return *version;
  const auto* plugins = config.get_as<toml::table>("plugins");
  if (plugins == nullptr) return 0;
  for (const auto& [name, value] : *plugins) {
    if (name.str() == cri_runtime || name.str() == cri_images) return 3;
    if (!name.str().starts_with("io.containerd.")) return 1;
  }
  return plugins->empty() ? 0 : 2;
}

struct Texts {
  toml::table config;
  std::vector<toml::table> drop_ins;
  bool version_3 = false;
};

Error other_version(const std::string& name, std::int64_t its, std::int64_t ours) {
  return {Errc::invalid_argument,
          fmt::format("{} is of version {} of containerd's configuration, but version {} is needed "
                      "beside the other texts: bring it to that",
                      name, its, ours)};
}

Error not_read(const std::string& name) {
  return {Errc::invalid_argument,
          name +
              " is of version 3 of containerd's configuration, which containerd 1.x does not "
              "read: bring it to version 2"};
}

Result<Texts> read_texts(std::string_view original, const ContainerdWant& want) {
  constexpr auto config_toml = "/etc/containerd/config.toml";
  Texts texts;
  auto config = parse(original, config_toml);
  if (!config) return config.error();
  texts.config = std::move(*config);
  std::int64_t version = version_of(texts.config);
  if (version == 1) return other_version(config_toml, 1, 2);
  if (version >= 3 && !want.version_3) return not_read(config_toml);
  for (const auto& [file, text] : want.drop_ins) {
    const std::string name = "containerd.dropIns[" + file + "]";
    auto drop_in = parse(text, name);
    if (!drop_in) return drop_in.error();
    const auto its = version_of(*drop_in);
    if (its >= 3 && !want.version_3) return not_read(name);
    if (version == 0) version = its;
    if (its == 1 || (its != 0 && its != version))
      return other_version(name, its, std::max<std::int64_t>(version, 2));
    texts.drop_ins.push_back(std::move(*drop_in));
  }
  if (version == 0) version = want.version_3 ? 3 : 2;
  texts.config.insert_or_assign("version", version);
  texts.version_3 = version >= 3;
  return texts;
}

void set_ours(toml::table& config, bool version_3, const ContainerdWant& want) {
  enable_cri(config);
  const auto plugin = version_3 ? cri_runtime : cri;
  use_default_cni_folders(table_at(config, {"plugins", plugin}));
  auto& runc = table_at(config, {"plugins", plugin, "containerd", "runtimes", "runc"});
  runc.insert_or_assign("runtime_type", "io.containerd.runc.v2");
  table_at(runc, {"options"}).insert_or_assign("SystemdCgroup", true);
  if (want.sandbox_image.empty()) return;
  if (version_3)
    table_at(config, {"plugins", cri_images, "pinned_images"})
        .insert_or_assign("sandbox", want.sandbox_image);
  else
    table_at(config, {"plugins", cri}).insert_or_assign("sandbox_image", want.sandbox_image);
}

// containerd refuses config_path if mirrors of the older form are set as well.
Result<> set_registry_folder(toml::table& config, bool version_3) {
  auto& registry = table_at(config, {"plugins", version_3 ? cri_images : cri, "registry"});
  if (const auto* mirrors = registry.get_as<toml::table>("mirrors");
      mirrors != nullptr && !mirrors->empty())
    return Error(
        Errc::invalid_argument,
        "containerd's registry.mirrors and the ClusterConfig's registryMirrors cannot be used "
        "together: move the former to the latter");
  if (registry["config_path"].value_or(std::string()).empty())
    registry.insert_or_assign("config_path", default_folder);
  return {};
}

}  // namespace

Result<std::string> containerd_config(std::string_view original, const ContainerdWant& want) {
  auto texts = read_texts(original, want);
  if (!texts) return texts.error();
  set_ours(texts->config, texts->version_3, want);
  for (const auto& drop_in : texts->drop_ins) merge(texts->config, drop_in);
  if (!want.mirrors.empty())
    if (auto set = set_registry_folder(texts->config, texts->version_3); !set) return set.error();
  std::ostringstream out;
  out << "# Made by kagent of config.toml.kagent-orig and the ClusterConfig's containerd.dropIns.\n"
      << toml::default_formatter(texts->config) << '\n';
  return out.str();
}

bool has_other_cgroups(std::string_view info) {
  using nlohmann::json;
  const json parsed = json::parse(info, nullptr, false);
  const json::json_pointer containerd("/config/containerd");
  if (!parsed.is_object() || !parsed.contains(containerd)) return false;
  const json& config = parsed.at(containerd);
  const auto text_at = [&](const json::json_pointer& place) {
    return config.contains(place) && config.at(place).is_string()
               ? config.at(place).get<std::string>()
               : std::string();
  };
  const auto runtime =
      json::json_pointer("/runtimes") / text_at(json::json_pointer("/defaultRuntimeName"));
  // Runtimes other than runc have no such option. For runc, a missing option means cgroupfs.
  if (text_at(runtime / "runtimeType") != "io.containerd.runc.v2") return false;
  const auto driver = runtime / "options" / "SystemdCgroup";
  return !config.contains(driver) || config.at(driver) != true;
}

std::string registry_folder(std::string_view text) {
  const auto config = parse(text, "config.toml");
  if (!config) return default_folder;
  for (const auto* plugin : {cri_images, cri}) {
    const auto path = (*config)["plugins"][plugin]["registry"]["config_path"].value<std::string>();
    if (path && !path->empty()) return path->substr(0, path->find(':'));
  }
  return default_folder;
}

std::string registry_file(const std::string& registry) {
  return (registry == "*" ? "_default" : registry) + "/hosts.toml";
}

std::string hosts_toml(const std::vector<std::string>& mirrors) {
  std::string text = "# Made by kagent of the ClusterConfig's registryMirrors.\n";
  for (const auto& mirror : mirrors)
    text += fmt::format("[host.\"{}\"]\n  capabilities = [\"pull\", \"resolve\"]\n", mirror);
  return text;
}

}  // namespace kagent::noded
