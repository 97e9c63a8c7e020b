#include "agent/noded/step/common.hpp"

#include "agent/common/base/paths.hpp"
#include "agent/noded/machine/machine.hpp"
#include "tests/support/result.hpp"
#include "tests/unit/noded/fake_units.hpp"

#include <catch2/catch_test_macros.hpp>

#include <sys/stat.h>

namespace kagent::noded {
namespace {

unsigned mode_of(const Machine& machine, const std::string& path) {
  struct stat status {};
  return ::stat(machine.context->at(path).c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
}

void install_kubeadm(const Machine& machine, const std::string& text) {
  machine.write("/usr/bin/kubeadm", text);
  std::filesystem::permissions(machine.context->at("/usr/bin/kubeadm"),
                               std::filesystem::perms::owner_all);
}

}  // namespace

TEST_CASE("F17 kagentd may watch the folders that steps make, whatever noded's umask") {
  const Machine machine;
  const mode_t before = ::umask(0077);
  const FileWant file{"/etc/systemd/system/kubelet.service.d/20-x.conf", "text", 0644};
  const FileWant secret{std::string(paths::noded_run) + "/patches/a.yaml", "secret", 0600};
  CHECK(write_in_place(*machine.context, file));
  CHECK(write_in_place(*machine.context, secret));
  ::umask(before);
  CHECK(mode_of(machine, "/etc/systemd/system") == 0755);
  CHECK(mode_of(machine, "/etc/systemd/system/kubelet.service.d") == 0755);
  CHECK(mode_of(machine, std::string(paths::noded_run) + "/patches") == 0700);
  CHECK(machine.read(file.path) == "text");
}

TEST_CASE("A folder that is there keeps its mode") {
  const Machine machine;
  std::filesystem::create_directories(machine.context->at("/etc/docker"));
  REQUIRE(::chmod(machine.context->at("/etc/docker").c_str(), 0710) == 0);
  CHECK(write_in_place(*machine.context, {"/etc/docker/daemon.json", "{}", 0644}));
  CHECK(mode_of(machine, "/etc/docker") == 0710);
}

TEST_CASE("A program is asked once, until it is another program or the question is another") {
  const Machine machine;
  machine.context->answers = std::make_shared<Answers>();
  install_kubeadm(machine, "1.31");
  machine.units->on_run = [&](const Command& command) {
    return printed(command, machine.read("/usr/bin/kubeadm"));
  };
  const auto ask = [&](const std::string& input) {
    auto answer = finish(answer_of(machine.context, "kagent-kubeadm-version.service",
                                   {"kubeadm", "version"}, input, std::chrono::seconds(1)));
    return answer ? *answer : answer.error().message();
  };
  CHECK(ask("") == "1.31");
  CHECK(ask("") == "1.31");
  CHECK(machine.units->commands.size() == 1);
  CHECK(ask("another ClusterConfig") == "1.31");
  CHECK(machine.units->commands.size() == 2);
  install_kubeadm(machine, "1.32");
  CHECK(ask("") == "1.32");
  CHECK(machine.units->commands.size() == 3);
}

TEST_CASE("What a program that failed has said is not kept") {
  const Machine machine;
  machine.context->answers = std::make_shared<Answers>();
  install_kubeadm(machine, "1.31");
  bool well = false;
  machine.units->on_run = [&](const Command& command) {
    return well ? printed(command, "v1.31.0") : failing(command, 1);
  };
  const auto ask = [&] {
    return finish(answer_of(machine.context, "kagent-kubeadm-version.service",
                            {"kubeadm", "version"}, "", std::chrono::seconds(1)));
  };
  CHECK_FALSE(ask());
  well = true;
  CHECK(ask());
}

TEST_CASE("The units of the runtime are those of the ClusterConfig") {
  const Machine machine;
  CHECK(runtime_units(*machine.context) == std::vector<std::string>{"containerd.service"});
  machine.context->cluster.set_runtime("docker");
  CHECK(runtime_units(*machine.context).front() == "docker.service");
}

TEST_CASE("Of EC2's names in several domains the first is the node's") {
  CHECK(machine::hostname_from("ip-10-0-0-1.a.com b.com\n") == "ip-10-0-0-1.a.com");
  CHECK(machine::hostname_from("IP-10-0-0-1.Example.com") == "ip-10-0-0-1.example.com");
  CHECK(machine::hostname_from(" \n").empty());
}

}  // namespace kagent::noded
