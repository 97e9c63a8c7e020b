#include "agent/base/file.hpp"
#include "agent/base/log.hpp"
#include "agent/base/pki.hpp"
#include "agent/node/cni_manifest.hpp"
#include "agent/node/steps/kubernetes.hpp"

#include <fmt/format.h>

namespace kagent::node {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr char applied_list[] = "/var/lib/kagent-noded/cni-applied";
constexpr std::size_t largest_manifest = 4 << 20;

std::string ipv4_of(const std::string& cidrs) {
  std::size_t from = 0;
  while (from <= cidrs.size()) {
    const auto comma = std::min(cidrs.find(',', from), cidrs.size());
    const std::string one = cidrs.substr(from, comma - from);
    if (one.find(':') == std::string::npos) return one;
    from = comma + 1;
  }
  return {};
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

// What has been applied, as the ClusterConfig names it, in this very cluster.
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
    if (context->cluster.cni().manifests().empty()) co_return found;
    const auto stamp = read_file(context->at(applied_list));
    if (stamp && *stamp == stamp_of(*context)) co_return found;
    for (const auto& source : context->cluster.cni().manifests()) found.need("apply " + source);
    co_return found;
  }

  asio::awaitable<Outcome> apply(ContextPtr context) override {
    const auto& sources = context->cluster.cni().manifests();
    Outcome last = succeeded();
    for (int number = 0; number < sources.size(); ++number) {
      const std::string source = sources.Get(number);
      last = co_await apply_one(context, source, static_cast<std::size_t>(number));
      if (!last.ok()) co_return last;
    }
    const FileWant stamp{applied_list, stamp_of(*context), 0600};
    if (auto written = write_in_place(*context, stamp); !written)
      co_return failed(name(), written.error());
    co_return last;
  }

 private:
  // noded has no network: a unit of its own fetches it.
  static asio::awaitable<Outcome> download(ContextPtr context, std::string url, std::string into) {
    Command::Argv argv{"curl",   "--fail",     "--silent", "--show-error", "--location", "--proto",
                       "=https", "--max-time", "60",       "--output",     into,         url};
    Command command(unit_name("cni", "download"), std::move(argv), 90s);
    auto run = co_await context->units->run(std::move(command));
    if (!run) co_return failed("cni", run.error());
    if (run->ok()) co_return succeeded(*run);
    std::string message = fmt::format("{} could not be fetched: {}", url, how_it_ended(*run));
    co_return co_await unit_failed(*run, "cni.download-failed", std::move(message),
                                   "Give cni.manifests a file that is in the machine image.");
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
      co_return failed("cni.manifest-missing",
                       fmt::format("{} cannot be read: {}", source, text.error().message()),
                       "Put it into the machine image, or mend cni.manifests of ClusterConfig.");
    const auto manifest = correct_cni_manifest(*text, ipv4_of(context->cluster.pod_cidr()));
    for (const auto& correction : manifest.corrections) log::warning("{}: {}", source, correction);
    const FileWant want{corrected(number), manifest.text, 0600};
    if (auto written = write_in_place(*context, want); !written)
      co_return failed("cni", written.error());
    Command::Argv argv{"kubectl", "--kubeconfig", admin_conf, "apply", "-f", want.path};
    Command command(unit_name("cni"), std::move(argv), 90s);
    auto run = co_await context->units->run(std::move(command));
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

}  // namespace kagent::node
