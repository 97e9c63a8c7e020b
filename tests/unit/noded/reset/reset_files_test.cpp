#include "agent/noded/step/step.hpp"
#include "tests/support/result.hpp"
#include "tests/unit/noded/fake_units.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

namespace kagent::noded {
namespace {

using Lines = std::vector<Command::Argv>;

// A node where an operator has added an audit policy to kubeadm's files.
struct Left : Machine {
  Left() {
    context->reset_ordered = true;
    context->before = std::make_shared<Before>(context->root, context->root / before_file);
    Before::Survey survey;
    survey.folders["/etc/kubernetes"] = {"manifests"};
    REQUIRE(context->before->keep(survey));
    write("/etc/kubernetes/manifests/x.yaml", "");
    write("/etc/kubernetes/audit-policy.yaml", "theirs");
    write("/var/log/pods/a.log", "");
    write("/var/lib/kagent-noded/evidence/init/kubernetes/admin.conf", "secret");
    write("/var/lib/kagent-noded/evidence/reset/etc/old", "of the last reset");
  }
  [[nodiscard]] Lines lines() const { return units->commands.back().lines; }
};

bool has(const Lines& lines, const Command::Argv& wanted) {
  return std::ranges::find(lines, wanted) != lines.end();
}

}  // namespace

TEST_CASE("A reset copies what it removes from /etc, and nothing else") {
  const Left node;
  const auto step = make_reset_files();
  REQUIRE(node.apply(*step).ok());
  const std::string evidence = "/var/lib/kagent-noded/evidence";
  CHECK(node.lines()[1] ==
        Command::Argv{"mkdir", "-p", "-m", "0700", evidence, evidence + "/reset"});
  CHECK(node.lines()[2] == Command::Argv{"cp", "-a", "--parents", "--",
                                         "/etc/kubernetes/audit-policy.yaml", evidence + "/reset"});
  CHECK(has(node.lines(),
            {"rm", "-rf", "--one-file-system", "--", "/etc/kubernetes/audit-policy.yaml",
             "/var/log/pods", evidence + "/init"}));
}

TEST_CASE("A reset that continues after an interruption keeps its copies") {
  const Left node;
  std::filesystem::remove(node.context->at("/etc/kubernetes/audit-policy.yaml"));
  REQUIRE(node.apply(*make_reset_files()).ok());
  for (const auto& line : node.lines())
    for (const auto& word : line) CHECK(word.find("evidence/reset") == std::string::npos);
}

}  // namespace kagent::noded
