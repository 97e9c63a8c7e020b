#pragma once

#include "agent/common/base/error.hpp"
#include "agent/common/config/node_config.hpp"
#include "agent/noded/machine/before.hpp"
#include "agent/noded/step/answers.hpp"
#include "agent/noded/systemd/systemd.hpp"
#include "agent/noded/vault/vault.hpp"

#include "kagent/v1/config.pb.h"
#include "kagent/v1/envelope.pb.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace kagent::noded {

// What a step may know and use. Everything comes from local files or signed envelopes and is read
// anew for every check and apply.
struct Context {
  std::filesystem::path root = "/";  // another folder in tests
  std::shared_ptr<Units> units;
  std::shared_ptr<Commands> commands;
  std::shared_ptr<Host> host;
  std::string node_id;
  v1::NodeConfig node;
  config::CoordinatorUrl coordinator;
  v1::ClusterConfig cluster;  // defaults until there is an assignment
  std::optional<v1::Assignment> assignment;
  std::uint64_t assignment_serial = 0;
  std::optional<v1::JoinGrant> grant;
  // Reports what an apply is doing: "3 of 7: pulling ...".
  std::function<void(const std::string&)> progress = [](const std::string&) {};
  // True if the last ResetOrder has not been carried out. `cluster` is then the ClusterConfig that
  // the node was made with.
  bool reset_ordered = false;
  std::uint64_t reset_serial = 0;
  std::shared_ptr<Before> before;    // may be null in tests
  std::shared_ptr<Answers> answers;  // null: programs run each time

  // The real path of an absolute path on the node.
  [[nodiscard]] std::filesystem::path at(std::string_view path) const;
  [[nodiscard]] bool exists(std::string_view path) const;
  // Whether the program is in search_path.
  [[nodiscard]] bool has_program(std::string_view name) const;
  // Empty if the program is not installed.
  [[nodiscard]] std::filesystem::path program(std::string_view name) const;
  [[nodiscard]] bool control_plane() const;
};
inline constexpr char before_file[] = "before.json";  // in noded's state folder
using ContextPtr = std::shared_ptr<const Context>;

// Errors: not_found (no user-data yet, or user-data that is not for kagent), invalid_argument
// (wrong user-data).
Result<std::shared_ptr<Context>> read_context(Systemd systemd, const Vault& vault);

}  // namespace kagent::noded
