#include "agent/noded/runtime/containerd_config.hpp"
#include "agent/noded/runtime/runtime_daemon.hpp"
#include "agent/noded/step/cri.hpp"
#include "agent/noded/step/files.hpp"
#include "agent/noded/step/programs.hpp"
#include "agent/noded/step/step.hpp"

namespace kagent::noded {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr char config_path[] = "/etc/containerd/config.toml";

ContainerdWant want_of(const v1::ClusterConfig& cluster) {
  ContainerdWant want;
  for (const auto& [name, text] : cluster.containerd().drop_ins()) want.drop_ins[name] = text;
  for (const auto& [registry, mirrors] : cluster.registry_mirrors())
    want.mirrors[registry] = {mirrors.endpoints().begin(), mirrors.endpoints().end()};
  return want;
}

class Containerd final : public RuntimeDaemon {
 public:
  Containerd() : RuntimeDaemon("containerd", config_path) {}

 private:
  asio::awaitable<Result<std::vector<FileWant>>> files(ContextPtr context) override {
    ContainerdWant want = want_of(context->cluster);
    auto image = co_await sandbox_image(context);
    if (!image) co_return image.error();
    want.sandbox_image = *image;
    Command::Argv argv{"containerd", "--version"};
    auto version =
        co_await answer_of(context, unit_name("runtime", "version"), std::move(argv), "", 30s);
    if (!version) co_return version.error();
    want.version_3 =
        version->find(" v2.") != std::string::npos || version->find(" 2.") != std::string::npos;
    auto text = containerd_config(original_text(*context, config_path), want);
    if (!text) co_return text.error();
    std::vector<FileWant> wants;
    const std::string folder = registry_folder(*text);
    for (const auto& [registry, mirrors] : want.mirrors)
      wants.push_back({folder + "/" + registry_file(registry), hosts_toml(mirrors), 0644});
    wants.push_back({config_path, std::move(*text), 0644});
    co_return wants;
  }

  asio::awaitable<Result<Answer>> answers(ContextPtr context) override {
    auto info = co_await cri_info(context, containerd_endpoint);
    if (!info) co_return info.error();
    if (!*info) co_return Answer::none;
    co_return has_other_cgroups(**info) ? Answer::other_cgroups : Answer::well;
  }

  asio::awaitable<Result<Command::Argv>> validation(ContextPtr, std::string config) override {
    Command::Argv argv{"containerd", "--config", config, "config", "dump"};
    co_return argv;
  }
};

}  // namespace

std::unique_ptr<RuntimeDaemon> make_containerd() {
  return std::make_unique<Containerd>();
}

}  // namespace kagent::noded
