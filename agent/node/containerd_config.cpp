#include "agent/node/containerd_config.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <sstream>

namespace kagent::node {
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

// Docker's package ships containerd with it switched off.
void enable_cri(toml::table& config) {
  auto* disabled = config.get_as<toml::array>("disabled_plugins");
  if (disabled == nullptr) return;
  toml::array left;
  for (const auto& plugin : *disabled)
    if (const auto name = plugin.value<std::string>(); name && !name->ends_with("cri"))
      left.push_back(*name);
  config.insert_or_assign("disabled_plugins", std::move(left));
}

void set_ours(toml::table& config, const ContainerdWant& want) {
  constexpr auto cri = "io.containerd.grpc.v1.cri";
  constexpr auto cri_runtime = "io.containerd.cri.v1.runtime";
  constexpr auto cri_images = "io.containerd.cri.v1.images";
  if (!config.contains("version")) config.insert("version", want.version_3 ? 3 : 2);
  const bool version_3 = config["version"].value_or(2) >= 3;
  enable_cri(config);
  const auto plugin = version_3 ? cri_runtime : cri;
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

}  // namespace

Result<std::string> containerd_config(std::string_view original, const ContainerdWant& want) {
  auto config = parse(original, "/etc/containerd/config.toml");
  if (!config) return config.error();
  if ((*config)["version"].value_or(2) < 2)
    return Error(Errc::invalid_argument,
                 "/etc/containerd/config.toml is of version 1: bring it to version 2");
  set_ours(*config, want);
  for (const auto& [name, text] : want.drop_ins) {
    const auto over = parse(text, "containerd.dropIns[" + name + "]");
    if (!over) return over.error();
    merge(*config, *over);
  }
  std::ostringstream out;
  out << "# Made by kagent of config.toml.kagent-orig and the ClusterConfig's containerd.dropIns.\n"
      << toml::default_formatter(*config) << '\n';
  return out.str();
}

}  // namespace kagent::node
