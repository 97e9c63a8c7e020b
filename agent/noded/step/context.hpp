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

// What a step may know and use, read anew for every check and apply: all of it local, or signed.
struct Context {
  std::filesystem::path root = "/";  // a folder of its own in tests
  std::shared_ptr<Units> units;
  std::shared_ptr<Commands> commands;
  std::shared_ptr<Host> host;
  std::string node_id;
  v1::NodeConfig node;
  config::CoordinatorUrl coordinator;
  v1::ClusterConfig cluster;  // all defaults until there is an assignment
  std::optional<v1::Assignment> assignment;
  std::uint64_t assignment_serial = 0;
  std::optional<v1::JoinGrant> grant;
  // Says what an apply is at: "3 of 7: pulling ...".
  std::function<void(const std::string&)> progress = [](const std::string&) {};
  // A ResetOrder is to be carried out, the last one; `cluster` is then what the node was made with.
  bool reset_ordered = false;
  std::uint64_t reset_serial = 0;
  std::shared_ptr<Before> before;    // none in tests that need none
  std::shared_ptr<Answers> answers;  // none: programs are asked each time

  // Where an absolute path of the node is.
  [[nodiscard]] std::filesystem::path at(std::string_view path) const;
  [[nodiscard]] bool exists(std::string_view path) const;
  // Whether a program is in the PATH that units get.
  [[nodiscard]] bool has_program(std::string_view name) const;
  // Empty if it has none.
  [[nodiscard]] std::filesystem::path program(std::string_view name) const;
  [[nodiscard]] bool control_plane() const;
};
inline constexpr char before_file[] = "before.json";  // in our state folder
using ContextPtr = std::shared_ptr<const Context>;

// Errors: not_found (no user-data yet, or not for kagent), invalid_argument (what is wrong with
// it).
Result<std::shared_ptr<Context>> read_context(Systemd systemd, const Vault& vault);

}  // namespace kagent::noded
