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
// Of those that are there, asked in one unit. Errors: those of Units, io.
boost::asio::awaitable<Result<packages::Programs>> installed_versions(ContextPtr context);

// packages.mode install: what this machine lacks, and how it gets it.
class Installation {
 public:
  explicit Installation(ContextPtr context);

  // False where no package manager that kagent knows is there.
  [[nodiscard]] bool possible() const { return manager_ != packages::Manager::none; }
  // First. Once a node is in a cluster, its versions change by an upgrade only.
  boost::asio::awaitable<Result<>> look();
  // What install would do, a sentence each.
  [[nodiscard]] std::vector<std::string> changes() const;
  // Idempotent; goes on where a run that was killed stopped.
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
