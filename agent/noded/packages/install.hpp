#pragma once

#include "agent/noded/packages/manager.hpp"
#include "agent/noded/step/files.hpp"
#include "agent/noded/systemd/commands.hpp"

#include <optional>
#include <string>
#include <vector>

namespace kagent::noded {

packages::Wanted wanted_by(const v1::ClusterConfig& cluster);
packages::HasProgram programs_of(const ContextPtr& context);
// Versions of the programs that exist, all read in one unit. Errors: those of Commands, io.
boost::asio::awaitable<Result<packages::Programs>> installed_versions(ContextPtr context);

// packages.mode "install": what this machine lacks, and how to install it.
class Installation {
 public:
  explicit Installation(ContextPtr context);

  // False if the machine has no package manager that kagent supports.
  [[nodiscard]] bool possible() const { return manager_ != packages::Manager::none; }
  // Call this first. Once a node is in a cluster, only an upgrade changes its versions.
  boost::asio::awaitable<Result<>> look();
  // The changes that install() would make, one sentence each.
  [[nodiscard]] std::vector<std::string> changes() const;
  // Idempotent. Continues where a killed run stopped.
  boost::asio::awaitable<Outcome> install();

 private:
  [[nodiscard]] bool needs_key() const;
  [[nodiscard]] std::optional<FileWant> key() const;
  [[nodiscard]] std::string fetched_path() const;
  [[nodiscard]] std::vector<FileWant> files() const;
  [[nodiscard]] std::vector<std::string> not_held() const;
  [[nodiscard]] std::vector<Command::Argv> commands() const;
  boost::asio::awaitable<Outcome> fetch_key();

  ContextPtr context_;
  packages::Wanted wanted_;
  packages::Manager manager_;
  std::vector<std::string> packages_;
};

}  // namespace kagent::noded
