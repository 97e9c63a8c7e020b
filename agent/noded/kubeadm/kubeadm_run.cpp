#include "agent/noded/kubeadm/kubeadm_run.hpp"

#include "agent/common/base/file.hpp"
#include "agent/common/base/log.hpp"
#include "agent/common/base/paths.hpp"
#include "agent/common/trust/node_identity.hpp"
#include "agent/noded/kubelet/kubelet_identity.hpp"
#include "agent/noded/kubelet/kubelet_trouble.hpp"
#include "agent/noded/step/cri.hpp"
#include "agent/noded/step/files.hpp"
#include "agent/noded/step/kubernetes_paths.hpp"
#include "agent/noded/step/outcome.hpp"
#include "agent/noded/systemd/journal.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace kagent::noded {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr auto reset_limit = 180s;
constexpr char pki_folder[] = "/etc/kubernetes/pki";

bool mentions(const std::vector<std::string>& lines, std::string_view text) {
  return std::ranges::any_of(
      lines, [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

// An operator may provide the cluster's CA, as kubeadm allows. A CA that was there before kagent
// must stay.
bool has_given_ca(const Context& context) {
  if (!context.before || !context.exists(cluster_ca) || !context.exists(cluster_ca_key))
    return false;
  const auto survey = context.before->survey();
  if (!survey || !survey->has_value()) return false;
  const auto folder = (*survey)->folders.find("/etc/kubernetes");
  return folder != (*survey)->folders.end() &&
         std::ranges::find(folder->second, "pki") != folder->second.end();
}

}  // namespace

asio::awaitable<bool> KubeadmRun::alive(ContextPtr context) {
  auto state = co_await context->units->state(unit_name(step_));
  co_return state && state->alive();
}

asio::awaitable<Result<CheckResult>> KubeadmRun::check(ContextPtr context, std::string leaves,
                                                       std::string change, bool resets) {
  CheckResult found;
  auto state = co_await context->units->state(unit_name(step_));
  if (!state) co_return state.error();
  if (state->alive()) {
    found.state = StepState::running;
  } else if (const auto end = settled(*context, leaves)) {
    if (!end->ok()) found.need(end->message);
  } else {
    if (resets && context->exists(marks_.started) && !in_the_way(*context).empty())
      found.need("kubeadm reset: what an interrupted run of ours has left");
    found.need(std::move(change));
  }
  co_return found;
}

std::optional<Outcome> KubeadmRun::settled(const Context& context,
                                           const std::string& leaves) const {
  if (!context.exists(marks_.done)) return {};
  if (context.exists(leaves)) {
    const auto identity = kubelet_identity(context);
    if (!identity) return succeeded();  // kubelet itself says why there is none
    const auto problem = identity_problem(*identity, node_name(), std::chrono::system_clock::now());
    if (!problem) return succeeded();
    return failed(step_ + "." + problem->what, problem->message, problem->remedy);
  }
  if (!context.exists(etcd_data)) return {};
  return failed(
      step_ + ".damaged",
      fmt::format("kubeadm {} went through here once, but {} is gone, and etcd's data is "
                  "not: kagent does not reset a cluster that exists",
                  step_, leaves),
      "Make it anew with `kubeadm init phase kubeconfig all`; or, if the cluster is of no "
      "use, `kagentctl reset NODE`.");
}

// A CA that was there before the first kubeadm init is not in the way: kubeadm signs with it.
std::vector<std::string> KubeadmRun::in_the_way(const Context& context) const {
  auto leftovers = kubeadm_leftovers(context);
  const bool ca_alone = leftovers == std::vector<std::string>{cluster_ca, cluster_ca_key};
  if (step_ == "init" && ca_alone && !context.exists(marks_.started)) return {};
  return leftovers;
}

asio::awaitable<Outcome> KubeadmRun::make_clean(ContextPtr context) {
  const auto leftovers = in_the_way(*context);
  if (leftovers.empty()) co_return succeeded();
  if (!context->exists(marks_.started))
    co_return failed(
        step_ + ".foreign-cluster",
        fmt::format("this node is already part of a cluster that kagent did not make: {} exist",
                    fmt::join(leftovers, ", ")),
        "If that cluster is of no use, run `kubeadm reset` on the node; kagent then goes on.");
  log::warning("{}: an earlier run was cut off and left {}; resetting", step_,
               fmt::join(leftovers, ", "));
  // kubeadm reset removes the evidence, so copy it first, except for files that contain a token.
  const std::string evidence = fmt::format("{}/evidence/{}", paths::noded_state, step_);
  Command::Argv forget{"rm", "-rf", evidence};
  Command::Argv hide{"rm", "-f", "/etc/kubernetes/bootstrap-kubelet.conf"};
  Command::Argv folder{"mkdir", "-p", "-m", "0700", evidence};
  Command::Argv keep{"cp", "-a"};
  for (const char* path : {"/etc/kubernetes", "/var/log/pods"})
    if (context->exists(path)) keep.emplace_back(path);
  keep.push_back(evidence);
  Command::Argv reset{"kubeadm", "reset", "--force", "--cri-socket", cri_endpoint(*context)};
  std::vector<Command::Argv> lines;
  lines.push_back(std::move(forget));
  lines.push_back(std::move(hide));
  lines.push_back(std::move(folder));
  if (keep.size() > 3) lines.push_back(std::move(keep));
  lines.push_back(std::move(reset));
  if (step_ == "init" && has_given_ca(*context)) {
    Command::Argv again{"mkdir", "-p", pki_folder};
    Command::Argv back{"cp", "-a"};
    for (const std::string path : {cluster_ca, cluster_ca_key})
      back.push_back(evidence + path.substr(std::string_view("/etc").size()));
    back.emplace_back(pki_folder);
    lines.push_back(std::move(again));
    lines.push_back(std::move(back));
  }
  // The step's drop-in and unit stay. join checks kubelet's own folder.
  Command command(unit_name(step_, "reset"), std::move(lines), reset_limit);
  auto run = co_await context->commands->run(std::move(command));
  if (!run) co_return failed(step_, run.error());
  if (!run->ok()) {
    std::string message = "cleaning up after an interrupted run failed: " + how_it_ended(*run);
    co_return co_await unit_failed(*run, step_ + ".reset-failed", std::move(message),
                                   "See the journal lines; run `kubeadm reset` by hand.");
  }
  for (const char* path : {"/etc/kubernetes/bootstrap-kubelet.conf", kubelet_config})
    if (auto removed = remove_file(context->at(path)); !removed)
      co_return failed(step_, removed.error());
  co_return succeeded(*run);
}

asio::awaitable<Outcome> KubeadmRun::run(ContextPtr context, Command::Argv argv,
                                         std::chrono::seconds limit, std::string fence) {
  if (auto removed = remove_file(context->at(marks_.done)); !removed)
    co_return failed(step_, removed.error());
  const FileWant started{marks_.started, fence + "\n", 0600};
  if (auto written = write_in_place(*context, started); !written)
    co_return failed(step_, written.error());
  // The unit itself records its success, since kagent may not be running when the unit ends.
  Command::Argv mark{"cp", marks_.started, marks_.done};
  Command::Argv sync{"sync", marks_.done, paths::noded_state};
  std::vector<Command::Argv> lines;
  lines.push_back(std::move(argv));
  lines.push_back(std::move(mark));
  lines.push_back(std::move(sync));
  Command command(unit_name(step_), std::move(lines), limit);
  auto run = co_await context->commands->run(std::move(command));
  if (!run) co_return failed(step_, run.error());
  forget_secrets(*context);
  if (run->ok()) co_return succeeded(*run);
  co_return co_await why(context, std::move(*run));
}

void KubeadmRun::forget_secrets(const Context& context) const {
  for (const std::string& path : secrets_)
    if (auto removed = remove_file(context.at(path)); !removed)
      log::warning("{}", removed.error().message());
}

asio::awaitable<Outcome> KubeadmRun::adopt(ContextPtr context) {
  auto run = co_await context->commands->adopt(unit_name(step_));
  if (!run) co_return failed(step_, run.error());
  forget_secrets(*context);
  if (run->has_value() && !(*run)->ok()) co_return co_await why(context, std::move(**run));
  if (context->exists(marks_.done)) co_return succeeded();
  co_return failed(step_ + ".interrupted", "kubeadm " + step_ + " was cut off",
                   "None: kagent cleans up and tries again by itself.");
}

std::optional<Outcome> api_trouble(const std::string& step,
                                   const std::vector<std::string>& output) {
  if (mentions(output, "certificate has expired or is not yet valid"))
    return failed(step + ".clock-skew",
                  "the API server's certificate is not valid at this node's time",
                  "Compare the clocks: `timedatectl` on the node and on the control plane.");
  if (mentions(output, "certificate signed by unknown authority"))
    return failed(step + ".wrong-ca", "the API server shows a certificate of another cluster",
                  "See that controlPlaneEndpoint leads to this cluster.");
  if (mentions(output, "x509: "))
    return failed(step + ".wrong-ca", "the API server's certificate is not for its address",
                  "Add controlPlaneEndpoint's host to certSANs before the first control plane.");
  for (const char* text : {"connection refused", "was refused", "i/o timeout", "no route to host",
                           "network is unreachable", "no such host", "request canceled",
                           "deadline exceeded", "Unable to connect"})
    if (mentions(output, text))
      return failed(
          step + ".api-unreachable", "the API server does not answer",
          "Port 6443 of the control plane must be open to this node (security group, firewall).");
  return {};
}

// From facts first; kubeadm's texts are translated, only the names of its checks are not.
asio::awaitable<Outcome> KubeadmRun::why(ContextPtr context, UnitRun run) {
  const std::string ended = how_it_ended(run);
  const bool timeout = run.result == "timeout";
  Outcome outcome = co_await unit_failed(
      std::move(run), step_ + ".failed", "kubeadm " + step_ + " failed: " + ended,
      "See the journal lines; kagent cleans up and tries again by itself.");
  const auto output = journal::last_lines(outcome.invocation_id, 200);
  auto trouble = co_await kubelet_trouble(context);
  if (trouble) {
    outcome.cause = step_ + ".kubelet-" + trouble->what;
    outcome.message += "; " + trouble->message;
    outcome.remedy = trouble->remedy;
    for (auto& line : trouble->journal) outcome.journal.push_back("kubelet: " + line);
    co_return outcome;
  }
  if (timeout) {
    outcome.cause = step_ + ".timeout";
    outcome.message = "kubeadm " + step_ + " did not end within its time limit";
  } else if (const auto checks = kubeadm::failed_checks(output); !checks.empty()) {
    outcome.cause = step_ + ".preflight";
    outcome.message = fmt::format("kubeadm's preflight checks failed: {}", fmt::join(checks, ", "));
    outcome.remedy =
        "Mend what they name, or put them in ignorePreflightErrors of the ClusterConfig.";
  } else if (kubeadm::is_unauthorized(output)) {
    outcome.cause = step_ + ".unauthorized";
    outcome.message = "the API server refused the bootstrap token";
    outcome.remedy = "None: kagent asks for a new one by itself.";
  } else if (mentions(output, "no space left on device")) {
    outcome.cause = step_ + ".disk-full";
    outcome.message = "the node's disk is full";
    outcome.remedy = "Make room on the node's disk; kagent tries again by itself.";
  } else if (kubeadm::failed_phase(output).find("etcd") != std::string::npos) {
    outcome.cause = step_ + ".etcd-unhealthy";
    outcome.message =
        "etcd of the control planes is not healthy, or a new member is not up in time";
    outcome.remedy =
        "Look at etcd on each control plane (`crictl ps -a --name etcd`); one that is lost for "
        "good leaves by `kagentctl remove NODE --force`. kagent tries again by itself.";
  } else if (mentions(output, "already exists in the cluster")) {
    outcome.cause = step_ + ".node-exists";
    outcome.message = "the cluster has a Node of this name, and it is Ready";
    outcome.remedy =
        "None if it is of this machine's last try: that Node stops being Ready within a minute. "
        "If another machine has the name, give this one its own.";
  } else if (const auto known = api_trouble(step_, output)) {
    outcome.cause = known->cause;
    outcome.message = known->message;
    outcome.remedy = known->remedy;
  }
  co_return outcome;
}

}  // namespace kagent::noded
