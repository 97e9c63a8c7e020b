#include "agent/node/docker_config.hpp"
#include "agent/node/steps/runtime_daemon.hpp"

#include <fmt/format.h>

namespace kagent::node {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr char config_path[] = "/etc/docker/daemon.json";
constexpr char drop_in_path[] = "/etc/systemd/system/cri-docker.service.d/10-kagent.conf";

class Docker final : public RuntimeDaemon {
 public:
  Docker() : RuntimeDaemon("docker") {}

 private:
  asio::awaitable<Result<std::vector<FileWant>>> files(ContextPtr context) override {
    DockerWant want;
    want.daemon = context->cluster.docker().daemon();
    const auto& mirrors = context->cluster.registry_mirrors();
    if (const auto hub = mirrors.find("docker.io"); hub != mirrors.end())
      want.mirrors = {hub->second.endpoints().begin(), hub->second.endpoints().end()};
    auto text = docker_config(text_of(*context, config_path), want);
    if (!text) co_return text.error();
    std::vector<FileWant> wants;
    wants.push_back({config_path, std::move(*text), 0644});
    co_return wants;
  }

  // By what it does, not by what its file says.
  asio::awaitable<Result<bool>> answers(ContextPtr context) override {
    Command::Argv argv{"docker", "info", "--format", "{{.CgroupDriver}}"};
    Command command = Command::capturing(unit_name("runtime", "info"), std::move(argv), 20s);
    auto run = co_await context->units->run(std::move(command));
    if (!run) co_return run.error();
    co_return run->ok() && run->output.starts_with("systemd");
  }
};

// As its own unit has it, with the sandbox image that kubeadm names.
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

  asio::awaitable<Result<bool>> answers(ContextPtr context) override {
    co_return co_await cri_answers(context, cri_endpoint(*context));
  }
};

}  // namespace

std::unique_ptr<RuntimeDaemon> make_docker() {
  return std::make_unique<Docker>();
}
std::unique_ptr<RuntimeDaemon> make_cri_dockerd() {
  return std::make_unique<CriDockerd>();
}

}  // namespace kagent::node
