#include "agent/noded/step/context.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/base/paths.hpp"
#include "agent/common/config/cluster_config.hpp"
#include "agent/common/trust/node_identity.hpp"

#include <unistd.h>

#include <ranges>

namespace kagent::noded {

std::filesystem::path Context::at(std::string_view path) const {
  return root / std::filesystem::path(path).relative_path();
}

bool Context::exists(std::string_view path) const {
  std::error_code ignored;
  return std::filesystem::exists(at(path), ignored);
}

bool Context::has_program(std::string_view name) const {
  return !program(name).empty();
}

std::filesystem::path Context::program(std::string_view name) const {
  for (const auto folder : std::views::split(search_path, ':')) {
    auto path = at(std::string(folder.begin(), folder.end())) / name;
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return {};
}

bool Context::control_plane() const {
  return assignment && assignment->role() == "control-plane";
}

Result<std::shared_ptr<Context>> read_context(Systemd systemd, const Vault& vault) {
  auto context = std::make_shared<Context>();
  context->units = std::move(systemd.units);
  context->commands = std::move(systemd.commands);
  context->host = std::move(systemd.host);
  const auto bytes = read_file(paths::user_data);
  if (!bytes) return bytes.error().context("no user-data yet");
  auto node = config::parse_user_data(*bytes, paths::user_data);
  if (!node) return node.error();
  context->node = std::move(*node);
  auto url = config::parse_coordinator_url(context->node.coordinator());
  if (!url) return url.error();
  context->coordinator = std::move(*url);
  auto id = node_id();
  if (!id) return id.error();
  context->node_id = std::move(*id);
  context->assignment = vault.assignment();
  context->assignment_serial = vault.assignment_serial();
  context->grant = vault.grant(std::chrono::system_clock::now());
  context->before =
      std::make_shared<Before>("/", std::filesystem::path(paths::noded_state) / before_file);
  const auto reset = vault.reset();
  context->reset_ordered = !reset.done && reset.serial != 0;
  context->reset_serial = reset.serial;
  const auto config = vault.last_cluster_config();
  if (config && (context->assignment || context->reset_ordered)) {
    context->cluster = *config;
  } else {
    auto defaults = config::parse_cluster_config("", "defaults");
    if (!defaults) return defaults.error();
    context->cluster = std::move(*defaults);
  }
  return context;
}

}  // namespace kagent::noded
