#include "agent/noded/packages/install.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/base/paths.hpp"
#include "agent/noded/network/metadata_rules.hpp"
#include "agent/noded/packages/failure.hpp"
#include "agent/noded/packages/key.hpp"
#include "agent/noded/step/files.hpp"
#include "agent/noded/step/kubernetes_paths.hpp"
#include "agent/noded/step/outcome.hpp"
#include "agent/noded/systemd/journal.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace kagent::noded {
namespace asio = boost::asio;
using namespace std::chrono_literals;

using packages::Manager;
using packages::Programs;
using packages::Wanted;
using Strings = std::vector<std::string>;

namespace {

constexpr char dpkg_status[] = "/var/lib/dpkg/status";
constexpr char dpkg_updates[] = "/var/lib/dpkg/updates";
constexpr char dpkg_keyring[] = "/etc/apt/keyrings/kubernetes-apt-keyring";
constexpr auto install_limit = 780s;

asio::awaitable<Outcome> why(UnitRun run) {
  const std::string ended = how_it_ended(run);
  const int status = run.exit_status;
  Outcome outcome = co_await unit_failed(std::move(run), "packages.failed", "", "");
  auto reason = packages::why_failed(journal::last_lines(outcome.invocation_id, 200), status);
  if (reason.id.is("packages.failed"))
    reason.message = "the packages could not be installed: " + ended;
  reason.journal = std::move(outcome.failure->journal);
  outcome.failure = std::move(reason);
  co_return outcome;
}

std::vector<Command::Argv> version_lines(const Context& context) {
  std::vector<Command::Argv> lines{{"kubeadm", "version", "-o", "short"},
                                   {"kubelet", "--version"},
                                   {"kubectl", "version", "--client"},
                                   {"containerd", "--version"},
                                   {"docker", "--version"}};
  std::erase_if(lines, [&](const auto& argv) { return !context.has_program(argv.front()); });
  return lines;
}

}  // namespace

Wanted wanted_by(const v1::ClusterConfig& cluster) {
  Wanted wanted;
  wanted.kubernetes =
      packages::find_version(cluster.kubernetes_version()).value_or(packages::Version{});
  wanted.docker = cluster.runtime() == "docker";
  wanted.balancer = cluster.local_balancer_port() != 0;
  wanted.nftables = closes_metadata(cluster.metadata_access());
  wanted.runtime_package = cluster.packages().runtime_package();
  wanted.repository = cluster.packages().repository();
  wanted.key = cluster.packages().key();
  wanted.allow_unsigned = cluster.packages().allow_unsigned();
  return wanted;
}

packages::HasProgram programs_of(const ContextPtr& context) {
  return [context](std::string_view name) { return context->has_program(name); };
}

asio::awaitable<Result<Programs>> installed_versions(ContextPtr context) {
  auto lines = version_lines(*context);
  if (lines.empty()) co_return Programs{};
  Command command(unit_name("packages", "versions"), std::move(lines), 60s);
  command.capture = true;
  auto run = co_await context->commands->run(std::move(command));
  if (!run) co_return run.error();
  if (!run->ok())
    co_return Error(Errc::io, "a program does not tell its version: " + how_it_ended(*run));
  co_return packages::read_versions(run->output);
}

Installation::Installation(ContextPtr context)
    : context_(std::move(context)),
      wanted_(wanted_by(context_->cluster)),
      manager_(packages::detect(text_of(*context_, "/etc/os-release"), programs_of(context_))) {}

asio::awaitable<Result<>> Installation::look() {
  auto versions = co_await installed_versions(context_);
  if (!versions) co_return versions.error();
  if (context_->exists(kubelet_conf)) versions->clear();
  packages_ = packages::packages_for(manager_, wanted_, programs_of(context_), *versions);
  co_return Result<>{};
}

Strings Installation::changes() const {
  Strings found;
  if (needs_key() && !key()) found.push_back("fetch " + packages::key_of(manager_, wanted_));
  for (const FileWant& file : files())
    if (differs(*context_, file)) found.push_back("write " + file.path);
  if (!packages_.empty()) found.push_back(fmt::format("install {}", fmt::join(packages_, " ")));
  if (const auto loose = not_held(); !loose.empty())
    found.push_back(fmt::format("hold {}", fmt::join(loose, " ")));
  return found;
}

asio::awaitable<Outcome> Installation::install() {
  if (needs_key() && !key()) {
    Outcome fetched = co_await fetch_key();
    if (!fetched.ok()) co_return fetched;
  }
  if (auto written = write_files(*context_, files()); !written)
    co_return failed("packages", written.error());
  auto lines = commands();
  if (lines.empty()) co_return succeeded();
  Command command(unit_name("packages"), std::move(lines), install_limit);
  auto run = co_await context_->commands->run(std::move(command));
  if (!run) co_return failed("packages", run.error());
  if (run->ok()) co_return succeeded(*run);
  co_return co_await why(std::move(*run));
}

// dnf fetches the key by itself.
bool Installation::needs_key() const {
  return manager_ == Manager::apt && !wanted_.allow_unsigned;
}

// The key for apt's folder, read from the given path or fetched before.
std::optional<FileWant> Installation::key() const {
  const auto local = packages::local_path(packages::key_of(manager_, wanted_));
  std::string text = local ? text_of(*context_, *local) : text_of(*context_, fetched_path());
  const auto ending = packages::key_ending(text);
  if (!ending) return std::nullopt;
  return FileWant{fmt::format("{}.{}", dpkg_keyring, *ending), std::move(text), 0644};
}

// The file name depends on the source, so another repository gets another file.
std::string Installation::fetched_path() const {
  return fmt::format("{}/packages-key-{}", paths::noded_state,
                     packages::source_name(packages::key_of(manager_, wanted_)));
}

std::vector<FileWant> Installation::files() const {
  std::vector<FileWant> files;
  std::string key_file = packages::key_of(manager_, wanted_);
  if (needs_key()) {
    auto wanted_key = key();
    key_file = wanted_key ? wanted_key->path : fmt::format("{}.asc", dpkg_keyring);
    if (wanted_key) files.push_back(std::move(*wanted_key));
  }
  for (auto& file : packages::repository_files(manager_, wanted_, key_file))
    files.push_back({std::move(file.path), std::move(file.text), 0644});
  return files;
}

Strings Installation::not_held() const {
  if (manager_ != Manager::apt) return {};
  return packages::not_held(text_of(*context_, dpkg_status));
}

std::vector<Command::Argv> Installation::commands() const {
  std::vector<Command::Argv> lines;
  std::error_code none;
  const bool cut_off = std::filesystem::exists(context_->at(dpkg_updates), none) &&
                       !std::filesystem::is_empty(context_->at(dpkg_updates), none);
  if (manager_ == Manager::apt && cut_off) lines.push_back(packages::mend_command());
  if (!packages_.empty())
    for (auto& line : packages::install_commands(manager_, packages_))
      lines.push_back(std::move(line));
  if (manager_ == Manager::apt && (!packages_.empty() || !not_held().empty()))
    lines.push_back(packages::hold_command());
  return lines;
}

// noded has no network, but a unit that runs apt's own helper has.
asio::awaitable<Outcome> Installation::fetch_key() {
  const std::string source = packages::key_of(manager_, wanted_);
  if (const auto local = packages::local_path(source))
    co_return failed("packages.key", fmt::format("{} is no PGP key", *local),
                     "Put the repository's public key there, or change packages.key.");
  Command::Argv argv{"/usr/lib/apt/apt-helper", "download-file", source, fetched_path()};
  Command command(unit_name("packages", "key"), std::move(argv), 120s);
  auto run = co_await context_->commands->run(std::move(command));
  if (!run) co_return failed("packages", run.error());
  if (run->ok() && key()) co_return succeeded(*run);
  const std::string message =
      run->ok() ? source + " is no PGP key"
                : fmt::format("{} could not be fetched: {}", source, how_it_ended(*run));
  if (auto removed = remove_file(context_->at(fetched_path())); !removed)
    co_return failed("packages", removed.error());
  co_return co_await unit_failed(
      *run, "packages.key", message,
      "See that the node reaches it, or give packages.key in the ClusterConfig; kagent tries "
      "again by itself.");
}

}  // namespace kagent::noded
