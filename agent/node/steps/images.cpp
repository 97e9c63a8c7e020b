#include "agent/base/file.hpp"
#include "agent/node/steps/kubernetes.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace kagent::node {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr char list_config[] = "/run/kagent/images.yaml";
constexpr char imported_list[] = "/var/lib/kagent-noded/imported-images";
constexpr auto pull_limit = 900s;

// Archives of the air-gapped folder, each with what tells a new one from an old one.
std::vector<std::pair<std::string, std::string>> archives(const Context& context) {
  std::vector<std::pair<std::string, std::string>> found;
  const std::string& folder = context.cluster.images().directory();
  if (folder.empty()) return found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(context.at(folder), error)) {
    if (entry.path().extension() != ".tar") continue;
    std::error_code ignored;
    const auto written = entry.last_write_time(ignored).time_since_epoch().count();
    found.emplace_back(folder + "/" + entry.path().filename().string(),
                       fmt::format("{} {} {}", entry.path().filename().string(),
                                   entry.file_size(ignored), written));
  }
  std::ranges::sort(found);
  return found;
}

std::vector<std::string> not_imported(const Context& context) {
  std::set<std::string> known;
  if (const auto text = read_file(context.at(imported_list)))
    for (const auto& line : lines_of(*text)) known.insert(line);
  std::vector<std::string> left;
  for (const auto& [path, stamp] : archives(context))
    if (!known.contains(stamp)) left.push_back(path);
  return left;
}

Result<> remember_imported(const Context& context) {
  std::string text;
  for (const auto& [path, stamp] : archives(context)) text += stamp + "\n";
  return write_in_place(context, {imported_list, text, 0600});
}

// A worker runs kube-proxy and sandboxes; the rest of the list is a control plane's.
bool wants(const Context& context, const std::string& image) {
  return context.control_plane() || image.find("/kube-proxy:") != std::string::npos ||
         image.find("/pause:") != std::string::npos;
}

asio::awaitable<Result<std::set<std::string>>> present(ContextPtr context) {
  Command::Argv argv{"crictl",     "--timeout", "30s", "--runtime-endpoint",
                     cri_endpoint, "images",    "-o",  "json"};
  auto output = co_await output_of(context, unit_name("images", "list"), std::move(argv), 60s);
  if (!output) co_return output.error();
  const auto parsed = nlohmann::json::parse(*output, nullptr, false);
  if (!parsed.is_object()) co_return Error(Errc::protocol, "crictl images prints no JSON");
  std::set<std::string> tags;
  for (const auto& image : parsed.value("images", nlohmann::json::array()))
    for (const auto& tag : image.value("repoTags", nlohmann::json::array()))
      tags.insert(tag.get<std::string>());
  co_return tags;
}

asio::awaitable<Result<std::vector<std::string>>> missing(ContextPtr context) {
  auto listed = co_await kubeadm_images(context, list_config);
  if (!listed) co_return listed.error();
  auto there = co_await present(context);
  if (!there) co_return there.error();
  std::vector<std::string> left;
  for (const auto& image : *listed)
    if (wants(*context, image) && !there->contains(image)) left.push_back(image);
  co_return left;
}

class Images final : public Step {
 public:
  [[nodiscard]] std::string_view name() const override { return "images"; }

  asio::awaitable<Result<CheckResult>> check(ContextPtr context) override {
    CheckResult found;
    for (const auto& archive : not_imported(*context)) found.need("import " + archive);
    auto absent = co_await missing(context);
    if (!absent) co_return absent.error();
    for (const auto& image : *absent) found.need("pull " + image);
    co_return found;
  }

  asio::awaitable<Outcome> apply(ContextPtr context) override {
    const auto tars = not_imported(*context);
    if (!tars.empty()) {
      Outcome imported = co_await import(context, tars);
      if (!imported.ok()) co_return imported;
    }
    auto absent = co_await missing(context);
    if (!absent) co_return failed(name(), absent.error());
    if (absent->empty()) co_return succeeded();
    std::vector<Command::Argv> lines;
    for (const auto& image : *absent) {
      Command::Argv argv{"crictl", "--runtime-endpoint", cri_endpoint, "pull", image};
      lines.push_back(std::move(argv));
    }
    Command command(unit_name("images"), std::move(lines), pull_limit);
    auto run = co_await context->units->run(std::move(command));
    if (!run) co_return failed(name(), run.error());
    auto left = co_await missing(context);
    if (run->ok() && left && left->empty()) co_return succeeded(*run);
    const std::string which = left && !left->empty() ? left->front() : absent->front();
    std::string message = fmt::format("{} could not be pulled: {}", which, how_it_ended(*run));
    co_return co_await unit_failed(
        *run, "images.pull-failed", std::move(message),
        "See that the node reaches the registry, or give images.repository or images.directory in "
        "the ClusterConfig; kagent tries again by itself.");
  }

 private:
  static asio::awaitable<Outcome> import(ContextPtr context, std::vector<std::string> tars) {
    std::vector<Command::Argv> lines;
    for (const auto& tar : tars) {
      Command::Argv argv{"ctr",    "--address", containerd_socket, "-n",
                         "k8s.io", "images",    "import",          tar};
      lines.push_back(std::move(argv));
    }
    Command command(unit_name("images", "import"), std::move(lines), pull_limit);
    auto run = co_await context->units->run(std::move(command));
    if (!run) co_return failed("images", run.error());
    if (!run->ok()) {
      std::string message = fmt::format("an archive of {} could not be imported: {}",
                                        context->cluster.images().directory(), how_it_ended(*run));
      co_return co_await unit_failed(*run, "images.import-failed", std::move(message),
                                     "See the journal lines for the archive; make it anew.");
    }
    if (auto kept = remember_imported(*context); !kept) co_return failed("images", kept.error());
    co_return succeeded(*run);
  }
};

}  // namespace

std::unique_ptr<Step> make_images() {
  return std::make_unique<Images>();
}

}  // namespace kagent::node
