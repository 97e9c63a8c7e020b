#include "agent/noded/packages/versions.hpp"
#include "agent/noded/runtime/docker_config.hpp"
#include "agent/noded/runtime/runtime_daemon.hpp"
#include "agent/noded/step/cri.hpp"
#include "agent/noded/step/files.hpp"
#include "agent/noded/step/programs.hpp"
#include "agent/noded/step/step.hpp"

#include <fmt/format.h>

namespace kagent::noded {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr char config_path[] = "/etc/docker/daemon.json";
constexpr char drop_in_path[] = "/etc/systemd/system/cri-docker.service.d/10-kagent.conf";

class Docker final : public RuntimeDaemon {
 public:
  Docker() : RuntimeDaemon("docker", config_path) {}

 private:
  asio::awaitable<Result<std::vector<FileWant>>> files(ContextPtr context) override {
    DockerWant want;
    want.daemon = context->cluster.docker().daemon();
    const auto& mirrors = context->cluster.registry_mirrors();
    if (const auto hub = mirrors.find("docker.io"); hub != mirrors.end())
      want.mirrors = {hub->second.endpoints().begin(), hub->second.endpoints().end()};
    auto text = docker_config(original_text(*context, config_path), want);
    if (!text) co_return text.error();
    std::vector<FileWant> wants;
    wants.push_back({config_path, std::move(*text), 0644});
    co_return wants;
  }

  // Asks dockerd, since its file need not be in effect.
  asio::awaitable<Result<Answer>> answers(ContextPtr context) override {
    Command::Argv argv{"docker", "info", "--format", "{{.CgroupDriver}}"};
    Command command = Command::capturing(unit_name("runtime", "info"), std::move(argv), 20s);
    auto run = co_await context->commands->run(std::move(command));
    if (!run) co_return run.error();
    if (!run->ok()) co_return Answer::none;
    co_return run->output.starts_with("systemd") ? Answer::well : Answer::other_cgroups;
  }

  asio::awaitable<Result<Command::Argv>> validation(ContextPtr context,
                                                    std::string config) override {
    constexpr packages::Version first_that_can{23, 0, 0};
    Command::Argv ask{"docker", "--version"};
    auto output =
        co_await answer_of(context, unit_name("runtime", "version"), std::move(ask), "", 30s);
    if (!output) co_return output.error();
    const auto version = packages::find_version(*output);
    if (!version || *version < first_that_can) co_return Command::Argv{};
    Command::Argv argv{"dockerd", "--validate", "--config-file", config};
    co_return argv;
  }
};

// The ExecStart of cri-dockerd's own unit, with the sandbox image that kubeadm names.
class CriDockerd final : public RuntimeDaemon {
 public:
  CriDockerd() : RuntimeDaemon("cri-docker") {}

 private:
  asio::awaitable<Result<std::vector<FileWant>>> files(ContextPtr context) override {
    auto image = co_await sandbox_image(context);
    if (!image) co_return image.error();
    std::string text = fmt::format(
        "# Made by kagent.\n[Service]\nExecStart=\nExecStart=/usr/bin/env cri-dockerd "
        "--container-runtime-endpoint fd:// --pod-infra-container-image={}\n",
        *image);
    std::vector<FileWant> wants;
    wants.push_back({drop_in_path, std::move(text), 0644});
    co_return wants;
  }

  asio::awaitable<Result<Answer>> answers(ContextPtr context) override {
    auto info = co_await cri_info(context, cri_endpoint(*context));
    if (!info) co_return info.error();
    co_return *info ? Answer::well : Answer::none;
  }
};

}  // namespace

std::unique_ptr<RuntimeDaemon> make_docker() {
  return std::make_unique<Docker>();
}
std::unique_ptr<RuntimeDaemon> make_cri_dockerd() {
  return std::make_unique<CriDockerd>();
}

}  // namespace kagent::noded
