#include "agent/noded/kubeadm/kubeadm_run.hpp"
#include "agent/noded/step/kubernetes_paths.hpp"
#include "tests/unit/noded/fake_units.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace kagent;
using namespace kagent::noded;

namespace {

// A node that has joined, with the API server's answer.
struct Joined : Machine {
  std::unique_ptr<Step> step = make_ready();
  std::string version = "v1.35.0\n";
  std::string node;  // JSON; empty: not registered

  Joined() {
    write(kubelet_conf, "");
    units->on_run = [this](const Command& command) {
      if (command.lines.front()[1] == "version") return printed(command, version);
      if (command.unit == "kagent-ready-ask.service") return printed(command, node);
      return printed(command, "");
    };
  }
  [[nodiscard]] std::vector<std::string> awaited() const {
    std::vector<std::string> conditions;
    for (const Command& command : units->commands)
      if (command.unit == "kagent-ready.service")
        for (const auto& line : command.lines)
          for (const auto& word : line)
            if (word.starts_with("--for=")) conditions.push_back(word);
    return conditions;
  }
};

}  // namespace

TEST_CASE("The step waits for kubelet to register the node, if kubectl can wait for that") {
  Joined machine;
  (void)machine.apply(*machine.step);
  CHECK(machine.awaited() == std::vector<std::string>{"--for=create", "--for=condition=Ready"});
  Joined older;
  older.version = "v1.30.9\n";
  (void)older.apply(*older.step);
  CHECK(older.awaited() == std::vector<std::string>{"--for=condition=Ready"});
}

TEST_CASE("A node that is not registered is not said to lack a CNI") {
  Joined machine;
  CHECK(machine.apply(*machine.step).cause() == "ready.not-registered");
  machine.node = R"({"status": {"conditions": [{"type": "Ready", "status": "False",
                     "reason": "KubeletNotReady", "message": "cni plugin not initialized"}]}})";
  CHECK(machine.apply(*machine.step).cause() == "ready.no-cni");
}
