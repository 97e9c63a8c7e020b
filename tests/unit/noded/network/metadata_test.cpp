#include "agent/noded/network/metadata_rules.hpp"
#include "tests/unit/noded/fake_units.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <sys/stat.h>

#include <algorithm>

using namespace kagent;
using namespace kagent::noded;
using Catch::Matchers::ContainsSubstring;

namespace {

struct Closed : Machine {
  bool loaded = false;
  std::unique_ptr<Step> step = make_metadata();

  explicit Closed(const std::string& access) {
    context->cluster.set_metadata_access(access);
    units->units["kagent-metadata.service"] = {"not-found", "inactive", "dead", "", "", {}};
    write("/usr/sbin/nft", "");
    ::chmod(context->at("/usr/sbin/nft").c_str(), 0755);
    units->on_run = [this](const Command& command) {
      return loaded ? printed(command, "table inet kagent_metadata {}\n") : failing(command, 1);
    };
  }
  [[nodiscard]] bool called(const std::string& call) const {
    return std::ranges::find(units->calls, call) != units->calls.end();
  }
};

}  // namespace

TEST_CASE("Pods cannot reach the metadata service; with access kagent only kagent-imds can") {
  CHECK_THAT(metadata_rules("host"), ContainsSubstring("hook forward"));
  CHECK_THAT(metadata_rules("host"), !ContainsSubstring("hook output"));
  CHECK_THAT(metadata_rules("kagent"),
             ContainsSubstring("meta skuid != \"kagent-imds\" ip daddr 169.254.169.254"));
  CHECK_FALSE(closes_metadata(""));
  CHECK_FALSE(closes_metadata("everybody"));
}

TEST_CASE("The metadata service is open unless the ClusterConfig closes it") {
  Closed node("");
  CHECK(node.check(*node.step).empty());
  CHECK(node.apply(*node.step).ok());
  CHECK(node.units->calls.empty());
  node.units->units["kagent-metadata.service"] = {"loaded", "active", "exited", "enabled", "", {}};
  CHECK(node.check(*node.step).size() == 1);
  CHECK(node.apply(*node.step).ok());
  CHECK(node.called("stop kagent-metadata.service"));
}

TEST_CASE("Flushed rules are loaded again") {
  Closed node("host");
  CHECK(node.check(*node.step).size() == 4);
  CHECK(node.apply(*node.step).ok());
  CHECK(node.called("restart kagent-metadata.service"));
  node.units->units["kagent-metadata.service"] = {"loaded", "active", "exited", "enabled", "", {}};
  node.loaded = true;
  CHECK(node.check(*node.step).empty());
  node.loaded = false;
  CHECK(node.check(*node.step) == std::vector<std::string>{"close the metadata service to others"});
}

TEST_CASE("Without nft the metadata service cannot be closed, and the step says so") {
  Closed node("kagent");
  std::filesystem::remove(node.context->at("/usr/sbin/nft"));
  CHECK(node.apply(*node.step).cause() == "metadata.program-missing");
}
