#include "agent/common/base/file.hpp"
#include "agent/common/base/log.hpp"
#include "agent/common/trust/pki.hpp"
#include "agent/noded/cluster/cni_live.hpp"
#include "agent/noded/cluster/cni_manifest.hpp"
#include "agent/noded/kubeadm/kubeadm_run.hpp"
#include "agent/noded/step/files.hpp"
#include "agent/noded/step/kubernetes_paths.hpp"
#include "agent/noded/step/outcome.hpp"
#include "agent/noded/step/programs.hpp"

#include <fmt/format.h>

namespace kagent::noded {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr char applied_list[] = "/var/lib/kagent-noded/cni-applied";
constexpr char controller_manager[] = "/etc/kubernetes/manifests/kube-controller-manager.yaml";
constexpr std::size_t largest_manifest = 4 << 20;

// The pod ranges of the existing cluster; the ClusterConfig may have changed since.
PodCidrs pod_cidrs_of(const Context& context) {
  constexpr std::string_view flag = "--cluster-cidr=";
  const auto manifest = read_file(context.at(controller_manager));
  if (manifest)
    for (const auto& line : lines_of(*manifest))
      if (const auto at = line.find(flag); at != std::string::npos) {
        const auto value = line.substr(at + flag.size());
        return pod_cidrs(value.substr(0, value.find_first_of("\"' \r")));
      }
  return pod_cidrs(context.cluster.pod_cidr());
}

bool is_url(const std::string& source) {
  return source.starts_with("https://");
}

std::string downloaded(std::size_t number) {
  return fmt::format("/run/kagent/cni-{}-download.yaml", number);
}

std::string corrected(std::size_t number) {
  return fmt::format("/run/kagent/cni-{}.yaml", number);
}

// A hash of the manifests that the ClusterConfig names and of this cluster's CA.
std::string stamp_of(const Context& context) {
  std::string all = context.cluster.pod_cidr();
  for (const auto& source : context.cluster.cni().manifests()) {
    all += "\n" + source;
    if (is_url(source)) continue;
    const auto text = read_file(context.at(source), largest_manifest);
    all += "\n" + (text ? *text : std::string{});
  }
  const auto ca = read_file(context.at(cluster_ca));
  return pki::sha256_hex(all + (ca ? *ca : std::string{}));
}

class Cni final : public Step {
 public:
  [[nodiscard]] std::string_view name() const override { return "cni"; }

  asio::awaitable<Result<CheckResult>> check(ContextPtr context) override {
    CheckResult found;
    if (!is_applied(*context))
      for (const auto& source : context->cluster.cni().manifests())
        need_applied(*context, source, found);
    if (!context->exists(admin_conf)) co_return found;
    auto mends = co_await live_mends(context);
    if (!mends) {
      found.need("compare the CNI's network with the cluster's when the API server answers");
      co_return found;
    }
    for (const auto& mend : *mends) found.need(mend.change);
    co_return found;
  }

  asio::awaitable<Outcome> apply(ContextPtr context) override {
    Outcome last = succeeded();
    if (!is_applied(*context)) {
      const auto& sources = context->cluster.cni().manifests();
      for (int number = 0; number < sources.size(); ++number) {
        const std::string source = sources.Get(number);
        last = co_await apply_one(context, source, static_cast<std::size_t>(number));
        if (!last.ok()) co_return last;
      }
      const FileWant stamp{applied_list, stamp_of(*context), 0600};
      if (auto written = write_in_place(*context, stamp); !written)
        co_return failed(name(), written.error());
    }
    auto mends = co_await live_mends(context);
    if (!mends)
      co_return failed("cni.api-unreachable", mends.error().message(),
                       "None: kagent tries again by itself.");
    for (const auto& each : *mends) {
      last = co_await mend(context, each);
      if (!last.ok()) co_return last;
    }
    co_return last;
  }

 private:
  static bool is_applied(const Context& context) {
    if (context.cluster.cni().manifests().empty()) return true;
    const auto stamp = read_file(context.at(applied_list));
    return stamp && *stamp == stamp_of(context);
  }

  static void need_applied(const Context& context, const std::string& source, CheckResult& found) {
    found.need("apply " + source);
    if (is_url(source)) return;
    const auto text = read_file(context.at(source), largest_manifest);
    if (!text) return;
    for (auto& correction : correct_cni_manifest(*text, pod_cidrs_of(context)).corrections)
      found.need("correct in it: " + correction);
  }

  static asio::awaitable<Result<std::vector<CniMend>>> live_mends(ContextPtr context) {
    Command::Argv maps{"kubectl",
                       "--kubeconfig",
                       admin_conf,
                       "--request-timeout=20s",
                       "get",
                       "configmaps",
                       "--all-namespaces",
                       "--field-selector",
                       "metadata.name=kube-flannel-cfg",
                       "-o",
                       "json"};
    Command::Argv sets{"kubectl", "--kubeconfig", admin_conf,         "--request-timeout=20s",
                       "get",     "daemonsets",   "--all-namespaces", "-o",
                       "json"};
    auto config_maps = co_await output_of(context, unit_name("cni", "ask"), std::move(maps), 40s);
    if (!config_maps) co_return config_maps.error();
    auto daemon_sets = co_await output_of(context, unit_name("cni", "ask"), std::move(sets), 40s);
    if (!daemon_sets) co_return daemon_sets.error();
    co_return mends_of_live_cni(*config_maps, *daemon_sets, pod_cidrs_of(*context).v4);
  }

  static asio::awaitable<Outcome> mend(ContextPtr context, CniMend mend) {
    log::warning("{}", mend.change);
    std::vector<Command::Argv> lines;
    for (const auto& arguments : mend.kubectl) {
      Command::Argv argv{"kubectl", "--kubeconfig", admin_conf};
      argv.insert(argv.end(), arguments.begin(), arguments.end());
      lines.push_back(std::move(argv));
    }
    Command command(unit_name("cni"), std::move(lines), 90s);
    auto run = co_await context->commands->run(std::move(command));
    if (!run) co_return failed("cni", run.error());
    if (run->ok()) co_return succeeded(*run);
    std::string message = "the CNI's network could not be corrected: " + how_it_ended(*run);
    co_return co_await unit_failed(
        *run, "cni.correction-failed", std::move(message),
        "Make the changes that `kagentctl plan` shows on the control plane.");
  }

  // noded has no network, so a unit of its own downloads the manifest.
  static asio::awaitable<Outcome> download(ContextPtr context, std::string url, std::string into) {
    Command::Argv argv{"curl",   "--fail",     "--silent", "--show-error", "--location", "--proto",
                       "=https", "--max-time", "60",       "--output",     into,         url};
    Command command(unit_name("cni", "download"), std::move(argv), 90s);
    auto run = co_await context->commands->run(std::move(command));
    if (!run) co_return failed("cni", run.error());
    if (run->ok()) co_return succeeded(*run);
    std::string message = fmt::format("{} could not be downloaded: {}", url, how_it_ended(*run));
    co_return co_await unit_failed(*run, "cni.download-failed", std::move(message),
                                   "Give cni.manifests a file that is in the machine image.");
  }

  // Applies on the server's side: the annotation that a client-side apply keeps is too small for
  // large kinds.
  static asio::awaitable<Result<UnitRun>> kubectl_apply(ContextPtr context, std::string file,
                                                        bool kinds, bool again) {
    Command::Argv apply{"kubectl", "--kubeconfig",  admin_conf,      "apply",
                        "-f",      std::move(file), "--server-side", "--force-conflicts"};
    Command::Argv wait{
        "kubectl", "--kubeconfig", admin_conf,     "wait", "--for=condition=Established",
        "crd",     "--all",        "--timeout=30s"};
    std::vector<Command::Argv> lines;
    if (again) lines.push_back(wait);
    lines.push_back(std::move(apply));
    if (kinds) lines.push_back(std::move(wait));
    Command command(unit_name("cni"), std::move(lines), 90s);
    co_return co_await context->commands->run(std::move(command));
  }

  static asio::awaitable<Outcome> apply_one(ContextPtr context, std::string source,
                                            std::size_t number) {
    std::string file = source;
    if (is_url(source)) {
      file = downloaded(number);
      Outcome fetched = co_await download(context, source, file);
      if (!fetched.ok()) co_return fetched;
    }
    const auto text = read_file(context->at(file), largest_manifest);
    if (!text)
      co_return failed(
          "cni.manifest-missing",
          fmt::format("{} cannot be read: {}", source, text.error().message()),
          "Put it into the machine image, or correct cni.manifests in the ClusterConfig.");
    const auto manifest = correct_cni_manifest(*text, pod_cidrs_of(*context));
    for (const auto& correction : manifest.corrections) log::warning("{}: {}", source, correction);
    const FileWant want{corrected(number), manifest.text, 0600};
    if (auto written = write_in_place(*context, want); !written)
      co_return failed("cni", written.error());
    const bool kinds = brings_kinds(manifest.text);
    auto run = co_await kubectl_apply(context, want.path, kinds, false);
    // The API server at first refuses objects whose kind is in the same manifest.
    if (run && !run->ok() && kinds) run = co_await kubectl_apply(context, want.path, kinds, true);
    if (!run) co_return failed("cni", run.error());
    if (run->ok()) co_return succeeded(*run);
    std::string message = fmt::format("kubectl apply of {} failed: {}", source, how_it_ended(*run));
    co_return co_await unit_failed(*run, "cni.apply-failed", std::move(message),
                                   "See the journal lines for what the API server refused.");
  }
};

}  // namespace

std::unique_ptr<Step> make_cni() {
  return std::make_unique<Cni>();
}

}  // namespace kagent::noded
