#include "agent/common/base/file.hpp"
#include "agent/common/base/log.hpp"
#include "agent/common/base/paths.hpp"
#include "agent/noded/reset/order.hpp"
#include "agent/noded/step/files.hpp"
#include "agent/noded/step/outcome.hpp"
#include "agent/noded/step/survey.hpp"
#include "agent/noded/vault/vault.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kagent::noded {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// Daemons that read their file only at their start.
struct Configured {
  const char* file;
  const char* unit;
};
constexpr Configured configured[] = {{"/etc/containerd/config.toml", "containerd.service"},
                                     {"/etc/docker/daemon.json", "docker.service"}};

const std::string evidence = std::string(paths::noded_state) + "/evidence";

// What a reset has to put back. Computed anew for every check and apply.
struct Work {
  std::vector<FileBack> files;
  std::vector<std::string>
      keep;  // entries of `remove` to copy first: a person may have written them
  std::vector<std::string> remove;      // files and folders
  std::vector<Command::Argv> services;  // calls of systemctl and sysctl
  std::vector<std::string> changes;
};

void find_files(const std::vector<FileBack>& files, Work& work) {
  for (const FileBack& file : files) {
    if (file.how == FileBack::How::nothing) continue;
    if (file.how == FileBack::How::leave) {
      work.changes.push_back("leave " + file.path + ": somebody else has changed it");
      continue;
    }
    const bool remove = file.how == FileBack::How::remove;
    work.changes.push_back((remove ? "remove " : "put back ") + file.path);
    work.files.push_back(file);
  }
}

// Finds what was added to folders that only Kubernetes uses.
void find_folders(const Context& context, const Before::Survey& survey, Work& work) {
  for (const std::string folder : surveyed_folders) {
    const auto was = survey.folders.find(folder);
    if (was == survey.folders.end()) {
      if (context.exists(folder)) work.remove.push_back(folder);
      continue;
    }
    for (const auto& name : added(was->second, entries_of(context.at(folder))))
      work.remove.push_back(folder + "/" + name);
  }
  for (const auto& path : work.remove) {
    work.changes.push_back("remove " + path);
    if (path.starts_with("/etc/")) work.keep.push_back(path);
  }
  if (!work.keep.empty())
    work.changes.push_back("copy what is removed from /etc to " + evidence + "/reset");
}

void find_own_files(const Context& context, Work& work) {
  for (const auto& name : entries_of(context.at(paths::noded_state)))
    if (!Vault::keeps(name) && name != before_file && name != "evidence")
      work.remove.push_back(std::string(paths::noded_state) + "/" + name);
  for (const auto& name : entries_of(context.at(evidence)))
    if (name != "reset") work.remove.push_back(evidence + "/" + name);
  // Tokens are among these files. Running commands still write to the *.out files.
  for (const auto& name : entries_of(context.at(paths::noded_run)))
    if (!name.ends_with(".out")) work.remove.push_back(std::string(paths::noded_run) + "/" + name);
  if (context.exists(paths::agent_kubeconfig)) {
    work.remove.emplace_back(paths::agent_kubeconfig);
    work.changes.push_back(fmt::format("remove {}", paths::agent_kubeconfig));
  }
}

void systemctl(Work& work, const std::string& verb, const std::string& unit) {
  work.services.push_back({"systemctl", verb, unit});
  work.changes.push_back(verb + " " + unit);
}

bool gets_other_config(const Work& work, const std::string& unit) {
  return std::ranges::any_of(configured, [&](const Configured& each) {
    return unit == each.unit &&
           std::ranges::find(work.files, each.file, &FileBack::path) != work.files.end();
  });
}

asio::awaitable<Result<>> find_units(ContextPtr context, const Before::Survey& survey, Work& work) {
  for (const auto& [unit, was] : survey.units) {
    auto now = co_await look_at_unit(context, unit);
    if (!now) co_return now.error();
    if (now->masked && !was.masked) systemctl(work, "unmask", unit);
    if (now->enabled && !was.enabled) systemctl(work, "disable", unit);
    if (!now->enabled && was.enabled) systemctl(work, "enable", unit);
    if (now->running && !was.running) systemctl(work, "stop", unit);
    if (!now->running && was.running) systemctl(work, "start", unit);
    if (now->running && was.running && gets_other_config(work, unit))
      systemctl(work, "restart", unit);
  }
  co_return Result<>{};
}

asio::awaitable<Result<>> find_settings(ContextPtr context, const Before::Survey& survey,
                                        Work& work) {
  auto now = co_await read_settings(context);
  if (!now) co_return now.error();
  for (const auto& [name, was] : survey.settings) {
    const auto found = now->find(name);
    if (found == now->end() || found->second == was) continue;
    const std::string setting = name + "=" + was;
    Command::Argv argv{"sysctl", "-q", "-w", setting};
    work.services.push_back(std::move(argv));
    work.changes.push_back("set " + setting);
  }
  co_return Result<>{};
}

asio::awaitable<Result<Work>> find_work(ContextPtr context) {
  Work work;
  auto files = context->before->files();
  if (!files) co_return files.error();
  find_files(*files, work);
  auto survey = context->before->survey();
  if (!survey) co_return survey.error();
  if (survey->has_value()) {
    find_folders(*context, **survey, work);
    auto units = co_await find_units(context, **survey, work);
    if (!units) co_return units.error();
    auto settings = co_await find_settings(context, **survey, work);
    if (!settings) co_return settings.error();
  }
  find_own_files(*context, work);
  co_return work;
}

// Only the last reset's copies are kept. After an interrupted run nothing is left to copy, so the
// copies stay as they are.
std::vector<Command::Argv> keep_copies(const Work& work) {
  if (work.keep.empty()) return {};
  Command::Argv forget{"rm", "-rf", evidence + "/reset"};
  Command::Argv folder{"mkdir", "-p", "-m", "0700", evidence, evidence + "/reset"};
  Command::Argv copy{"cp", "-a", "--parents", "--"};
  copy.insert(copy.end(), work.keep.begin(), work.keep.end());
  copy.push_back(evidence + "/reset");
  return {forget, folder, copy};
}

// Restores what Context::before has kept. As its last action, it records that the order is done.
class ResetFiles final : public Step {
 public:
  [[nodiscard]] std::string_view name() const override { return "reset-files"; }

  asio::awaitable<Result<CheckResult>> check(ContextPtr context) override {
    auto work = co_await find_work(context);
    if (!work) co_return work.error();
    CheckResult found;
    found.state = StepState::needed;  // even without changes, the order must be recorded as done
    found.changes = std::move(work->changes);
    block_without_order(*context, found);
    co_return found;
  }

  asio::awaitable<Outcome> apply(ContextPtr context) override {
    if (!context->reset_ordered) co_return no_order(name());
    auto work = co_await find_work(context);
    if (!work) co_return failed(name(), work.error());
    for (const FileBack& file : work->files)
      if (auto back = context->before->put_back(file); !back)
        co_return failed(name(), back.error());
    std::vector<Command::Argv> lines = keep_copies(*work);
    if (!work->remove.empty()) {
      Command::Argv argv{"rm", "-rf", "--one-file-system", "--"};
      argv.insert(argv.end(), work->remove.begin(), work->remove.end());
      lines.push_back(std::move(argv));
    }
    Command::Argv reload{"systemctl", "daemon-reload"};
    lines.push_back(std::move(reload));
    for (auto& command : work->services) lines.push_back(std::move(command));
    Command command(unit_name(name()), std::move(lines), 120s);
    auto run = co_await context->commands->run(std::move(command));
    if (!run) co_return failed(name(), run.error());
    if (!run->ok()) {
      std::string message = "the node could not be restored: " + how_it_ended(*run);
      co_return co_await unit_failed(*run, "reset-files.failed", std::move(message),
                                     "See the journal lines; kagent tries again by itself.");
    }
    if (auto forgotten = context->before->forget(); !forgotten)
      co_return failed(name(), forgotten.error());
    const FileWant done{paths::reset_done, std::to_string(context->reset_serial) + "\n", 0600};
    if (auto written = write_in_place(*context, done); !written)
      co_return failed(name(), written.error());
    co_return succeeded(*run);
  }
};

}  // namespace

std::unique_ptr<Step> make_reset_files() {
  return std::make_unique<ResetFiles>();
}

}  // namespace kagent::noded
