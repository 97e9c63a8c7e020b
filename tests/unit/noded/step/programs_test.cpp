#include "agent/noded/step/programs.hpp"

#include "tests/support/result.hpp"
#include "tests/unit/noded/fake_units.hpp"

#include <catch2/catch_test_macros.hpp>

namespace kagent::noded {
namespace {

void install_kubeadm(const Machine& machine, const std::string& text) {
  machine.write("/usr/bin/kubeadm", text);
  std::filesystem::permissions(machine.context->at("/usr/bin/kubeadm"),
                               std::filesystem::perms::owner_all);
}

}  // namespace

TEST_CASE("A program runs once, until its file or the question changes") {
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

TEST_CASE("The output of a failed program is not kept") {
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

}  // namespace kagent::noded
