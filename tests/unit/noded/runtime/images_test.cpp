#include "tests/unit/noded/fake_units.hpp"

#include <catch2/catch_test_macros.hpp>

#include <set>

using namespace kagent::noded;

namespace {

// A machine whose kubeadm needs three images and whose runtime has the images in `there`.
struct Node : Machine {
  std::set<std::string> there;
  std::set<std::string> refused;
  std::vector<std::string> said;

  Node() {
    context->assignment.emplace().set_role("worker");
    context->progress = [this](const std::string& text) { said.push_back(text); };
    units->on_run = [this](const Command& command) { return run(command); };
  }

  UnitRun run(const Command& command) {
    const auto& argv = command.lines.front();
    if (argv[0] == "kubeadm" && argv[1] == "version") return printed(command, "v1.22.4\n");
    if (argv[0] == "kubeadm")
      return printed(command,
                     "k8s.gcr.io/kube-apiserver:v1.22.4\nk8s.gcr.io/kube-proxy:v1.22.4\n"
                     "k8s.gcr.io/pause:3.5\n");
    if (argv[0] == "ctr")
      return refused.contains(argv.back()) ? failing(command, 1) : printed(command, "");
    if (argv[3] == "pull") {
      if (refused.contains(argv.back())) return failing(command, 1);
      there.insert(argv.back());
      return printed(command, "");
    }
    std::string tags;
    for (const auto& image : there) tags += (tags.empty() ? "" : ",") + ("\"" + image + "\"");
    return printed(command, R"({"images": [{"repoTags": [)" + tags + "]}]}");
  }
};

}  // namespace

TEST_CASE("images: a worker pulls what it needs, reports its progress, and pulls nothing twice") {
  Node node;
  auto step = make_images();
  CHECK(node.check(*step) == std::vector<std::string>{"pull k8s.gcr.io/kube-proxy:v1.22.4",
                                                      "pull k8s.gcr.io/pause:3.5"});
  CHECK(node.apply(*step).ok());
  CHECK(node.said == std::vector<std::string>{"1 of 2: pulling k8s.gcr.io/kube-proxy:v1.22.4",
                                              "2 of 2: pulling k8s.gcr.io/pause:3.5"});
  CHECK(node.check(*step).empty());
  node.said.clear();
  CHECK(node.apply(*step).ok());
  CHECK(node.said.empty());
}

TEST_CASE("images: a failed pull is named and does not stop the others") {
  Node node;
  auto step = make_images();
  node.refused = {"k8s.gcr.io/kube-proxy:v1.22.4"};
  const Outcome outcome = node.apply(*step);
  CHECK(outcome.cause() == "images.pull-failed");
  CHECK(outcome.failure->message ==
        "1 of 2 images could not be pulled: k8s.gcr.io/kube-proxy:v1.22.4");
  CHECK(node.there == std::set<std::string>{"k8s.gcr.io/pause:3.5"});
  node.refused.clear();
  CHECK(node.apply(*step).ok());
}

TEST_CASE("images: each archive of the air-gapped folder is imported once") {
  Node node;
  auto step = make_images();
  node.there = {"k8s.gcr.io/kube-proxy:v1.22.4", "k8s.gcr.io/pause:3.5"};
  node.context->cluster.mutable_images()->set_directory("/srv/images");
  CHECK(node.apply(*step).cause() == "images.no-directory");
  node.write("/srv/images/a.tar", "a");
  node.write("/srv/images/b.tar", "b");
  node.write("/srv/images/README", "not one");
  CHECK(node.check(*step) ==
        std::vector<std::string>{"import /srv/images/a.tar", "import /srv/images/b.tar"});
  node.refused = {"/srv/images/b.tar"};
  const Outcome outcome = node.apply(*step);
  CHECK(outcome.cause() == "images.import-failed");
  CHECK(outcome.failure->message.find("/srv/images/b.tar") != std::string::npos);
  CHECK(node.check(*step) == std::vector<std::string>{"import /srv/images/b.tar"});
  node.refused.clear();
  CHECK(node.apply(*step).ok());
  CHECK(node.check(*step).empty());
}

TEST_CASE("images: docker lists names without docker.io") {
  Machine machine;
  auto step = make_images();
  machine.context->cluster.set_runtime("docker");
  machine.context->assignment.emplace().set_role("worker");
  std::string there;
  machine.units->on_run = [&](const Command& command) {
    const auto& argv = command.lines.front();
    if (argv[0] == "kubeadm" && argv[1] == "version") return printed(command, "v1.32.4\n");
    if (argv[0] == "kubeadm")
      return printed(command, "docker.io/mirror/kube-proxy:v1.32.4\nmirror/pause:3.10\n");
    if (argv[1] == "pull") there = "mirror/kube-proxy:v1.32.4\nmirror/pause:3.10\n";
    return printed(command, there);
  };
  CHECK(machine.check(*step).size() == 2);
  CHECK(machine.apply(*step).ok());
  CHECK(machine.check(*step).empty());
}
