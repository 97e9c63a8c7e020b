#include "agent/noded/system/sysctl_files.hpp"
#include "tests/unit/noded/fake_units.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace kagent::noded;

namespace {

constexpr char ours[] = "/etc/sysctl.d/99-zz-kagent.conf";

}  // namespace

TEST_CASE(
    "sysctl.d: files are sorted by name, and an earlier folder hides a file of the same name") {
  const std::vector<std::string> folders{"/etc/sysctl.d", "/usr/lib/sysctl.d"};
  const auto order =
      sysctl_order({"/usr/lib/sysctl.d/50-default.conf", "/usr/lib/sysctl.d/90-a.conf",
                    "/etc/sysctl.d/90-a.conf", "/etc/sysctl.d/README"},
                   folders);
  CHECK(order ==
        std::vector<std::string>{"/usr/lib/sysctl.d/50-default.conf", "/etc/sysctl.d/90-a.conf"});
}

TEST_CASE("sysctl.d: only a later file with another value overrides, in either form of the name") {
  const auto by = [](const std::string& line, const char* path = "/etc/sysctl.d/zz.conf") {
    std::vector<SysctlFile> files{{"/etc/sysctl.d/10-early.conf", "net.ipv4.ip_forward=0\n"},
                                  {ours, ""}};
    files.push_back({path, line + "\n"});
    return overridden_by(files, ours, "net.ipv4.ip_forward", "1");
  };
  REQUIRE(by("net.ipv4.ip_forward = 0"));
  CHECK(by("net.ipv4.ip_forward = 0")->path == "/etc/sysctl.d/zz.conf");
  CHECK(by("-net/ipv4/ip_forward=0"));
  CHECK_FALSE(by("net.ipv4.ip_forward = 1"));
  CHECK_FALSE(by("# net.ipv4.ip_forward = 0"));
  CHECK_FALSE(by("net.ipv4.ip_forward_use_pmtu = 0"));
  CHECK_FALSE(by("net.ipv4.* = 0"));
}

TEST_CASE("sysctl: a file that changes a setting back is named, even if the setting is right now") {
  Machine machine;
  auto step = make_sysctl();
  machine.units->on_run = [](const Command& command) { return printed(command, "1\n1\n1\n"); };
  CHECK(machine.check(*step) == std::vector<std::string>{std::string("write ") + ours});
  CHECK(machine.apply(*step).ok());
  CHECK(machine.check(*step).empty());

  machine.write("/etc/sysctl.d/zz-image.conf", "net.ipv4.ip_forward=0\n");
  REQUIRE(machine.check(*step).size() == 1);
  const Outcome outcome = machine.apply(*step);
  CHECK(outcome.cause() == "sysctl.overridden");
  CHECK(outcome.failure->message.find("/etc/sysctl.d/zz-image.conf: net.ipv4.ip_forward=0") !=
        std::string::npos);
}

TEST_CASE("sysctl: a node with IPv6 also forwards IPv6") {
  Machine machine;
  auto step = make_sysctl();
  machine.units->on_run = [](const Command& command) {
    return printed(command, "1\n1\n1\n1\n1\n");
  };
  SECTION("a dual-stack range") {
    machine.context->cluster.set_pod_cidr("10.244.0.0/16,fd00::/56");
  }
  SECTION("an address of IPv6") {
    machine.context->node.set_node_ip("fd00::7");
  }
  CHECK(machine.apply(*step).ok());
  CHECK(machine.read(ours).find("net.ipv6.conf.all.forwarding = 1\n") != std::string::npos);
  CHECK(machine.read(ours).find("net.ipv6.conf.default.forwarding = 1\n") != std::string::npos);
  machine.units->on_run = [](const Command& command) {
    return printed(command, "1\n1\n1\n0\n0\n");
  };
  CHECK(machine.check(*step) == std::vector<std::string>{"set net.ipv6.conf.default.forwarding = 1",
                                                         "set net.ipv6.conf.all.forwarding = 1"});
}

TEST_CASE("sysctl: a node without IPv6 does not change its settings") {
  Machine machine;
  auto step = make_sysctl();
  machine.units->on_run = [](const Command& command) { return printed(command, "1\n1\n1\n"); };
  CHECK(machine.apply(*step).ok());
  CHECK(machine.read(ours).find("ipv6") == std::string::npos);
}

TEST_CASE("sysctl: a setting that the kernel refuses has a cause") {
  Machine machine;
  auto step = make_sysctl();
  machine.units->on_run = [](const Command& command) { return printed(command, "1\n1\n0\n"); };
  const Outcome outcome = machine.apply(*step);
  CHECK(outcome.cause() == "sysctl.not-set");
  CHECK(outcome.failure->message.find("net.ipv4.ip_forward") != std::string::npos);
}
