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
    if (!end->ok()) found.need(end->failure->message);
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
    const auto now = std::chrono::system_clock::now();
    const auto problem = identity_problem(step_, *identity, node_name(), now);
    return problem ? failed(*problem) : succeeded();
  }
  if (!context.exists(etcd_data)) return {};
  return failed(
      step_, "damaged",
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
        step_, "foreign-cluster",
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
    Failure failure(CauseId(step_, "reset-failed"),
                    "cleaning up after an interrupted run failed: " + how_it_ended(*run),
                    "See the journal lines; run `kubeadm reset` by hand.");
    co_return co_await unit_failed(*run, std::move(failure));
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
  co_return failed(step_, "interrupted", "kubeadm " + step_ + " was cut off",
                   "None: kagent cleans up and tries again by itself.");
}

std::optional<Failure> api_trouble(std::string_view step, const std::vector<std::string>& output) {
  if (mentions(output, "certificate has expired or is not yet valid"))
    return Failure(CauseId(step, "clock-skew"),
                   "the API server's certificate is not valid at this node's time",
                   "Compare the clocks: `timedatectl` on the node and on the control plane.");
  if (mentions(output, "certificate signed by unknown authority"))
    return Failure(CauseId(step, "wrong-ca"),
                   "the API server shows a certificate of another cluster",
                   "See that controlPlaneEndpoint leads to this cluster.");
  if (mentions(output, "x509: "))
    return Failure(CauseId(step, "wrong-ca"), "the API server's certificate is not for its address",
                   "Add controlPlaneEndpoint's host to certSANs before the first control plane.");
  for (const char* text : {"connection refused", "was refused", "i/o timeout", "no route to host",
                           "network is unreachable", "no such host", "request canceled",
                           "deadline exceeded", "Unable to connect"})
    if (mentions(output, text))
      return Failure(
          CauseId(step, "api-unreachable"), "the API server does not answer",
          "Port 6443 of the control plane must be open to this node (security group, firewall).");
  return {};
}

// kubeadm's texts are translated, only the names of its checks are not.
std::optional<Failure> KubeadmRun::said_by_kubeadm(const std::vector<std::string>& output) const {
  const auto failure = [this](StepCause cause, std::string message, std::string remedy) {
    return Failure(CauseId(step_, cause), std::move(message), std::move(remedy));
  };
  if (const auto checks = kubeadm::failed_checks(output); !checks.empty())
    return failure(
        "preflight", fmt::format("kubeadm's preflight checks failed: {}", fmt::join(checks, ", ")),
        "Mend what they name, or put them in ignorePreflightErrors of the ClusterConfig.");
  if (kubeadm::is_unauthorized(output))
    return failure("unauthorized", "the API server refused the bootstrap token",
                   "None: kagent asks for a new one by itself.");
  if (mentions(output, "no space left on device"))
    return failure("disk-full", "the node's disk is full",
                   "Make room on the node's disk; kagent tries again by itself.");
  if (kubeadm::failed_phase(output).find("etcd") != std::string::npos)
    return failure(
        "etcd-unhealthy",
        "etcd of the control planes is not healthy, or a new member is not up in time",
        "Look at etcd on each control plane (`crictl ps -a --name etcd`); one that is lost for "
        "good leaves by `kagentctl remove NODE --force`. kagent tries again by itself.");
  if (mentions(output, "already exists in the cluster"))
    return failure(
        "node-exists", "the cluster has a Node of this name, and it is Ready",
        "None if it is of this machine's last try: that Node stops being Ready within a minute. "
        "If another machine has the name, give this one its own.");
  return api_trouble(step_, output);
}

// Facts come first: what kubelet stumbles over, the time limit, then what kubeadm says.
asio::awaitable<Outcome> KubeadmRun::why(ContextPtr context, UnitRun run) {
  const bool timeout = run.result == "timeout";
  Failure unknown(CauseId(step_, "failed"), "kubeadm " + step_ + " failed: " + how_it_ended(run),
                  "See the journal lines; kagent cleans up and tries again by itself.");
  Outcome outcome = co_await unit_failed(std::move(run), std::move(unknown));
  Failure& failure = *outcome.failure;
  auto trouble = co_await kubelet_trouble(context);
  if (trouble) {
    failure.id = trouble->id.in(step_);
    failure.message += "; " + trouble->message;
    failure.remedy = trouble->remedy;
    for (auto& line : trouble->journal) failure.journal.push_back("kubelet: " + line);
  } else if (timeout) {
    failure.id = CauseId(step_, "timeout");
    failure.message = "kubeadm " + step_ + " did not end within its time limit";
  } else if (auto known = said_by_kubeadm(journal::last_lines(outcome.invocation_id, 200))) {
    known->journal = std::move(failure.journal);
    failure = std::move(*known);
  }
  co_return outcome;
}

}  // namespace kagent::noded
