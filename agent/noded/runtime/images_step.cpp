#include "agent/common/base/file.hpp"
#include "agent/noded/kubeadm/kubeadm_run.hpp"
#include "agent/noded/step/cri.hpp"
#include "agent/noded/step/files.hpp"
#include "agent/noded/step/outcome.hpp"
#include "agent/noded/step/programs.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>

namespace kagent::noded {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr char imported_list[] = "/var/lib/kagent-noded/imported-images";
constexpr auto pull_limit = 600s;  // for one image

// State that parallel pulls share.
struct Pulls {
  ContextPtr context;
  std::vector<std::string> absent;
  std::size_t next = 0;  // index in absent
  std::vector<std::string> not_pulled;
  UnitRun bad;   // the last failed run
  UnitRun good;  // the last successful run
  std::optional<Error> error;
};

// Archives in the air-gapped folder, each with what distinguishes a new file from an old one.
using Archives = std::vector<std::pair<std::string, std::string>>;
Archives archives(const Context& context) {
  Archives found;
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

std::set<std::string> imported(const Context& context) {
  std::set<std::string> known;
  if (const auto text = read_file(context.at(imported_list)))
    for (const auto& line : lines_of(*text)) known.insert(line);
  return known;
}

Archives not_imported(const Context& context) {
  const auto known = imported(context);
  Archives left = archives(context);
  std::erase_if(left, [&](const auto& archive) { return known.contains(archive.second); });
  return left;
}

Result<> remember_imported(const Context& context, const std::string& stamp) {
  auto known = imported(context);
  known.insert(stamp);
  std::string text;
  for (const auto& [path, each] : archives(context))
    if (known.contains(each)) text += each + "\n";
  return write_in_place(context, {imported_list, text, 0600});
}

// A worker needs kube-proxy and the sandbox image; the rest of the list is for control planes.
bool wants(const Context& context, const std::string& image) {
  return context.control_plane() || image.find("/kube-proxy:") != std::string::npos ||
         image.find("/pause:") != std::string::npos;
}

// The name with its defaults, docker.io and library/. Runtimes list images in different forms.
std::string full_name(const std::string& image) {
  const auto slash = image.find('/');
  const std::string first = image.substr(0, slash);
  const bool is_registry = slash != std::string::npos &&
                           (first.find_first_of(".:") != std::string::npos || first == "localhost");
  if (is_registry && first != "docker.io") return image;
  const std::string rest = is_registry ? image.substr(slash + 1) : image;
  return (rest.find('/') == std::string::npos ? "docker.io/library/" : "docker.io/") + rest;
}

std::set<std::string> full_names(const std::vector<std::string>& images) {
  std::set<std::string> names;
  for (const auto& image : images) names.insert(full_name(image));
  return names;
}

// dockershim answers only while kubelet runs; dockerd always answers.
asio::awaitable<Result<std::set<std::string>>> present_in_docker(ContextPtr context) {
  Command::Argv argv{"docker", "images", "--format", "{{.Repository}}:{{.Tag}}"};
  auto output = co_await output_of(context, unit_name("images", "list"), std::move(argv), 60s);
  if (!output) co_return output.error();
  co_return full_names(lines_of(*output));
}

asio::awaitable<Result<std::set<std::string>>> present(ContextPtr context) {
  if (uses_docker(*context)) co_return co_await present_in_docker(context);
  Command::Argv argv{"crictl", "--timeout", "30s", "--runtime-endpoint", containerd_endpoint,
                     "images", "-o",        "json"};
  auto output = co_await output_of(context, unit_name("images", "list"), std::move(argv), 60s);
  if (!output) co_return output.error();
  const auto parsed = nlohmann::json::parse(*output, nullptr, false);
  if (!parsed.is_object()) co_return Error(Errc::protocol, "crictl images prints no JSON");
  std::vector<std::string> tags;
  for (const auto& image : parsed.value("images", nlohmann::json::array()))
    for (const auto& tag : image.value("repoTags", nlohmann::json::array()))
      tags.push_back(tag.get<std::string>());
  co_return full_names(tags);
}

asio::awaitable<Result<std::vector<std::string>>> missing(ContextPtr context) {
  auto listed = co_await kubeadm_images(context);
  if (!listed) co_return listed.error();
  auto there = co_await present(context);
  if (!there) co_return there.error();
  std::vector<std::string> left;
  for (const auto& image : *listed)
    if (wants(*context, image) && !there->contains(full_name(image))) left.push_back(image);
  co_return left;
}

Command::Argv pull_command(const Context& context, const std::string& image) {
  if (uses_docker(context)) return {"docker", "pull", "--quiet", image};
  return {"crictl", "--runtime-endpoint", containerd_endpoint, "pull", image};
}

Command::Argv import_command(const Context& context, const std::string& tar) {
  if (uses_docker(context)) return {"docker", "load", "--quiet", "--input", tar};
  return {"ctr", "--address", containerd_socket, "-n", "k8s.io", "images", "import", tar};
}

class Images final : public Step {
 public:
  [[nodiscard]] std::string_view name() const override { return "images"; }

  asio::awaitable<Result<CheckResult>> check(ContextPtr context) override {
    CheckResult found;
    if (const auto& folder = context->cluster.images().directory();
        !folder.empty() && !context->exists(folder))
      found.need("find the folder of image archives " + folder);
    for (const auto& archive : not_imported(*context)) found.need("import " + archive.first);
    if (is_to_come(*context, "kubeadm")) {
      found.need("pull what kubeadm names, once it is installed");
      co_return found;
    }
    auto listed = co_await kubeadm_images(context);
    if (!listed) co_return listed.error();
    // A runtime that is not up yet has no images. apply reports a runtime that still does not
    // answer.
    auto there = co_await present(context);
    for (const auto& image : *listed)
      if (wants(*context, image) && !(there && there->contains(full_name(image))))
        found.need("pull " + image);
    co_return found;
  }

  asio::awaitable<Outcome> apply(ContextPtr context) override {
    if (const auto& folder = context->cluster.images().directory();
        !folder.empty() && !context->exists(folder))
      co_return failed(
          "images.no-directory", folder + ", the folder of image archives, is not there",
          "Put it into the machine image, or correct images.directory in the ClusterConfig.");
    Outcome imported = co_await import(context, not_imported(*context));
    if (!imported.ok()) co_return imported;
    auto absent = co_await missing(context);
    if (!absent) co_return failed(name(), absent.error());
    co_return co_await pull(context, std::move(*absent));
  }

 private:
  // A failed pull does not stop the other pulls.
  static asio::awaitable<void> pull_some(std::shared_ptr<Pulls> pulls, std::string unit) {
    const Context& context = *pulls->context;
    const auto& images = pulls->absent;
    while (!pulls->error && pulls->next < images.size()) {
      const std::string image = images[pulls->next++];
      context.progress(fmt::format("{} of {}: pulling {}", pulls->next, images.size(), image));
      auto argv = pull_command(context, image);
      Command command(unit, std::move(argv), pull_limit);
      auto run = co_await context.commands->run(std::move(command));
      if (!run) {
        pulls->error = run.error();
      } else if (run->ok()) {
        pulls->good = std::move(*run);
      } else {
        pulls->not_pulled.push_back(image);
        pulls->bad = std::move(*run);
      }
    }
  }

  // Three pulls at a time use the time that a registry takes to answer.
  static asio::awaitable<Outcome> pull(ContextPtr context, std::vector<std::string> absent) {
    using namespace asio::experimental::awaitable_operators;
    auto pulls = std::make_shared<Pulls>();
    pulls->context = context;
    pulls->absent = std::move(absent);
    auto first = pull_some(pulls, unit_name("images", "1"));
    auto second = pull_some(pulls, unit_name("images", "2"));
    auto third = pull_some(pulls, unit_name("images", "3"));
    co_await (std::move(first) && std::move(second) && std::move(third));
    if (pulls->error) co_return failed("images", *pulls->error);
    const auto& not_pulled = pulls->not_pulled;
    auto left = co_await missing(context);
    if (!left) co_return failed("images", left.error());
    if (left->empty()) co_return succeeded(pulls->good);
    // The image was pulled but is missing: removed for lack of room, or replaced under its name.
    if (not_pulled.empty())
      co_return failed("images.vanished",
                       fmt::format("pulled, but not there: {}", fmt::join(*left, ", ")),
                       "See whether the disk is full, and `crictl images` on the node.");
    std::string message = fmt::format("{} of {} images could not be pulled: {}", not_pulled.size(),
                                      pulls->absent.size(), fmt::join(not_pulled, ", "));
    Outcome outcome = co_await unit_failed(
        std::move(pulls->bad), "images.pull-failed", std::move(message),
        "See that the node reaches the registry, or give images.repository or images.directory in "
        "the ClusterConfig; kagent tries again by itself.");
    Failure& failure = *outcome.failure;
    for (const auto& line : failure.journal)
      if (line.find("no space left on device") != std::string::npos) {
        failure.id = Cause("images.disk-full");
        failure.remedy = "Make room on the node's disk; kagent tries again by itself.";
      }
    co_return outcome;
  }

  static asio::awaitable<Outcome> import(ContextPtr context, Archives archives) {
    Outcome last = succeeded();
    for (std::size_t n = 0; n < archives.size(); ++n) {
      const auto& [path, stamp] = archives[n];
      context->progress(fmt::format("{} of {}: importing {}", n + 1, archives.size(), path));
      auto argv = import_command(*context, path);
      Command command(unit_name("images", "import"), std::move(argv), pull_limit);
      auto run = co_await context->commands->run(std::move(command));
      if (!run) co_return failed("images", run.error());
      if (!run->ok()) {
        std::string message = fmt::format("{} could not be imported: {}", path, how_it_ended(*run));
        co_return co_await unit_failed(std::move(*run), "images.import-failed", std::move(message),
                                       "See the journal lines; make the archive anew.");
      }
      last = succeeded(*run);
      if (auto kept = remember_imported(*context, stamp); !kept)
        co_return failed("images", kept.error());
    }
    co_return last;
  }
};

}  // namespace

std::unique_ptr<Step> make_images() {
  return std::make_unique<Images>();
}

}  // namespace kagent::noded
